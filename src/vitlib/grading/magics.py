"""Cells without IPython's own lines. Only the worker parses what a student wrote."""

import ast
import re

# Body in another language, or written to a file.
NOT_PYTHON = re.compile(
    r"\A\s*%%(?:bash|sh|script|html|javascript|js|latex|markdown|svg|writefile|perl|"
    r"ruby|cmd|file|pypy|python2?)\b"
)
SPECIAL = re.compile(r"\s*(?:(?:\w+\s*=\s*)?[%!]|\?|[\w.]+\?+\s*$)")


def python(source):
    """The source of a cell, without lines such as `!pip` and `%time`.

    They are looked for only where the cell is no Python with them: a line may begin
    with % for other reasons.
    """
    if _parses(source):
        return source
    if NOT_PYTHON.match(source):
        return ""
    lines, goes_on = [], False
    for line in source.split("\n"):
        if goes_on:
            lines.append("")
        elif special := SPECIAL.match(line):
            lines.append(re.match(r"\s*", special[0])[0] + "pass")
        else:
            lines.append(line)
            continue
        goes_on = line.rstrip().endswith("\\")
    plain = "\n".join(lines)
    return plain if _parses(plain) else source


def _parses(source):
    try:
        ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
