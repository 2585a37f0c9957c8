"""Make slides of a chapter, one HTML file: `python -m tools.slides NAME`.

From the stored notebook `book/NAME.ipynb`: a heading opens a slide, text is short,
and the whole of it stands in the notes. The file needs no network.
"""

import argparse
import ast
import html
import math
import os
from dataclasses import dataclass, field
from pathlib import Path

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from tools import shorten
from tools.address import Repository
from tools.book import ROOT, Book, tags, write
from tools.offline import (
    BOOK,
    LANGUAGES,
    MARKDOWN,
    Trouble,
    in_language,
    korean_font,
    one_of,
    page,
    with_addresses,
)

PLAIN = HtmlFormatter(nowrap=True)
HERE = Path(__file__).parent / "slides"
ROOM = 13.5  # lines of text on a slide
SPARE = 1.15  # how much more is set smaller rather than onto one more slide
SPARE_OUTPUT = 1.3  # the same for what a cell printed: it belongs below the code
CODE, OUTPUT = 0.74, 0.66  # the height of their lines
LONGEST = 22  # lines of code on one slide
CAPTION = {"en": "**Figure.** ", "ko": "**그림.** "}
KEYS = {
    "en": "next · <kbd>N</kbd> notes · <kbd>S</kbd> notes in a window · "
    "<kbd>F</kbd> full screen",
    "ko": "다음 · <kbd>N</kbd> 노트 · <kbd>S</kbd> 노트를 새 창에 · "
    "<kbd>F</kbd> 전체 화면",
}
SWITCH = {"en": "한국어", "ko": "English"}


@dataclass
class Part:
    """One thing on a slide, and the room that it takes, in lines."""

    html: str
    room: float
    note: str = ""  # Markdown
    fresh: bool = False  # opens a slide, unless there is only a title on it
    spare: float = SPARE


@dataclass
class Slide:
    title: str
    cell: int  # of the notebook, to find the slide in the other language
    parts: list = field(default_factory=list)

    def takes(self, part):
        """Whether a part fits below those that are there."""
        room = sum(other.room for other in self.parts) + part.room
        return not self.parts or (not part.fresh and room <= ROOM * part.spare)


def slides_of(notebook, language, site):
    """The `Slide`s of a chapter, in order; the first one is its title."""
    slides = []
    cells = [(i, c) for i, c in enumerate(notebook.cells) if "colab" not in tags(c)]
    setup = next((i for i, cell in cells if _is_setup(cell)), None)
    for i, cell in cells:
        text = with_addresses(in_language(cell.source, language), site)
        if cell.cell_type == "markdown" and text.startswith("#"):
            slides.append(Slide(text.lstrip("# "), i))
        elif cell.cell_type == "markdown":
            _add(slides, i, text_parts(text, language))
        elif i != setup:
            _add(slides, i, code_parts(cell, language))
    return [slide for slide in slides if slide.parts]


def _is_setup(cell):
    """Whether a cell imports and prints nothing: no matter for a lecture."""
    if cell.cell_type != "code" or cell.outputs:
        return False
    kinds = [isinstance(n, (ast.Import, ast.ImportFrom)) for n in _tree(cell).body]
    return sum(kinds) > len(kinds) / 2


def _tree(cell):
    return ast.parse(cell.source)


def _add(slides, cell, parts):
    """Put the parts of a cell onto the last slide, or onto more of its title."""
    for part in parts:
        last = slides[-1]
        if not last.takes(part):
            last = Slide(last.title, cell)
            slides.append(last)
        last.parts.append(part)


def text_parts(text, language):
    """The parts of a text, or of a caption and the text below it."""
    parts, leads = [], False
    first, _, rest = text.partition("\n\n")
    if first.startswith(CAPTION[language]):
        first = first.removeprefix(CAPTION[language])
        caption = MARKDOWN.renderInline(shorten.lead(first, 2))
        part = Part(f'<p class="caption">{caption}</p>', 0, first)
        return [part, *(text_parts(rest, language) if rest else [])]
    found, cut = shorten.shorten(text, language)
    note = text if cut else ""
    for kind, group in _grouped(found):
        body = MARKDOWN.render("\n".join(group) if kind == "item" else group[0])
        part = Part(body, _lines(kind, group), note)
        if parts and leads and parts[-1].room + part.room <= ROOM:
            parts[-1].html += part.html  # what leads to it stays with it
            parts[-1].room += part.room
        else:
            parts.append(part)
        leads = kind == "paragraph" and len(shorten.sentences(group[0])) == 1
    return parts


def _grouped(found):
    """(kind, [Markdown]): items of one list together, as many as a slide takes."""
    groups = []
    for kind, source in found:
        last = groups[-1] if groups else (None, [])
        if kind == last[0] == "item" and _lines(kind, [*last[1], source]) <= ROOM - 1:
            last[1].append(source)
        else:
            groups.append((kind, [source]))
    return groups


def _lines(kind, sources):
    """About how many lines of a slide a block takes."""
    if kind == "formula":
        return 1.4 + 1.6 * max(1, sources[0].count(r"\\"))
    if kind in ("table", "fence"):
        return 1.15 * (sources[0].count("\n") + 1)
    per_line = {"paragraph": 84, "item": 80, "quote": 80}.get(kind, 80)
    gap = 0.2 if kind == "item" else 0.5
    return sum(math.ceil(shorten.width(s) / per_line) + gap for s in sources)


def code_parts(cell, language):
    """Code, what it printed, and its figures; a figure has a slide of its own."""
    lines = cell.source.split("\n")
    pictures = [o for o in cell.outputs if "image/png" in o.get("data", {})]
    parts = []
    if not (pictures and len(lines) <= 2):
        for chunk in _chunks(lines):
            code = highlight("\n".join(chunk), PythonLexer(), PLAIN)
            room = CODE * len(chunk) + 1.2
            parts.append(Part(f'<pre class="hl"><code>{code}</code></pre>', room))
        parts[0].fresh = len(lines) > 8
    for output in cell.outputs:
        data = output.get("data", {})
        text = output.get("text", "") or data.get("text/plain", "")
        if "image/png" in data:
            alt = html.escape(cell.metadata.get("alt", {}).get(language, ""))
            source = f"data:image/png;base64,{data['image/png'].strip()}"
            picture = f'<figure><img alt="{alt}" src="{source}"></figure>'
            note = f"```python\n{cell.source}\n```" if len(lines) <= 2 else ""
            parts.append(Part(picture, ROOM - 2.5, note, fresh=True))
        elif text.strip():
            said = html.escape(text.strip("\n"))
            room = OUTPUT * (said.count("\n") + 1) + 0.4
            out = f'<pre class="out">{said}</pre>'
            parts.append(Part(out, room, spare=SPARE_OUTPUT))
    return parts


def _chunks(lines):
    """Code in pieces that fit a slide, cut where a block begins or a line is empty."""
    pieces = math.ceil(len(lines) / LONGEST)
    while len(lines) > LONGEST:
        at = _best_cut(lines, len(lines) / pieces)
        yield lines[:at]
        lines, pieces = lines[at:], max(pieces - 1, 1)
        while not lines[0]:
            lines = lines[1:]
    yield lines


def _best_cut(lines, ideal):
    """The line to begin anew at: near to `ideal`, and little indented."""

    def badness(i):
        indent = len(lines[i]) - len(lines[i].lstrip())
        closes = lines[i].lstrip()[:1] in tuple(")]}")
        return indent + 40 * closes - 6 * (not lines[i - 1]) + abs(i - ideal)

    return min(range(6, LONGEST + 1), key=badness)


def section(slide, n, total, more, language, name, both=False):
    """The HTML of one slide; `more` is its place among those of one title."""
    title = MARKDOWN.renderInline(slide.title)
    if n == 1:
        keys = f"<kbd>→</kbd> {KEYS[language]}"
        keys += f" · <kbd>L</kbd> {SWITCH[language]}" if both else ""
        head = f'<p class="book">{BOOK[language]}</p>\n<h1>{title}</h1>'
        foot = f'<p class="keys">{keys}</p>'
    else:
        head = f"<h2>{title}{f' <small>{more}</small>' if more else ''}</h2>"
        foot = f"<footer><span>{name}</span><span>{n} / {total}</span></footer>"
    notes = dict.fromkeys(part.note for part in slide.parts if part.note)
    body = "\n".join(part.html for part in slide.parts)
    return (
        f'<section lang="{language}" data-cell="{slide.cell}"'
        f'{" class=first" if n == 1 else ""}>\n{head}\n<div class="body">\n{body}\n'
        f"</div>\n{foot}\n<aside>{''.join(map(MARKDOWN.render, notes))}</aside>\n"
        f"</section>"
    )


def deck(notebook, language="both", root=ROOT):
    """The slides of a chapter as one HTML page."""
    site = Repository.of(root, os.environ).site
    sections, titles = [], []
    for lang in ("en", "ko") if language == "both" else (language,):
        slides = slides_of(notebook, lang, site)
        titles.append(slides[0].title)
        name = MARKDOWN.renderInline(slides[0].title)
        for n, slide in enumerate(slides, 1):
            same = [s for s in slides if s.title == slide.title]
            more = f"{same.index(slide) + 1}/{len(same)}" if len(same) > 1 else ""
            numbers = n, len(slides), more
            sections.append(section(slide, *numbers, lang, name, language == "both"))
    body = "<main>\n" + "\n".join(sections) + "\n</main>\n"
    body += '<div id="notes" hidden></div>\n<div id="progress"></div>'
    css = korean_font(body, root) + (HERE / "deck.css").read_text(encoding="utf-8")
    js = (HERE / "deck.js").read_text(encoding="utf-8")
    return page(" · ".join(titles), language, body, css + _colors(), js, root)


def _colors():
    """The colors of code by day and by night, those of the book's pages."""
    light, dark = (
        HtmlFormatter(style=f"github-{kind}-high-contrast").get_style_defs(".hl")
        for kind in ("light", "dark")
    )
    return f"{light}\n@media screen and (prefers-color-scheme: dark) {{\n{dark}\n}}\n"


def make(name, language="both", out=None, root=ROOT):
    """Write the slides of a chapter; return the file's path."""
    chapters = {c.name: c for c in Book(root).chapters if c.name != "index"}
    one_of("chapter", "장", name, list(chapters))
    one_of("language", "언어", language, LANGUAGES)
    out = Path(out or Path(root) / "slides" / f"{name}.html")
    out.parent.mkdir(parents=True, exist_ok=True)
    write(out, deck(chapters[name], language, root))
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", metavar="NAME")
    parser.add_argument("--language", default="both", help="en, ko or both")
    parser.add_argument("--out", help="the file; slides/NAME.html without it")
    args = parser.parse_args()
    try:
        out = make(args.name, args.language, args.out)
    except Trouble as trouble:
        raise SystemExit(str(trouble)) from None
    print(f"{out} ({out.stat().st_size / 1e6:.1f} MB)")


if __name__ == "__main__":
    main()
