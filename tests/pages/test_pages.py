"""Every page in every dress: 3 languages, light and dark, desktop and phone."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from .conftest import PAGES, SIZES, View

THEMES = ["light", "dark"]
# In an order that changes one thing at a time: a change lays out the page anew.
DRESSES = [
    ("en", "light"),
    ("en", "dark"),
    ("ko", "dark"),
    ("ko", "light"),
    ("both", "light"),
    ("both", "dark"),
]
DEVICES = list(SIZES)
DESKTOP = pytest.mark.parametrize("device", ["desktop"], indirect=True)
AXE = Axe()
WCAG = {"resultTypes": ["violations"], "runOnly": ["wcag2a", "wcag2aa", "wcag21aa"]}
# A formula is hundreds of boxes that screen readers never meet: they get MathML.
READ_ALOUD = {"exclude": [[".katex-html"]]}


@pytest.fixture(scope="module", params=PAGES)
def name(request):
    return request.param


@pytest.fixture(scope="module", params=DEVICES)
def device(request):
    return request.param


@pytest.fixture(scope="module")
def view(name, device, browser, address):
    """The page on the device, loaded once for all that is asked of it."""
    view = View(browser, address, device)
    view.open(f"{name}.html")
    yield view
    view.context.close()


def dress(view, lang, theme):
    tab = view.page
    if theme != view.theme:
        tab.emulate_media(color_scheme=theme)
        now = "(theme) => document.documentElement.dataset.theme === theme"
        tab.wait_for_function(now, arg=theme)
        view.theme = theme
    tab.evaluate(f"document.querySelector('[data-choose={lang}]').click()")
    return tab


STATE = """() => {
  const shown = (e) => e.getClientRects().length > 0;
  const article = document.querySelector("article");
  const count = (lang) =>
    [...article.querySelectorAll(`.pair > [lang=${lang}]`)].filter(shown).length;
  const scrolls = (e) =>
    e && e !== article && (/auto|scroll|hidden/.test(getComputedStyle(e).overflowX)
      || scrolls(e.parentElement));
  const wide = [...article.querySelectorAll("*")].filter(
    (e) => e.getBoundingClientRect().right > innerWidth + 1
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
@pytest.mark.parametrize(("lang", "theme"), DRESSES)
def test_combination(lang, theme, view):
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


def violations(tab, include=(), **options):
    context = READ_ALOUD | ({"include": include} if include else {})
    found = AXE.run(tab, context=context, options=WCAG | options).response
    return [
        (v["id"], v["nodes"][0]["html"][:120], len(v["nodes"]))
        for v in found["violations"]
        if v["impact"] in ("serious", "critical")
    ]


# axe takes seconds on a long page: it sees each page once, on one of the devices,
# and each in another dress than its neighbors.
TURNS = [(page, DEVICES[i % len(DEVICES)]) for i, page in enumerate(PAGES)]


@pytest.mark.counted("examined by axe")
@pytest.mark.parametrize(("name", "device"), TURNS, indirect=True)
def test_axe(name, device, view):
    tab = dress(view, *DRESSES[PAGES.index(name) % len(DRESSES)])
    assert not violations(tab, rules={"color-contrast": {"enabled": False}})


# Contrast is by far the slowest of axe's rules. The first of a kind on the page
# stands for all of the kind: their colors come from one rule.
KINDS = [
    ".bd-sidebar-primary",
    ".bd-sidebar-secondary",
    ".bd-header-article",
    ".prev-next-footer",
    ".bd-footer-content",
    "h1",
    "h2",
    ".pair",
    ".voice-paper",
    ".voice-code",
    ".voice-differ",
    ".annotation",
    ".caption",
    ".cell_input",
    ".cell_output",
    "table",
]


@pytest.mark.counted("contrast in light and dark")
@pytest.mark.parametrize("theme", THEMES)
def test_contrast(theme, look):
    tab = dress(look("book/mlp.html"), "both", theme)
    missing = tab.evaluate(
        """(kinds) => kinds.filter((kind) => {
          const first = document.querySelector(kind);
          first?.setAttribute("data-sample", kind);
          return !first;
        })""",
        KINDS,
    )
    assert not missing, "the page has none of them: look at another"
    tab.evaluate("document.getAnimations().forEach((animation) => animation.finish())")
    only = {"type": "rule", "values": ["color-contrast"]}
    assert not violations(tab, include=[["[data-sample]"]], runOnly=only)


@pytest.mark.counted("drawn without raw markup")
@DESKTOP
def test_text_is_drawn(view):
    """No formula, link or tag of the notebook shows as its source."""
    tab = dress(view, "both", "light")
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


ANNOTATED = """(lang) => {
  const faults = [];
  const items = [...document.querySelectorAll(`[lang=${lang}] > ul > .annotation`)];
  for (const item of items) {
    const fragments = [...item.querySelectorAll("a.fragment")];
    fragments[0].focus();
    const lit = [...document.querySelectorAll("pre .lit")];
    const text = lit.map((line) => line.textContent).join("");
    for (const { textContent } of fragments)
      if (!text.includes(textContent)) faults.push(textContent);
    const about = item.dataset.lines.split(" ");
    if (lit.length !== about.length) faults.push(item.innerText);
    fragments[0].blur();
    if (document.querySelector(".lit")) faults.push("stays lit: " + item.innerText);
  }
  return { items: items.length, faults };
}"""


@pytest.mark.counted("annotations light up their lines")
@DESKTOP
def test_annotations(name, view, tell):
    counts = []
    for lang in ("en", "ko"):
        result = dress(view, lang, "light").evaluate(ANNOTATED, lang)
        assert not result["faults"]
        counts.append(result["items"])
    assert counts[0] == counts[1]
    tell(f"{name}: {counts[0]} annotations in each language")


# Uncompressed, all that a first visit fetches in all languages.
BUDGET = 4_000_000


@DESKTOP
def test_weight(name, view, tell):
    dress(view, "both", "light").evaluate("document.fonts.ready.then(() => true)")
    tell(f"{name}: {view.bytes / 1e6:.1f} MB, both languages, not compressed")
    assert view.bytes <= BUDGET


@pytest.mark.counted("pages without JavaScript")
@pytest.mark.parametrize("page", [PAGES[0], PAGES[2]])
def test_both_languages_without_javascript(page, look):
    view = look(f"{page}.html", java_script_enabled=False)
    for lang in ("en", "ko"):
        blocks = view.page.locator(f"article .pair > [lang={lang}]")
        assert blocks.count() > 0
        assert blocks.first.is_visible()
        assert view.page.locator(f"h1 [lang={lang}]").is_visible()
    assert not view.page.locator(".language-switch").is_visible()
    assert not view.faults
