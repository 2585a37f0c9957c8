"""What nbval does not see: cells that would pass without being compared.

Like the checks of `tools.text`: each takes a `Book` and returns a `Report`.
"""

import re

import nbformat

from tools import address, sync
from tools.book import Report, tagged, tags
from tools.code import parse

NBVAL_COMMENT = re.compile(r"#\s*NBVAL_\w+")
UNSTABLE = {"image/svg+xml", "text/html", "application/javascript"}


def executed(book):
    """Every code cell ran, once, from top to bottom."""
    report = Report("executed cells")
    for notebook in book.notebooks:
        code = [(i, c) for i, c in enumerate(notebook.cells) if c.cell_type == "code"]
        for expected, (i, cell) in enumerate(code, 1):
            count = cell.execution_count
            report.item(
                []
                if count == expected
                else [
                    f"{notebook.where(i)}: the execution count, found {count}, "
                    f"expected {expected}"
                ]
            )
    return report


def compared(book):
    """Every code cell is compared, or says why it is not."""
    report = Report("compared or excused cells")
    reasons = {}
    for notebook, i, cell in book.cells("code"):
        report.item(_compared(notebook.where(i), cell))
        if reason := tagged(cell, "uncompared:"):
            reasons[reason] = reasons.get(reason, 0) + 1
    if reasons:
        listed = ", ".join(f"{name} {count}" for name, count in sorted(reasons.items()))
        report.notes.append(f"not compared: {listed}")
    return report


def _compared(where, cell):
    ignored = "nbval-ignore-output" in tags(cell)
    reason = tagged(cell, "uncompared:")
    if ignored and not reason:
        yield f"{where}: nbval-ignore-output, expected uncompared:REASON beside it"
    if reason and not ignored:
        yield f"{where}: uncompared:{reason} without nbval-ignore-output"
    for tag in tags(cell):
        if tag in ("nbval-skip", "nbval-raises-exception", "raises-exception"):
            yield f"{where}: a tag, found {tag}, expected a cell that runs through"
        known = ("vitlib:", "uncompared:", "nbval-rtol=")
        if not tag.startswith(known) and tag not in KNOWN_TAGS:
            yield f"{where}: an unknown tag, found {tag}"
    if reason and not re.search(REASONS.get(reason, "$^"), cell.source):
        yield f"{where}: uncompared:{reason}, expected a cell that needs it"
    if found := NBVAL_COMMENT.search(cell.source):
        yield f"{where}: a comment, found {found[0]}, expected a tag"
    rtol = tagged(cell, "nbval-rtol=")
    if rtol and not (re.fullmatch(r"0\.\d+", rtol) and float(rtol) <= 0.1):
        yield f"{where}: a tolerance, found {rtol}, expected nbval-rtol=0.05"


# Why the output of a cell may go uncompared, and what such a cell calls.
REASONS = {"timing": r"\btime\b|perf_counter|timeit"}
KNOWN_TAGS = {"nbval-ignore-output", "remove-cell", "colab", "hide-input", "hide-cell"}


def outputs(book):
    """No output that differs from run to run, and no trick that hides one."""
    report = Report("cells with plain outputs")
    for notebook, i, cell in book.cells("code"):
        report.item(_outputs(notebook.where(i), cell))
    return report


def _outputs(where, cell):
    if re.search(r"\bclear_output\b", cell.source):
        yield f"{where}: clear_output, which nbval cannot compare"
    statements = parse(cell.source).body
    last = cell.source.rstrip().splitlines()[-1:] or [""]
    if statements and last[0].split("#")[0].rstrip().endswith(";"):
        yield f"{where}: a trailing semicolon, expected `_ = ...`"
    for before, out in zip([None, *cell.outputs], cell.outputs, strict=False):
        if out.output_type == "stream" and before and before.get("name") == out.name:
            yield f"{where}: one text stored in two parts, run `make run`"
        if out.output_type == "error":
            yield f"{where}: a stored error, found {out.ename}: {out.evalue[:60]!r}"
        elif out.output_type == "stream" and out.name == "stderr":
            yield f"{where}: stored stderr, found {out.text[:60]!r}"
        for mime in UNSTABLE & set(out.get("data", {})):
            yield f"{where}: an output, found {mime}, expected text or PNG"


def metadata(book):
    """Each notebook is valid, opens in Colab with a GPU, and holds no widget state."""
    report = Report("notebooks with metadata for Colab")
    for notebook in book.notebooks:
        report.item(_metadata(notebook))
    return report


def _metadata(notebook):
    try:
        nbformat.validate(notebook.nb)
    except nbformat.ValidationError as error:
        yield f"{notebook.where(0)}: not a valid notebook: {error.message[:80]}"
    found = notebook.nb.metadata
    for key, value in address.METADATA.items():
        if found.get(key) != value:
            where = notebook.where(0)
            yield f"{where}: {key}, found {found.get(key)}, expected {value}"
    if "widgets" in found:
        yield f"{notebook.where(0)}: widget state in the metadata"
    if len({cell.id for cell in notebook.cells}) < len(notebook.cells):
        yield f"{notebook.where(0)}: two cells of one id"
    if len(notebook.cells) > 62:
        yield f"{notebook.where(0)}: found {len(notebook.cells)} cells, expected 62"
    kinds = [tags(cell) for cell in notebook.cells[1:3]]
    if kinds != [address.COLAB_TAGS] * 2:
        yield f"{notebook.where(1)}: no badge and install cell, run `make sync`"


def in_sync(book):
    """The notebooks hold what sync would write."""
    report = Report("synchronized files")
    shared = sum(tagged(cell, "vitlib:") is not None for *_, cell in book.cells("code"))
    data = sum(cell.source.count("<data ") for *_, cell in book.cells("markdown"))
    report.notes.append(f"{shared} shared cells, {data} data values")
    try:
        files, stale = sync.synced(book.root)
    except sync.SyncError as error:
        report.item([str(error)])
        return report
    for path in files:
        name = path.stem if path.suffix == ".ipynb" else path.name
        report.item(f for f in stale if re.match(rf"{re.escape(name)}(?: cell|:)", f))
    return report
