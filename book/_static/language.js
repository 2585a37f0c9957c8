// The language switch: English, 한국어, or both. The choice is made before the
// first paint by a few lines in <head> (book/_ext/annotated/page.py) and stands in
// <html data-lang>; CSS hides the other language.
(() => {
  const root = document.documentElement;
  const wholeTitle = document.title;

  // Interface texts that are attributes, and so cannot hold two <span lang>.
  const KOREAN = {
    "Search": "검색",
    "light/dark": "밝게/어둡게",
    "Toggle primary sidebar": "목차 열고 닫기",
    "Toggle secondary sidebar": "이 장의 차례 열고 닫기",
    "Launch interactive content": "직접 실행하기",
    "Source repositories": "저장소",
    "Download this page": "이 장 내려받기",
    "Copy": "복사",
  };

  const text = (selector, lang) =>
    document.querySelector(`${selector} [lang="${lang}"]`)?.textContent;

  function pageTitle(lang) {
    const own = text("article h1", lang);
    const book = text(".book-title", lang);
    return own && book ? (own === book ? book : `${own} — ${book}`) : wholeTitle;
  }

  function swapAttributes(lang) {
    for (const image of document.querySelectorAll("img[data-alt-ko]")) {
      image.dataset.altEn ??= image.alt;
      image.alt = lang === "ko" ? image.dataset.altKo : image.dataset.altEn;
    }
    for (const name of ["title", "aria-label", "data-bs-original-title", "data-tooltip"])
      for (const element of document.querySelectorAll(`[${name}]`)) {
        const key = `english-${name}`;
        const english = element.getAttribute(`data-${key}`) ?? element.getAttribute(name);
        if (!(english in KOREAN)) continue;
        element.setAttribute(`data-${key}`, english);
        element.setAttribute(name, lang === "ko" ? KOREAN[english] : english);
      }
  }

  function show(lang) {
    root.dataset.lang = lang;
    root.lang = lang === "ko" ? "ko" : "en";
    document.title = lang === "both" ? wholeTitle : pageTitle(lang);
    for (const button of document.querySelectorAll("[data-choose]"))
      button.setAttribute("aria-pressed", button.dataset.choose === lang);
    swapAttributes(lang);
    document.dispatchEvent(new Event("languagechange"));
  }

  // What the reader is looking at stays where it is when the language changes: the
  // part of the text that stands just below the header is found again after it.
  const EDGE = 120;

  function keepPlace(change) {
    const parts = document.querySelectorAll("article :is(section, .pair, .cell)");
    const above = [...parts].filter((e) => e.getBoundingClientRect().top <= EDGE);
    const part = above.pop();
    if (!part || scrollY === 0) return change();
    const before = part.getBoundingClientRect();
    const read = Math.min((EDGE - before.top) / before.height, 1);
    root.style.overflowAnchor = "none"; // the browser's own idea of the same
    change();
    const after = part.getBoundingClientRect();
    const top = scrollY + after.top + read * after.height - EDGE;
    scrollTo({ top, behavior: "instant" });
    requestAnimationFrame(() => (root.style.overflowAnchor = ""));
  }

  function choose(lang) {
    if (lang === root.dataset.lang) return;
    try {
      localStorage.setItem("lang", lang);
    } catch {
      // Private windows may refuse; the choice then holds for this page.
    }
    const url = new URL(location);
    if (url.searchParams.has("lang")) {
      url.searchParams.set("lang", lang);
      history.replaceState(null, "", url);
    }
    keepPlace(() => show(lang));
  }

  // A browser may give every file:// page a storage of its own, so a book on a
  // stick carries the choice along in its links.
  function carryInLink(event) {
    const link = event.target.closest?.("a[href]");
    if (!link || link.protocol !== "file:") return;
    const url = new URL(link.href);
    if (url.pathname === location.pathname || !url.pathname.endsWith(".html")) return;
    url.searchParams.set("lang", root.dataset.lang);
    link.href = url;
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-choose]");
    if (button) choose(button.dataset.choose);
    else if (location.protocol === "file:") carryInLink(event);
  });
  // Another tab of the book made a choice.
  addEventListener("storage", (event) => {
    if (event.key === "lang" && event.newValue) show(event.newValue);
  });

  for (const group of document.querySelectorAll(".language-switch")) group.hidden = false;
  show(root.dataset.lang);
})();
