"""A page in one file: one language of the book's text, formulas and fonts inside.

For what leaves the book: slides on a stick, a handout to print, a notebook for a
class. The files are those that the book's own pages are served with.
"""

import base64
import html
import re
from pathlib import Path

from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin

from tools.book import PAIR, ROOT

LANGUAGES = ("en", "ko", "both")
BOOK = {
    "en": "Vision Transformers, Annotated",
    "ko": "주석으로 읽는 비전 트랜스포머",
}
HEADING = re.compile(r"(?P<level>#+) (?P<en>[^\n]+?) \| (?P<ko>[^\n]+)")
COMMENT = re.compile(r"# (?P<en>[^|\n]+?) \| (?P<ko>[^\n]*[가-힣][^\n]*)$", re.M)
BADGE = {"en": "Open in Colab", "ko": "Colab에서 열기"}
RELATIVE = re.compile(r"\]\((?P<page>[\w-]+)\.(?:ipynb|md)(?P<place>#[^)\s]*)?\)")
FACE = re.compile(r"@font-face\s*\{.*?\}", re.S)
# Families of KaTeX that few formulas need, and the commands that need them.
RARE = {
    "Fraktur": r"\\(?:math)?frak",
    "SansSerif": r"\\(?:math|text)?sf",
    "Script": r"\\mathscr",
    "Typewriter": r"\\(?:math|text)?tt",
}


class Trouble(Exception):
    """What somebody asked for cannot be had: why, in English and in Korean."""

    def __init__(self, en, ko):
        super().__init__(f"{en}\n{ko}")


def one_of(what, ko_what, given, known):
    """Raise `Trouble` that names what was given and what there is."""
    if given not in known:
        there = ", ".join(known)
        raise Trouble(
            f"no {what} {given!r}: there is {there}",
            f"{ko_what} {given!r}: 없습니다. 있는 것: {there}",
        )


def in_language(source, language, cell_type="markdown"):
    """The text of a cell in one language; as it stands for "both"."""
    if language == "both":
        return source
    if cell_type == "code":
        return COMMENT.sub(lambda m: f"# {m[language]}", source)
    if found := PAIR.fullmatch(source):
        return found[language]
    if found := HEADING.fullmatch(source):
        return f"{found['level']} {found[language]}"
    return source.replace(" | ".join(BADGE.values()), BADGE[language])


def with_addresses(source, site):
    """The text with links to other chapters that lead to the published book."""
    return RELATIVE.sub(
        lambda m: f"]({site}book/{m['page']}.html{m['place'] or ''})", source
    )


def _formula(tex, options):
    left, right = (r"\[", r"\]") if options["display_mode"] else (r"\(", r"\)")
    return html.escape(left + tex + right)


MARKDOWN = (
    MarkdownIt("commonmark")
    .enable("table")
    .use(dollarmath_plugin, renderer=_formula)  # as `formulas.js` reads them
)


def page(title, language, body, css="", js="", root=ROOT):
    """A whole HTML document; with KaTeX inside if the body has formulas."""
    head, foot = "", ""
    if 'class="math' in body:
        assets = Path(root) / "book" / "_assets" / "katex"
        script = (assets / "katex.min.js").read_text(encoding="utf-8")
        draw = Path(root) / "book" / "_static" / "formulas.js"
        head = f"<style>{_katex_style(assets, body)}</style>\n"
        foot = f"<script>{script}</script>\n<script>{draw.read_text('utf-8')}</script>"
    return (
        f'<!doctype html>\n<html lang="{"en" if language == "both" else language}">\n'
        f'<head>\n<meta charset="utf-8">\n<title>{html.escape(title)}</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"{head}<style>\n{css}</style>\n</head>\n<body>\n{body}\n{foot}\n"
        + (f"<script>\n{js}</script>\n" if js else "")
        + "</body>\n</html>\n"
    )


def _katex_style(assets, body):
    """KaTeX's style sheet, its fonts inside, without those no formula uses."""

    def face(found):
        for family, command in RARE.items():
            if f"KaTeX_{family}" in found[0] and not re.search(command, body):
                return ""
        return _with_fonts_inside(found[0], assets)

    style = (assets / "katex.min.css").read_text(encoding="utf-8")
    return _license(assets) + FACE.sub(face, style)


def korean_font(text, root=ROOT):
    """Style for the parts of Pretendard that hold the characters of a text."""
    folder = Path(root) / "book" / "_assets" / "pretendard"
    used = set(map(ord, text))
    faces = FACE.findall((folder / "pretendard.css").read_text(encoding="utf-8"))
    needed = [face for face in faces if used & _characters(face)]
    return _license(folder) + "".join(_with_fonts_inside(f, folder) for f in needed)


def _characters(face):
    """The code points of a `unicode-range`."""
    ranges = re.findall(r"U\+([\da-f]+)(?:-([\da-f]+))?", face, re.I)
    return {n for a, b in ranges for n in range(int(a, 16), int(b or a, 16) + 1)}


def _with_fonts_inside(style, folder):
    def inside(found):
        data = base64.b64encode((folder / found[1]).read_bytes()).decode()
        return f"url(data:font/woff2;base64,{data})"

    return re.sub(r"url\([\"']?([\w./-]+)[\"']?\)", inside, style)


def _license(folder):
    """What has to go along with the files of others, as a remark."""
    text = (folder / "LICENSE.txt").read_text(encoding="utf-8").strip()
    return f"/* {folder.name}\n\n{text.replace('*/', '* /')} */\n"
