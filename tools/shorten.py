"""A chapter's text, short enough for a slide: all of it, or its first sentences."""

import re
import unicodedata

from tools.offline import MARKDOWN

LIMIT = {"en": 500, "ko": 290}  # characters of text that a slide takes whole
ENOUGH = 50  # the width of a sentence that says something on its own
# What holds no end of a sentence.
WHOLE = re.compile(
    r"`[^`]*`|\$[^$]*\$|\[[^\]]*\]\([^)\s]*\)|<data[^>]*>.*?</data>|\([^()]*\)"
    r"|\b(?:et al|e\.g|i\.e|vs|App|Sec|Fig|eqs?|cf)\."
)
END = re.compile(r"(?<=[.?!])([\"”’*]*)\s+")
KINDS = {
    "paragraph_open": "paragraph",
    "bullet_list_open": "list",
    "ordered_list_open": "list",
    "blockquote_open": "quote",
    "table_open": "table",
    "math_block": "formula",
    "fence": "fence",
}


def blocks(text):
    """(kind, Markdown) of each block of a text; each item of a list is a block."""
    lines, found = text.split("\n"), []
    tokens = [token for token in MARKDOWN.parse(text) if token.map]
    for token in tokens:
        kind = KINDS.get(token.type, "other")
        if token.level == 0 and kind == "list":
            items = [
                t
                for t in tokens
                if t.type == "list_item_open"
                and t.level == 1
                and token.map[0] <= t.map[0] < token.map[1]
            ]
            found += [("item", _source(lines, item)) for item in items]
        elif token.level == 0 and token.nesting >= 0:
            found.append((kind, _source(lines, token)))
    return found


def _source(lines, token):
    return "\n".join(lines[token.map[0] : token.map[1]]).strip("\n")


def sentences(text):
    """The sentences of a paragraph; formulas, code and links are never cut."""
    kept = []

    def hide(found):
        kept.append(found[0])
        return f"\ue000{len(kept) - 1}\ue001"

    hidden, before = text, None
    while hidden != before:  # brackets in brackets
        before, hidden = hidden, WHOLE.sub(hide, hidden)
    pieces = END.sub(r"\1\n\n", hidden.replace("\n", " ")).split("\n\n")
    while any("\ue000" in piece for piece in pieces):
        pieces = [
            re.sub("\ue000(\\d+)\ue001", lambda m: kept[int(m[1])], p) for p in pieces
        ]
    return _joined(pieces)


def _joined(pieces):
    """Emphasis that spans several sentences keeps them together."""
    whole = []
    for piece in pieces:
        open_ = whole and _bare(whole[-1]).count("*") % 2
        whole[-1:] = [f"{whole[-1]} {piece}"] if open_ else [*whole[-1:], piece]
    return whole


def _bare(text):
    return re.sub(r"`[^`]*`|\$[^$]*\$", "", text)


def lead(text, count=1):
    """The first sentences: `count` of them that are no question and not tiny."""
    taken = []
    for sentence in sentences(text):
        taken.append(sentence)
        is_question = re.search(r"\?[\"”*]*$", sentence)
        count -= not is_question and width(sentence) >= ENOUGH
        if count <= 0:
            break
    return " ".join(taken)


def shorten(text, language):
    """[(kind, Markdown)] for a slide, and whether something was left out."""
    found = blocks(text)
    flowing = [b for b in found if b[0] in ("paragraph", "item", "quote")]
    if sum(length(b[1]) for b in flowing) <= LIMIT[language]:
        return found, False
    first = next((b for b in found if b[0] == "paragraph"), None)
    short = [
        (kind, lead(source, 2 if (kind, source) == first else 1))
        if kind in ("paragraph", "item", "quote")
        else (kind, source)
        for kind, source in found
    ]
    return short, short != found


def length(text):
    """About how many characters a reader sees; formulas count less than their TeX."""
    text = re.sub(r"\]\([^)\s]*\)|<[^>]*>|[*`]", "", text)
    return len(re.sub(r"\\[a-zA-Z]+|[${}]", "x", text))


def width(text):
    """The width of a text in Latin characters: a Hangul one is nearly two."""
    extra = sum(unicodedata.east_asian_width(char) in "WF" for char in text)
    return length(text) + 0.75 * extra
