"""What a program can check of the English: plain words and short sentences.

Like the checks of `tools.text`: each takes a `Book` and returns a `Report`.
"""

import re

from tools.book import Prose, Report

VOICE = {
    "filler": r"\b(?:simply|just|obviously|(?<!matter )of course|clearly|"
    r"trivially|basically|needless to say|note that|"
    r"it is (?:worth|important) (?:noting|to note))\b",
    "hype": r"\b(?:revolutionary|revolutioni[sz]e\w*|groundbreaking|cutting-edge|"
    r"game-chang\w+|seamless\w*|incredibl[ey]|amazing\w*|remarkabl[ey]|powerful|"
    r"elegant\w*|beautiful\w*|magic\w*|delve|dive into(?! deep learning)|leverag\w+|"
    r"unlock\w*|state-of-the-art|crucial\w*|pivotal|tapestry|testament)\b",
}
MAX_WORDS = 30
ABBREVIATION = re.compile(
    r"\b(?:et al|e\.g|i\.e|vs|eqs?|figs?|secs?|apps?|no|approx|cf|pp?)\.", re.I
)


def english(book):
    """Plain words, and sentences of at most 30 of them."""
    report = Report("English sentences")
    for where, text, _ in book.pairs():
        for block in Prose.of(text).blocks:
            for sentence in sentences(block):
                report.item(_sentence(where, sentence))
    return report


def sentences(block):
    """The sentences of a block, each formula, code and citation one word."""
    text = block.plain
    for label, url in block.links:
        if url.startswith("http"):
            text = text.replace(label, "Source", 1)
    text = re.sub(r"`[^`]*`|\$[^$]*\$", "X", text)
    text = ABBREVIATION.sub(lambda m: m[0][:-1], text)
    return re.split(r"(?<=[.!?:])[\"')\]]*\s+(?=[\"'(\[]?[A-Z0-9X])", text)


def _sentence(where, sentence):
    count = len(re.findall(r"[^\s–—=→+·/]+", sentence))
    if count > MAX_WORDS:
        yield (
            f"{where}: a long sentence, found {count} words, expected {MAX_WORDS}: "
            f"{sentence[:60]!r}"
        )
    for what, pattern in VOICE.items():
        for found in re.finditer(pattern, sentence, re.I):
            around = sentence[max(0, found.start() - 20) : found.end() + 20]
            yield f"{where}: {what}, found {found[0]!r} in {around!r}"
