"""The glossary: every term stands there, and first mentions lead to it."""

import re
from html import unescape

import pytest

from tools.book import ROOT, Book

from .conftest import PAGES

BOOK = Book(ROOT)
CHAPTERS = [notebook.name for notebook in BOOK.chapters]
LINK = re.compile(r'<a class="term[^"]*" href="glossary\.html#([\w-]+)">([^<]+)</a>')


@pytest.fixture(scope="module")
def glossary(built):
    return (built / "book" / "glossary.html").read_text(encoding="utf-8")


def test_every_term_has_its_place_and_both_meanings(glossary, tell):
    there = re.findall(r'<dt id="(term-[\w-]+)">', glossary)
    assert len(there) == len(set(there)) == len(BOOK.glossary)
    text = unescape(glossary).replace("\u2060", "")  # what glues particles
    for entry in BOOK.glossary:
        # Sphinx writes quotes as typographers do.
        for meaning in (entry["meaning"], entry["meaning_ko"]):
            plain = re.sub(r"['’]", ".", re.escape(meaning))
            assert re.search(plain, text), meaning
    tell(f"terms on the glossary page {len(there)}/{len(BOOK.glossary)}")


@pytest.mark.parametrize("name", CHAPTERS)
def test_first_mentions_lead_to_the_glossary(built, name, tell):
    html = (built / "book" / f"{name}.html").read_text(encoding="utf-8")
    links = LINK.findall(html)
    korean = [anchor for anchor, text in links if re.search("[가-힣]", text)]
    english = [anchor for anchor, text in links if not re.search("[가-힣]", text)]
    tell(f"{name}: {len(korean)} Korean and {len(english)} English links to terms")
    assert len(korean) >= 3
    assert len(korean) == len(set(korean)), "a term is linked twice"
    assert set(english) <= set(korean), "both halves of a pair link the same terms"
    assert len(english) >= 0.6 * len(korean)


def test_a_click_shows_the_term(look):
    tab = look("book/block.html?lang=ko").page
    link = tab.locator("div[lang=ko] a.term").first
    word = link.inner_text()
    link.click()
    tab.wait_for_url("**/glossary.html#term-*")
    target = tab.locator("dt:target")
    assert word in target.inner_text()
    assert target.bounding_box()["y"] < tab.viewport_size["height"]


def test_the_glossary_is_a_page_of_the_book():
    assert "book/glossary" in PAGES
