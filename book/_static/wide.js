// A formula or table wider than the page scrolls in its own box, also by keyboard.
(() => {
  const WIDE = "div.math, .pst-scrollable-table-container";

  function makeReachable() {
    for (const box of document.querySelectorAll(WIDE)) {
      if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    }
  }
  document.fonts.ready.then(makeReachable);
  addEventListener("resize", makeReachable);
  document.addEventListener("languagechange", makeReachable);
})();
