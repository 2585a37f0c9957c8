"""Every page in every dress: 3 languages, light and dark, desktop and phone."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from .conftest import PAGES, View

LANGS = ["en", "ko", "both"]
THEMES = ["light", "dark"]
DEVICES = list(View.SIZES)
AXE = Axe()
RULES = {"resultTypes": ["violations"], "runOnly": ["wcag2a", "wcag2aa", "wcag21aa"]}


@pytest.fixture(scope="module")
def opened(keep):
    """A function that turns to a page; one window on each device, as readers have."""
    windows, current = {}, {}

    def turn_to(page, device):
        path = f"{page}.html"
        if device not in windows:
            windows[device] = keep(path, device=device)
        elif current[device] != page:
            windows[device].faults.clear()
            windows[device].open(path)
        current[device] = page
        return windows[device]

    return turn_to


def dress(view, lang, theme):
    view.page.emulate_media(color_scheme=theme)
    view.choose(lang)
    return view.page


STATE = """() => {
  const shown = (e) => e.getClientRects().length > 0;
  const article = document.querySelector("article");
  const count = (lang) =>
    [...article.querySelectorAll(`.pair > [lang=${lang}]`)].filter(shown).length;
  const scrolls = (e) =>
    e && e !== article && (/auto|scroll|hidden/.test(getComputedStyle(e).overflowX)
      || scrolls(e.parentElement));
  const wide = [...article.querySelectorAll("*")].filter(
    (e) => shown(e) && e.getBoundingClientRect().right > innerWidth + 1
      && !e.closest(".katex-mathml") && !scrolls(e.parentElement));
  return {
    lang: document.documentElement.lang,
    theme: document.documentElement.dataset.theme,
    pairs: article.querySelectorAll(".pair").length,
    en: count("en"), ko: count("ko"),
    title: article.querySelector("h1").innerText.replace("#", "").trim(),
    overflow: document.documentElement.scrollWidth - innerWidth,
    wide: wide.slice(0, 3).map((e) => e.outerHTML.slice(0, 80)),
    pressed: [...document.querySelectorAll("[data-choose][aria-pressed=true]")]
      .map((e) => e.dataset.choose),
    alts: [...article.querySelectorAll(".cell_output img")].map((e) => e.alt),
  };
}"""


@pytest.mark.counted("combinations")
@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("page", PAGES)
def test_combination(page, device, lang, theme, opened):
    view = opened(page, device)
    state = dress(view, lang, theme).evaluate(STATE)
    assert state["lang"] == ("ko" if lang == "ko" else "en")
    assert state["theme"] == theme
    assert state["pressed"] == [lang]
    assert state["pairs"] > 0
    assert state["en"] == (0 if lang == "ko" else state["pairs"])
    assert state["ko"] == (0 if lang == "en" else state["pairs"])
    assert "|" not in state["title"]
    assert state["overflow"] <= 0, "the page scrolls sideways"
    assert not state["wide"], "wider than the window"
    for alt in state["alts"]:
        assert alt, "a picture without a text alternative"
        assert has_hangul(alt) == (lang == "ko"), alt
    assert not view.faults


def has_hangul(text):
    return any("가" <= c <= "힣" for c in text)


@pytest.mark.counted("pages")
@pytest.mark.parametrize("page", PAGES)
def test_text_is_drawn(page, opened):
    """No formula, link or tag of the notebook shows as its source."""
    tab = dress(opened(page, "desktop"), "both", "light")
    assert (
        tab.evaluate("document.querySelectorAll('.math:not(:has(.katex))').length") == 0
    )
    errors = "[...document.querySelectorAll('.katex-error')].map(e => e.title)"
    assert tab.evaluate(errors) == []
    raw = tab.evaluate(
        r"""() => {
          const marks = /\$|\*\*|<\/?\w+>|:::|\]\(|\{\w+\}`|`/;
          const prose = "article :is(h1, h2, h3, p, li, td, th, summary)";
          const plain = (e) => {
            const copy = e.cloneNode(true);
            for (const x of copy.querySelectorAll(".math, code")) x.remove();
            return copy.textContent;
          };
          return [...document.querySelectorAll(prose)].map(plain)
            .filter((text) => marks.test(text)).slice(0, 3);
        }"""
    )
    assert raw == []
    broken = "[...document.images].filter(i => !i.naturalWidth).map(i => i.src)"
    assert tab.evaluate(broken) == []


# axe takes seconds on a long page: each page is examined in two of its dresses,
# and over the pages all dresses have their turn.
DRESSES = [(d, la, t) for d in DEVICES for la in LANGS for t in THEMES]
EXAMINED = [
    (page, *DRESSES[(5 * i + shift) % len(DRESSES)])
    for i, page in enumerate(PAGES)
    for shift in (0, 7)
]


@pytest.mark.counted("examined by axe")
@pytest.mark.parametrize(("page", "device", "lang", "theme"), EXAMINED)
def test_axe(page, device, lang, theme, opened):
    tab = dress(opened(page, device), lang, theme)
    found = AXE.run(tab, options=RULES).response["violations"]
    grave = [
        (v["id"], v["nodes"][0]["html"][:120], len(v["nodes"]))
        for v in found
        if v["impact"] in ("serious", "critical")
    ]
    assert not grave


@pytest.mark.counted("pages without JavaScript")
@pytest.mark.parametrize("page", PAGES)
def test_both_languages_without_javascript(page, look):
    view = look(f"{page}.html", java_script_enabled=False)
    for lang in ("en", "ko"):
        blocks = view.page.locator(f"article .pair > [lang={lang}]")
        assert blocks.count() > 0
        assert blocks.first.is_visible()
        assert view.page.locator(f"h1 [lang={lang}]").is_visible()
    assert not view.page.locator(".language-switch").is_visible()
    assert not view.faults


# Uncompressed, everything a first visit fetches; most hosts send a third of it.
BUDGET = 4_000_000


@pytest.mark.parametrize("page", PAGES)
def test_weight(page, look, tell):
    weights = {}
    for lang in ("en", "ko"):
        view = look(f"{page}.html?lang={lang}")
        view.page.wait_for_load_state("networkidle")
        weights[lang] = view.bytes
    tell(f"{page}: {weights['en'] / 1e6:.1f} MB en, {weights['ko'] / 1e6:.1f} MB ko")
    assert max(weights.values()) <= BUDGET
