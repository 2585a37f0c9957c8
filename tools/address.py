"""Where the book lives, and all that follows: Colab cells, metadata, badges.

The address stands in `_config.yml` alone; `tools.sync` brings it to the rest.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import yaml
from nbformat.v4 import new_code_cell, new_markdown_cell

from tools.book import SyncError, tags

BADGE = "https://colab.research.google.com/assets/colab-badge.svg"
METADATA = {
    "accelerator": "GPU",
    "colab": {"gpuType": "T4", "provenance": [], "toc_visible": True},
    "kernelspec": {
        "display_name": "Python 3",
        "language": "python",
        "name": "python3",
    },
    "language_info": {"name": "python"},
}
COLAB_TAGS = ["remove-cell", "colab"]


@dataclass(frozen=True)
class Repository:
    """Where the book lives."""

    url: str  # https://github.com/OWNER/NAME
    branch: str

    @classmethod
    def of(cls, root, environment=None):
        """As `_config.yml` has it; the environment's address comes first."""
        text = (Path(root) / "_config.yml").read_text(encoding="utf-8")
        found = yaml.safe_load(text)["repository"]
        url = found["url"].rstrip("/")
        if environment and environment.get("GITHUB_REPOSITORY"):
            server = environment.get("GITHUB_SERVER_URL", "https://github.com")
            url = f"{server}/{environment['GITHUB_REPOSITORY']}"
        if not re.fullmatch(r"https://github\.com/[\w.-]+/[\w.-]+", url):
            raise SyncError(f"Colab opens https://github.com/OWNER/NAME, got {url}")
        return cls(url, found["branch"])

    @property
    def slug(self):
        return self.url.removeprefix("https://github.com/")

    @property
    def site(self):
        owner, name = self.slug.split("/")
        return f"https://{owner.lower()}.github.io/{name}/"

    def colab(self, page):
        """The address that opens a page's notebook in Colab."""
        where = f"{self.slug}/blob/{self.branch}/{page}.ipynb"
        return f"https://colab.research.google.com/github/{where}"


def address_notebook(notebook, page, repository):
    """Badge, install cell and metadata for Colab; say what changed."""
    cells = notebook.cells
    old = [cell for cell in cells if "colab" in tags(cell)]
    at = next((i for i, cell in enumerate(cells) if "colab" in tags(cell)), None)
    wanted = colab_cells(notebook, page, repository)
    plain = [(c.cell_type, c.source, tags(c)) for c in old]
    if at != 1 or plain != [(c.cell_type, c.source, tags(c)) for c in wanted]:
        for cell in old:
            cells.remove(cell)
        cells[1:1] = wanted
        _count_anew(cells)
        yield f"{notebook.name}: the cells for Colab are stale"
    for key, value in METADATA.items():
        if notebook.nb.metadata.get(key) != value:
            notebook.nb.metadata[key] = value
            yield f"{notebook.name}: the metadata is stale: {key}"


def colab_cells(notebook, page, repository):
    """The badge and the cell that installs the package where it is missing."""
    badge = f"[![Open in Colab | Colab에서 열기]({BADGE})]({repository.colab(page)})"
    needs = {"vitlib": f'"vitlib @ git+{repository.url}@{repository.branch}"'}
    if any(
        re.search(r"^\s*(?:from|import) d2l\b", cell.source, re.M)
        for cell in notebook.cells
        if cell.cell_type == "code" and "colab" not in tags(cell)
    ):
        needs["d2l"] = "--no-deps d2l==1.0.3"
    lines = ["import importlib.util", ""]
    for package, what in needs.items():
        lines += [
            f'if importlib.util.find_spec("{package}") is None:',
            f"    %pip install -q {what}",
        ]
    metadata = {"tags": COLAB_TAGS}
    return [
        new_markdown_cell(badge, id="colab-badge", metadata=metadata),
        new_code_cell("\n".join(lines), id="colab-install", metadata=metadata),
    ]


def _count_anew(cells):
    """Number executed cells from 1: the install cell came in or went.

    It counts as executed, with no output: what it does where the package is
    installed, as nbval confirms.
    """
    code = [cell for cell in cells if cell.cell_type == "code"]
    ran = [cell for cell in code if cell.execution_count or "colab" in tags(cell)]
    if len(ran) < len(code):
        return
    for count, cell in enumerate(ran, 1):
        cell.execution_count = count
        for out in cell.outputs:
            if "execution_count" in out:
                out.execution_count = count


BADGES = re.compile(r"(<!-- sync:badges -->\n).*?(<!-- /sync:badges -->)", re.S)


def badges(root, repository):
    """The README's badges: each workflow, Colab, and the published book."""
    lines = []
    for file in sorted((Path(root) / ".github" / "workflows").glob("*.yml")):
        name = yaml.safe_load(file.read_text(encoding="utf-8")).get("name", file.stem)
        address = f"{repository.url}/actions/workflows/{file.name}"
        lines.append(f"[![{name}]({address}/badge.svg)]({address})")
    lines.append(f"[![Open in Colab]({BADGE})]({repository.colab('book/index')})")
    lines.append(f"[Read the book · 책 읽기]({repository.site})")
    return "\n".join(lines) + "\n"


def address_text(text, root, repository):
    """A text file with its badges and, in `_config.yml`, the address itself."""
    text = BADGES.sub(lambda m: m[1] + badges(root, repository) + m[2], text)
    return re.sub(
        r"^(repository:\n(?:[ \t]+.*\n)*?[ \t]+url: *).*$",
        lambda m: m[1] + repository.url,
        text,
        flags=re.M,
    )
