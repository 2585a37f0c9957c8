// KaTeX draws what Sphinx wrote as \( ... \) and \[ ... \].
(() => {
  for (const element of document.querySelectorAll(".math")) {
    const source = element.textContent.trim();
    const tex = source.replace(/^\\[([]/, "").replace(/\\[)\]]$/, "");
    katex.render(tex, element, {
      displayMode: source.startsWith("\\["),
      throwOnError: false,
      strict: false,
    });
    if (element.matches("span") && isShort(element, tex)) glue(element);
  }

  // One unbreakable box, or little more.
  function isShort(element, tex) {
    return tex.length <= 24 || element.querySelectorAll(".base").length === 1;
  }

  // Browsers may break a line on either side of a formula. Keep brackets, commas
  // and Korean particles that touch it on its line: ($N$), $N$개.
  function glue(element) {
    const { previousSibling: left, nextSibling: right } = element;
    const before = /[^\s]*$/.exec(textOf(left))[0];
    const after = /^[^\s]*/.exec(textOf(right))[0];
    if (!before && !after) return;
    if (before) left.data = left.data.slice(0, -before.length);
    if (after) right.data = right.data.slice(after.length);
    const line = document.createElement("span");
    line.className = "glued";
    element.replaceWith(line);
    line.append(before, element, after);
  }

  function textOf(node) {
    return node?.nodeType === Node.TEXT_NODE ? node.data : "";
  }
})();
