"""Every link, anchor and file of the built book leads somewhere, without a network."""

import re
from html.parser import HTMLParser
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import pytest

# Attributes whose file the browser fetches to show the page.
FETCHED = {
    ("script", "src"),
    ("img", "src"),
    ("source", "src"),
    ("iframe", "src"),
    ("video", "src"),
    ("object", "data"),
}
NAVIGATION = {"next", "prev", "index", "search", "canonical", "license"}


class Page(HTMLParser):
    """The ids, links and files of one HTML page."""

    def __init__(self, html):
        super().__init__()
        self.ids, self.links, self.files = [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if "id" in attrs:
            self.ids.append(attrs["id"])
        if tag == "a" and "href" in attrs:
            self.links.append(attrs["href"])
        if tag == "link" and attrs.get("href"):
            kind = self.links if attrs.get("rel") in NAVIGATION else self.files
            kind.append(attrs["href"])
        self.files += [v for k, v in attrs.items() if (tag, k) in FETCHED and v]


@pytest.fixture(scope="module")
def pages(built):
    """All HTML pages by their path in the book."""
    return {
        str(path.relative_to(built)): Page(path.read_text(encoding="utf-8"))
        for path in built.rglob("*.html")
        if "_static" not in path.parts
    }


def test_internal_links(pages, built, tell):
    faults, count = [], 0
    for name, page in pages.items():
        for link in page.links:
            if urlsplit(link).scheme:
                continue
            count += 1
            address, anchor = urldefrag(urljoin(name, link))
            target = unquote(urlsplit(address).path)
            if target not in pages:
                if not (built / target).is_file():
                    faults.append(f"{name}: {link}")
            elif anchor and unquote(anchor) not in pages[target].ids:
                faults.append(f"{name}: {link} (no such anchor)")
    tell(f"internal links {count - len(faults)}/{count} on {len(pages)} pages")
    assert not faults


def test_files(pages, built):
    """Scripts, styles, pictures come with the book, none from another machine."""
    faults = []
    for name, page in pages.items():
        for file in page.files:
            path = unquote(urlsplit(urljoin(name, file)).path)
            if urlsplit(file).scheme == "data":
                continue
            if urlsplit(file).netloc or not (built / path).is_file():
                faults.append(f"{name}: {file}")
    assert not faults


def test_styles_fetch_nothing_from_elsewhere(built):
    elsewhere = re.compile(r"""(url\(|@import)\s*["']?(https?:)?//""")
    faults = [
        str(css.relative_to(built))
        for css in built.rglob("*.css")
        if elsewhere.search(css.read_text(encoding="utf-8"))
    ]
    assert not faults


def test_external_links_are_encrypted(pages):
    links = {link for page in pages.values() for link in page.links}
    external = {link for link in links if urlsplit(link).scheme}
    assert external
    assert not {link for link in external if not link.startswith("https://")}


def test_ids_are_unique_and_ascii(pages):
    """Anchors come from the English headings: they stay readable in a link."""
    for name, page in pages.items():
        assert len(page.ids) == len(set(page.ids)), name
        assert all(i.isascii() for i in page.ids), name
