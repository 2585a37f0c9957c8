// Search results: "English | 한국어" titles become one language, like headings.
(() => {
  const SEPARATOR = " | ";
  const results = document.getElementById("search-results");
  if (!results) return;

  function split(link) {
    // "Chapter | 장 > Section | 절": each part holds both languages.
    const parts = link.textContent.split(" > ").map((part) => part.split(SEPARATOR));
    if (parts.every((halves) => halves.length === 1)) return;
    link.replaceChildren(
      ...["en", "ko"].map((lang, i) => {
        const span = document.createElement("span");
        span.lang = lang;
        span.textContent = parts.map((h) => h[i] ?? h[0]).join(" › ");
        return span;
      }),
    );
  }

  new MutationObserver(() => {
    for (const link of results.querySelectorAll("li > a")) split(link);
  }).observe(results, { childList: true, subtree: true });
})();
