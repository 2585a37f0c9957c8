"""All checks of the text in one command: `python -m tools.checks [NAME ...]`.

Prints each fault and what was covered; with names, only the faults of those
chapters. Exits with 1 if there is a fault.
"""

import sys

from tools import code, english, guards, korean, particles, sources, text
from tools.book import ROOT, Book

CHECKS = {
    check.__name__: check
    for check in (
        text.form,
        text.headings,
        text.links,
        text.parity,
        sources.citations,
        sources.numbers,
        code.annotations,
        code.cells,
        code.shapes,
        code.figures,
        code.paths,
        korean.words,
        korean.first_mentions,
        particles.particles,
        english.english,
        guards.executed,
        guards.compared,
        guards.outputs,
        guards.metadata,
        guards.in_sync,
    )
}


def main(names):
    book, found = Book(), 0
    chapters = [notebook.path.stem for notebook in book.notebooks]
    if unknown := {n for n in names if n not in chapters and not (ROOT / n).is_file()}:
        print(f"unknown {', '.join(unknown)}; known: {', '.join(chapters)}")
        return 2
    for name, check in CHECKS.items():
        report = check(book)
        faults = [f for f in report.faults if not names or f.startswith(tuple(names))]
        found += len(faults)
        print(f"{name}: {report}", *faults, sep="\n  ")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
