// One slide at a time; each one set smaller until all of it is on the slide.
(() => {
  const root = document.documentElement;
  const all = [...document.querySelectorAll("section")];
  const [progress, panel] = ["progress", "notes"].map((id) => document.getElementById(id));
  let language = root.lang, slides = [], at = 0, beside = null;
  root.classList.add("js");

  function overflows(body) {
    return (
      body.scrollHeight > body.clientHeight + 1 || body.scrollWidth > body.clientWidth + 1
    );
  }

  function fit(slide) {
    const body = slide.querySelector(".body");
    let size = body.querySelector("figure") || slide.matches(".first") ? 1 : 1.3;
    do body.style.setProperty("--s", size.toFixed(2));
    while (overflows(body) && (size -= 0.03) > 0.5);
  }

  function choose(wanted, cell = 0) {
    language = root.lang = wanted;
    for (const slide of all) slide.hidden = slide.lang !== language;
    slides = all.filter((slide) => !slide.hidden);
    slides.forEach(fit);
    document.fonts.ready.then(() => slides.forEach(fit)); // those of this language
    const near = slides.findLast((slide) => slide.dataset.cell <= cell) ?? slides[0];
    show(slides.findIndex((slide) => slide.dataset.cell === near.dataset.cell));
  }

  function show(n) {
    all.forEach((slide) => slide.classList.remove("shown"));
    at = Math.min(Math.max(n, 0), slides.length - 1);
    slides[at].classList.add("shown");
    progress.style.width = `${(100 * (at + 1)) / slides.length}%`;
    history.replaceState(null, "", `#${at + 1}`);
    const notes = slides[at].querySelector("aside").innerHTML;
    panel.innerHTML = notes;
    if (beside && !beside.closed) beside.document.body.innerHTML = notes;
  }

  // The notes in a window of their own, for the lecturer's screen.
  function apart() {
    beside = open("", "notes", "width=720,height=640");
    if (!beside) return;
    for (const style of document.querySelectorAll("style"))
      beside.document.head.append(style.cloneNode(true));
    beside.document.body.style.cssText = "padding:1.5em;font-size:20px;line-height:1.6";
    beside.document.onkeydown = press;
    show(at);
  }

  function press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const n = slides.length - 1;
    const cell = Number(slides[at].dataset.cell);
    const others = new Set(all.map((slide) => slide.lang));
    const steps = { ArrowRight: 1, ArrowDown: 1, PageDown: 1, " ": 1 };
    const back = { ArrowLeft: 1, ArrowUp: 1, PageUp: 1, Backspace: 1 };
    const key = event.key.length > 1 ? event.key : event.key.toLowerCase();
    if (key in steps) show(at + (event.shiftKey ? -1 : 1));
    else if (key in back) show(at - 1);
    else if (key === "Home") show(0);
    else if (key === "End") show(n);
    else if (key === "n" || key === "ㅜ") panel.hidden = !panel.hidden;
    else if (key === "s" || key === "ㄴ") apart();
    else if (key === "f" || key === "ㄹ")
      document.fullscreenElement ? document.exitFullscreen() : root.requestFullscreen();
    else if ((key === "l" || key === "ㅣ") && others.size > 1)
      choose(language === "en" ? "ko" : "en", cell);
    else return;
    event.preventDefault();
  }

  function zoom() {
    root.style.setProperty("--zoom", Math.min(innerWidth / 1280, innerHeight / 720));
  }

  addEventListener("keydown", press);
  addEventListener("resize", zoom);
  document.body.addEventListener("click", (event) => {
    if (event.target.closest("a, #notes") || String(getSelection())) return;
    show(at + (event.clientX < innerWidth / 3 ? -1 : 1));
  });
  zoom();
  const start = Number(location.hash.slice(1) || 1) - 1;
  document.fonts.ready.then(() => {
    choose(language);
    show(start);
    root.dataset.ready = "yes";
  });
})();
