"""Formulas, set by a KaTeX that is served with the book.

The page holds the TeX between ``\\(`` and ``\\)``, as Sphinx writes it for MathJax;
``formulas.js`` has KaTeX draw it, with MathML beside it for screen readers.
"""

from sphinx.ext.mathjax import html_visit_displaymath, html_visit_math


def setup(app):
    app.add_html_math_renderer(
        "katex",
        inline_renderers=(html_visit_math, None),
        block_renderers=(html_visit_displaymath, None),
    )
    app.connect("html-page-context", add_assets)


def add_assets(app, pagename, templatename, context, doctree):
    """Load KaTeX on the pages that have a formula, and only there."""
    if doctree is not None and app.env.get_domain("math").has_equations(pagename):
        app.add_css_file("katex/katex.min.css")
        app.add_js_file("katex/katex.min.js", loading_method="defer")
        app.add_js_file("formulas.js", loading_method="defer")
