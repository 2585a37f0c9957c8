"""Slides of every chapter: nothing overflows, nothing is fetched, keys work."""

import re

import pytest
from pages.conftest import FLAGS, browser_path
from playwright.sync_api import sync_playwright

from tools import shorten, slides
from tools.book import HANGUL, ROOT, Book, pair
from tools.offline import Trouble

CHAPTERS = [c.name for c in Book(ROOT).chapters if c.name != "index"]
# What sticks out of its slide, how small the type is, which slides are empty.
LOOK = """() => [...document.querySelectorAll("section")].flatMap((slide, n) => {
  if (slide.hidden) return [];
  const edge = slide.getBoundingClientRect(), faults = [];
  const inside = {left: edge.left + 60, top: edge.top + 40,
                  right: edge.right - 60, bottom: edge.bottom - 44};
  for (const e of slide.querySelectorAll("h1, h2, .body > *, .body .base")) {
    const box = e.getBoundingClientRect();
    if (box.left < inside.left || box.right > inside.right ||
        box.top < inside.top || box.bottom > inside.bottom)
      faults.push(`slide ${n + 1}: ${e.tagName} ${e.className} sticks out`);
  }
  const size = (e) => parseFloat(getComputedStyle(e).fontSize);
  for (const e of slide.querySelectorAll(".body p, .body li"))
    if (size(e) < 15) faults.push(`slide ${n + 1}: text of ${size(e)} pixels`);
  for (const e of slide.querySelectorAll("pre"))
    if (size(e) < 12) faults.push(`slide ${n + 1}: code of ${size(e)} pixels`);
  for (const e of slide.querySelectorAll("img"))
    if (e.height < 200 || !e.alt) faults.push(`slide ${n + 1}: a small figure`);
  if (!slide.querySelector(".body").textContent.trim() && !slide.querySelector("img"))
    faults.push(`slide ${n + 1}: empty`);
  return faults;
})"""


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path(), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def show(browser, tmp_path):
    """A function that opens the slides of a chapter, offline, at 1280 x 720."""
    contexts = []

    def open_(name, language, **more):
        path = slides.make(name, language, tmp_path / "deck.html")
        size = {"width": 1280, "height": 720}
        contexts.append(browser.new_context(viewport=size, offline=True, **more))
        page = contexts[-1].new_page()
        page.asked, page.faults = [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("pageerror", lambda error: page.faults.append(str(error)))
        page.goto(path.as_uri())
        page.wait_for_selector("html[data-ready]", state="attached")
        return page

    yield open_
    for context in contexts:
        context.close()


@pytest.mark.counted("chapters whose slides hold all that is on them")
@pytest.mark.parametrize("name", CHAPTERS)
def test_no_slide_overflows(name, show):
    page = show(name, ("en", "ko")[CHAPTERS.index(name) % 2])
    assert page.evaluate(LOOK) == []
    assert page.faults == []
    assert page.locator(".katex-error").count() == 0
    assert not [url for url in page.asked if not url.startswith(("file:", "data:"))]


def test_a_slide_that_overflows_is_seen(show):
    page = show("mlp", "en")
    page.evaluate("document.querySelector('.body').style.setProperty('--s', 6)")
    assert any("sticks out" in fault for fault in page.evaluate(LOOK))


def test_the_keys_work(show):
    page = show("mlp", "both")
    total = page.locator("section:not([hidden])").count()

    def at():
        shown = page.locator("section.shown")
        assert shown.count() == 1
        return int(page.url.partition("#")[2]), shown.get_attribute("lang")

    assert at() == (1, "en")
    for key, where in (
        *(("ArrowRight", 2), ("Space", 3), ("PageDown", 4), ("ArrowLeft", 3)),
        *(("Shift+Space", 2), ("End", total), ("ArrowRight", total), ("Home", 1)),
        *(("ArrowLeft", 1), ("ArrowRight", 2)),
    ):
        page.keyboard.press(key)
        assert at()[0] == where, key
    page.keyboard.press("l")
    assert at()[1] == "ko"
    assert page.evaluate(LOOK) == []
    page.keyboard.press("l")
    assert at() == (2, "en")
    notes = page.locator("#notes")
    assert not notes.is_visible()
    page.keyboard.press("n")
    assert notes.is_visible()
    with page.context.expect_page() as found:
        page.keyboard.press("s")
    window = found.value
    page.keyboard.press("ArrowRight")
    while not (text := notes.inner_text()):
        page.keyboard.press("ArrowRight")
    assert window.inner_text("body").split() == text.split()


def test_day_night_and_print(show):
    ink = "getComputedStyle(document.body).color"
    night = show("mlp", "en", color_scheme="dark")
    day = show("mlp", "en", color_scheme="light")
    assert night.evaluate(ink) != day.evaluate(ink)
    night.emulate_media(media="print")
    assert night.evaluate(ink) == day.evaluate(ink)
    pdf = night.pdf(prefer_css_page_size=True)
    pages = len(re.findall(rb"/Type\s*/Page[^s]", pdf))
    assert pages == night.locator("section").count()


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_notes_hold_what_a_slide_left_out(language):
    notebook = next(c for c in Book(ROOT).chapters if c.name == "block").nb
    made = slides.slides_of(notebook, language, "https://example.org/")
    notes = "\n".join(part.note for slide in made for part in slide.parts)
    shown = "\n".join(part.html for slide in made for part in slide.parts)
    assert bool(HANGUL.search(shown)) is (language == "ko")
    titles = {slide.title for slide in made}
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and cell.source.startswith("#"):
            half = cell.source.lstrip("# ").split(" | ")[language == "ko"]
            assert half in titles
        elif (found := pair(cell)) and "](" not in cell.source:
            text = found[language == "ko"].removeprefix(slides.CAPTION[language])
            whole = not shorten.shorten(text, language)[1]
            assert whole or text.split("\n\n")[0] in notes, cell.id


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One. Two? Three.", ["One.", "Two?", "Three."]),
        ("As in eq. 3 ($a. b$). Next.", ["As in eq. 3 ($a. b$).", "Next."]),
        ("[Xu et al. A.](x) is. `a. b`.", ["[Xu et al. A.](x) is.", "`a. b`."]),
        ("*One. Two* and three. Four.", ["*One. Two* and three.", "Four."]),
        ("격자입니다. 왜일까요? 보세요.", ["격자입니다.", "왜일까요?", "보세요."]),
        ("One 1.5 ((a. b). c) is. It.", ["One 1.5 ((a. b). c) is.", "It."]),
    ],
)  # fmt: skip
def test_sentences_are_cut_where_they_end(text, sentences):
    assert shorten.sentences(text) == sentences


def test_a_question_keeps_its_answer():
    text = "Why? A softmax of large scores puts nearly all weight on one. So what."
    assert shorten.lead(text) == text.removesuffix(" So what.")


def test_long_code_is_cut_and_none_is_lost():
    lines = [f"{'    ' * (i % 5 > 0)}x{i} = {i}" for i in range(60)]
    chunks = list(slides._chunks(lines))
    assert [line for chunk in chunks for line in chunk] == lines
    assert all(len(chunk) <= slides.LONGEST for chunk in chunks)
    assert all(not chunk[0].startswith(" ") for chunk in chunks)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("blok", "en"), "no chapter 'blok': there is introduction, patch_embedding"),
        (("block", "fr"), "no language 'fr': there is en, ko, both"),
    ],
)
def test_a_wrong_request_says_what_there_is(words, said, tmp_path):
    with pytest.raises(Trouble, match=said) as told:
        slides.make(*words, tmp_path / "x.html")
    assert HANGUL.search(str(told.value))
    assert not list(tmp_path.iterdir())
