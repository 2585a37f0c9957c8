"""Pages of solutions, in the site or not: `annotated_solutions` in _config.yml."""

ENDING = "_solutions"


def leave_out(app, config):
    """Take the pages of solutions out of the book, unless they are wanted."""
    if config.annotated_solutions:
        return
    site = config.external_site_map
    hidden = [name for name in site if name.endswith(ENDING)]
    for document in [site[name] for name in site]:
        for tree in document.subtrees:
            tree.items = [item for item in tree.items if str(item) not in hidden]
    for name in hidden:
        del site[name]
    # A new list: Sphinx compares the old one with its default.
    config.exclude_patterns = [*config.exclude_patterns, f"**/*{ENDING}.ipynb"]


def setup(app):
    app.add_config_value("annotated_solutions", True, "env", bool)
    # After sphinx_external_toc has read the table of contents.
    app.connect("config-inited", leave_out, priority=950)
