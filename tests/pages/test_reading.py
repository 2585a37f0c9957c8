"""What a reader does: choose a language, follow an annotation, search, go offline."""

import re

import pytest

from .conftest import SIZES, View

HOME, CHAPTER = "book/index.html", "book/patch_embedding.html"
LANG = "document.documentElement.dataset.lang"


@pytest.mark.parametrize(
    ("locale", "lang"), [("en-US", "en"), ("ko-KR", "ko"), ("de-DE", "en")]
)
def test_first_visit_is_in_the_language_of_the_browser(locale, lang, look):
    assert look(HOME, locale=locale).page.evaluate(LANG) == lang


@pytest.mark.parametrize("lang", ["en", "ko", "both"])
def test_link_to_a_language(lang, look):
    view = look(f"{HOME}?lang={lang}", locale="ko-KR")
    assert view.page.evaluate(LANG) == lang
    view.page.click(".right-next")  # ... and it sticks
    view.page.wait_for_url(re.compile("introduction"))
    assert view.page.evaluate(LANG) == lang


def test_front_door_keeps_the_language(look):
    view = look("index.html?lang=ko")
    view.page.wait_for_url(re.compile(r"book/index.html\?lang=ko"))
    assert view.page.evaluate(LANG) == "ko"


def test_choice_sticks_and_wins_over_the_browser(look):
    view = look(HOME)
    view.choose("ko")
    view.open("book/references.html")
    assert view.page.evaluate("document.documentElement.lang") == "ko"
    assert view.page.title() == "참고 문헌 — 주석으로 읽는 비전 트랜스포머"
    view.page.reload()
    assert view.page.evaluate(LANG) == "ko"


def test_choice_changes_the_link_it_came_by(look):
    view = look(f"{HOME}?lang=ko#main-content")
    view.choose("en")
    assert view.page.url.endswith("?lang=en#main-content")


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_switch_by_keyboard(key, look):
    page = look(HOME).page
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.dataset.choose") == "ko":
            break
    page.keyboard.press(key)
    assert page.evaluate(LANG) == "ko"
    pressed = page.get_by_role("button", name="한국어").get_attribute("aria-pressed")
    assert pressed == "true"


def test_no_flash_of_the_wrong_language(browser, address):
    """The language is set when the body begins, before anything is painted."""
    view = View(browser, address)
    view.page.add_init_script(
        f"""new MutationObserver((_, observer) => {{
          if (!document.body) return;
          window.atFirst = {LANG};
          observer.disconnect();
        }}).observe(document, {{ childList: true, subtree: true }});"""
    )
    view.open(f"{HOME}?lang=ko")
    assert view.page.evaluate("window.atFirst") == "ko"
    view.context.close()


def test_reader_keeps_the_place(look):
    """Changing the language leaves the section one reads in the window."""
    page = look(f"{CHAPTER}?lang=en#summary").page
    top = "document.getElementById('summary').getBoundingClientRect().top"
    for lang in ("both", "ko", "en"):
        # Not the mouse: to point at a sticky bar, Playwright scrolls the page.
        page.evaluate(f"document.querySelector('[data-choose={lang}]').click()")
        assert 0 < page.evaluate(top) < 700


def test_pointing_at_an_annotation(look):
    page = look(CHAPTER).page
    item = page.locator("[lang=en] > ul > .annotation").first
    item.hover()
    assert page.locator("pre .lit").count() == len(
        item.get_attribute("data-lines").split()
    )
    page.locator("article h1").hover()
    assert page.locator(".lit").count() == 0
    item.locator("a.fragment").first.click()  # a touch holds the light on
    assert page.locator("pre .lit").first.is_visible()


def search(look, query, **options):
    """The search page for a query, and the links it found, best first."""
    view = look(f"search.html?q={query}", **options)
    heading = view.page.locator("#search-results h2")  # the theme hides it
    heading.filter(has_text="Search Results").wait_for(state="attached")
    return view, view.page.locator("#search-results li > a").all()


@pytest.mark.parametrize(
    ("query", "page"),
    [
        ("패치", "book/patch_embedding"),
        ("패치를", "book/patch_embedding"),
        ("어텐션", "book/block"),
        ("트랜스포머", "book/introduction"),
        ("attention", "book/block"),
        ("patches", "book/patch_embedding"),
    ],
)
def test_search_finds(query, page, look):
    view, links = search(look, query)
    found = [link.get_attribute("href") for link in links]
    assert any(link.startswith(page) for link in found)
    assert not view.faults
    marks = view.page.locator("#search-results .highlighted")
    marks.first.wait_for(state="attached")
    assert {mark.lower() for mark in marks.all_text_contents()} == {query}


def test_search_finds_nothing_where_nothing_is(look):
    assert search(look, "쀍뷁쉛")[1] == []


@pytest.mark.parametrize(("locale", "query"), [("ko-KR", "패치"), ("en-US", "patch")])
def test_search_results_in_one_language(locale, query, look):
    _, links = search(look, query, locale=locale)
    titles = [link.inner_text() for link in links]
    assert titles
    assert not any("|" in title for title in titles)


@pytest.mark.parametrize("device", list(SIZES))
def test_one_search_box(device, look):
    """On the search page only its own field shows, elsewhere only one button."""
    view = look("search.html", device=device)
    assert view.page.locator("input[type=search]:visible").count() == 1
    view.open(HOME)
    assert view.page.locator(".search-button__button:visible").count() == 1


def test_from_a_stick(built, browser):
    """The book works from file://, where pages may not share storage."""
    view = View(browser, built.as_uri())
    view.open(f"{CHAPTER}?lang=ko")
    page = view.page
    assert page.locator(".katex").count() > 0
    assert page.locator(".math:not(:has(.katex))").count() == 0
    page.evaluate("document.fonts.ready.then(() => true)")
    fonts = "[...document.fonts].filter(f => f.status == 'loaded').map(f => f.family)"
    assert {"KaTeX_Math"} <= set(page.evaluate(fonts))
    assert any("Pretendard" in family for family in page.evaluate(fonts))
    page.evaluate("localStorage.clear()")
    page.click(".right-next")
    page.wait_for_url(re.compile("patch_embedding_exercises"))
    assert page.evaluate(LANG) == "ko"
    assert not view.faults
    view.context.close()


def test_korean_is_set_for_korean(look):
    view = look(f"{CHAPTER}?lang=ko")
    style = view.page.evaluate(
        """() => {
          const p = document.querySelector(".pair > [lang=ko] > p");
          const { wordBreak, lineHeight, fontSize } = getComputedStyle(p);
          return [wordBreak, parseFloat(lineHeight) / parseFloat(fontSize)];
        }"""
    )
    assert style == ["keep-all", pytest.approx(1.75, abs=0.01)]


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_hints_unfold_one_at_a_time_by_keyboard(lang, look):
    page = look(f"book/block_exercises.html?lang={lang}").page
    hints = page.locator(f".pair > [lang={lang}] summary")
    shown = [hints.nth(i).is_visible() for i in range(3)]
    assert shown == [True, False, False]
    for i in range(2):
        hints.nth(i).focus()
        page.keyboard.press("Enter")
        assert hints.nth(i + 1).is_visible()


@pytest.mark.parametrize(
    ("lang", "words"), [("en", ["Previous", "Next"]), ("ko", ["이전", "다음"])]
)
def test_the_way_on_and_back_is_in_the_chosen_language(lang, words, look):
    page = look(f"{CHAPTER}?lang={lang}").page
    said = page.locator(".prev-next-subtitle").all_inner_texts()
    assert said == words
    for theirs in page.locator(".prev-next-title").all_inner_texts():
        assert bool(re.search("[가-힣]", theirs)) == (lang == "ko")
