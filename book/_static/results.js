// The search page: titles, the count and the marks of Sphinx's search, in Korean too.
(() => {
  const results = document.getElementById("search-results");
  const query = new URLSearchParams(location.search).get("q") ?? "";
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);

  function bilingual(english, korean, className = "") {
    return [["en", english], ["ko", korean]].map(([lang, text]) => {
      const span = document.createElement("span");
      span.lang = lang;
      span.className = className;
      span.textContent = text;
      return span;
    });
  }

  // "Chapter | 장 > Section | 절": each part holds both languages.
  function splitTitle(link) {
    const parts = link.textContent.split(" > ").map((part) => part.split(" | "));
    if (parts.every((halves) => halves.length === 1)) return;
    const half = (i) => parts.map((halves) => halves[i] ?? halves[0]).join(" › ");
    link.replaceChildren(...bilingual(half(0), half(1)));
  }

  function translateCount(status) {
    const count = /found (\d+) page/.exec(status.textContent)?.[1];
    if (count)
      status.replaceChildren(...bilingual(`Found: ${count}`, `찾은 곳: ${count}`, "ui"));
    else if (/did not match/.test(status.textContent))
      status.replaceChildren(...bilingual("Nothing found.", "찾은 곳이 없습니다.", "ui"));
  }

  // Sphinx marks what it looked up, pairs of syllables: mark the reader's words.
  function markWords(item) {
    if (item.dataset.marked || !item.querySelector("p.context")) return;
    item.dataset.marked = "true";
    for (const mark of item.querySelectorAll(".highlighted"))
      mark.replaceWith(mark.textContent);
    item.normalize();
    for (const word of words) _highlightText(item, word, "highlighted");
  }

  new MutationObserver(() => {
    // The chapters mark these when the reader comes from here.
    localStorage.setItem("sphinx_highlight_terms", words.join(" "));
    results.querySelectorAll("li > a").forEach(splitTitle);
    results.querySelectorAll(".search-summary").forEach(translateCount);
    results.querySelectorAll("li").forEach(markWords);
  }).observe(results, { childList: true, subtree: true });
})();
