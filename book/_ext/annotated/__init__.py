"""What the book's pages draw specially, as a Sphinx extension.

The chapters are plain notebooks: CommonMark, formulas, two ``<div lang>`` to a
pair. Each module here recognizes one plain form and gives it its dress:

- ``pairs``: the English and the Korean of a cell, side by side or one of them;
- ``headings``: ``## English | 한국어``, with anchors made from the English;
- ``voices``: the paper, our code, and where they differ;
- ``verdicts``: what became of a claim, in the claim ledger;
- ``annotations``: a list that goes through the code cell above it;
- ``figures``: alternative texts and captions in two languages;
- ``glossary``: the page of terms, and links to it from first mentions;
- ``korean``: particles that stay with their nouns at the end of a line;
- ``formulas``: KaTeX, served with the book;
- ``solutions``: pages of solutions, in the site or not;
- ``search``: Korean words as syllable pairs, English words stemmed;
- ``page``: the language switch, fonts, and parts of the page around the text.
"""

from . import (
    annotations,
    figures,
    formulas,
    glossary,
    headings,
    korean,
    page,
    pairs,
    search,
    solutions,
    verdicts,
    voices,
)

MODULES = (
    pairs,
    headings,
    voices,
    verdicts,
    annotations,
    figures,
    glossary,
    korean,
    formulas,
    search,
    solutions,
    page,
)


def setup(app):
    for module in MODULES:
        module.setup(app)
    return {
        "env_version": 2,  # raise it when a transform changes: pages are made anew
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }
