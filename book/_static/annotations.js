// Pointing at, or moving the focus into, an item of an annotation list lights up
// the lines of code it is about (ids in data-lines, written at build time). A click
// on the fragment holds the light on and brings the first line into view.
(() => {
  let held = null;

  const linesOf = (item) =>
    item.dataset.lines.split(" ").map((id) => document.getElementById(id));

  function light(item) {
    for (const lit of document.querySelectorAll(".lit")) lit.classList.remove("lit");
    if (!item) return;
    item.classList.add("lit");
    for (const line of linesOf(item)) line.classList.add("lit");
  }

  const itemAt = (event) => event.target.closest?.("[data-lines]");

  document.addEventListener("pointerover", (event) => light(itemAt(event) ?? held));
  document.addEventListener("focusin", (event) => {
    held = itemAt(event) ?? null;
    light(held);
  });
  document.addEventListener("focusout", () => light((held = null)));
  document.addEventListener("click", (event) => {
    const item = itemAt(event);
    if (!item || !event.target.closest("a.fragment")) return;
    event.preventDefault();
    light((held = item));
    linesOf(item)[0].scrollIntoView({ block: "nearest" });
  });
})();
