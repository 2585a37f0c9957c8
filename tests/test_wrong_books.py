"""Wrong books: small plausible slips, each caught by the one check that should.

Each function here spoils a copy of a real chapter, or of what belongs to it, in
one place. All checks then run, and what is new in their faults must come from
the check it names and say what is wrong.
"""

import json
import keyword
import re
import shutil
from collections import Counter

import nbformat
import pytest
from nbformat.v4 import new_output

from tools import claims, sync
from tools.book import ROOT, Book, pair, tagged, tags
from tools.checks import CHECKS
from tools.code import _annotated as annotated
from tools.particles import FORMS

WRONG = {}


def wrong(check, said):
    """Register a function that spoils a chapter; it returns False: no place for it."""

    def register(spoil):
        WRONG[spoil.__name__.replace("_", " ")] = check, said, spoil
        return spoil

    return register


class Chapter:
    """A copy of the book's files whose table of contents names one chapter."""

    def __init__(self, snapshot, root, name):
        self.root, self.name = root, name
        shutil.copytree(snapshot, root)
        for path in (root / "book").glob("*.ipynb"):
            if path.stem != name:
                path.unlink()
        pages = [page for page in Book(snapshot).pages if page != f"book/{name}"]
        listed = "".join(f"  - file: {page}\n" for page in pages)
        toc = f"format: jb-book\nroot: book/{name}\nchapters:\n{listed}"
        (root / "_toc.yml").write_text(toc)
        self.sync()

    @property
    def path(self):
        return self.root / "book" / f"{self.name}.ipynb"

    def sync(self):
        assert sync.main([], self.root) == 0
        self.nb = nbformat.read(self.path, as_version=4)

    def save(self):
        nbformat.write(self.nb, self.path)

    def code(self):
        return [c for c in self.nb.cells if c.cell_type == "code"]

    def pairs(self):
        """(cell, English, Korean) of every pair."""
        return [(c, *pair(c)) for c in self.nb.cells if pair(c)]

    def faults(self):
        book = Book(self.root)
        return {name: Counter(check(book).faults) for name, check in CHECKS.items()}


def put(cell, english, korean):
    cell.source = (
        f'<div lang="en">\n\n{english}\n\n</div>\n<div lang="ko">\n\n{korean}\n\n</div>'
    )


def edit(chapter, change):
    """Put in the first pair that `change(English, Korean)` returns anew."""
    for cell, english, korean in chapter.pairs():
        if new := change(english, korean):
            put(cell, *new)
            chapter.save()
            return True
    return False


def edit_korean(chapter, pattern, replacement):
    """Replace the first match in the first Korean half that has one."""

    def change(english, korean):
        changed = re.sub(pattern, replacement, korean, count=1, flags=re.M)
        return changed != korean and (english, changed)

    return edit(chapter, change)


def edit_code(chapter, change):
    """Change the first code cell for which `change(cell)` is not False."""
    if done := any(change(cell) is not False for cell in chapter.code()):
        chapter.save()
    return done


# --- One language against the other -------------------------------------------


@wrong("parity", "paragraphs differ")
def a_korean_paragraph_is_gone(chapter):
    def change(english, korean):
        kept, _, last = korean.rpartition("\n\n")
        plain = kept and not re.search(r"[`$\d(<\[*|-]", last)
        return plain and (english, kept)

    return edit(chapter, change)


@wrong("parity", "numbers differ")
def a_number_differs_in_one_language(chapter):
    number = r"(?<![\d.,/×§$`\w])(\d+)(개|장|번|행|열)"
    return edit_korean(chapter, number, lambda m: f"{int(m[1]) + 1}{m[2]}")


@wrong("parity", "formulas differ")
def a_formula_differs_in_one_language(chapter):
    return edit_korean(chapter, r"(?<!\$)\$(?!\$)([^$\n]+)\$(?!\$)", r"$\\,\1$")


@wrong("parity", "links differ")
def a_link_leads_elsewhere_in_one_language(chapter):
    other = "mlp" if chapter.name != "mlp" else "block"
    return edit_korean(chapter, rf"\]\((?!{other})\w+\.ipynb\)", rf"]({other}.ipynb)")


@wrong("links", "expected a page in _toc.yml")
def a_link_leads_nowhere(chapter):
    def change(english, korean):
        link = re.compile(r"\]\(\w+\.ipynb\)")
        return link.search(english) and tuple(
            link.sub("](nowhere.ipynb)", text) for text in (english, korean)
        )

    return edit(chapter, change)


# --- Words --------------------------------------------------------------------


@wrong("words", "'교육'")
def a_forbidden_word_is_used(chapter):
    return edit_korean(chapter, "학습(?=[을합은])", "교육")


@wrong("particles", "a particle, found")
def a_particle_does_not_follow_its_word(chapter):
    def other(match):
        vowel, consonant = FORMS[match["particle"]]
        swapped = consonant if match["particle"] == vowel else vowel
        return match[0].removesuffix(match["particle"]) + swapped

    pattern = r"(?P<word>ViT|MLP|CNN)(?P<particle>[은는이가을를])(?=[ .,])"
    return edit_korean(chapter, pattern, other)


@wrong("first_mentions", "a first mention, found")
def a_term_loses_its_english(chapter):
    changed = False
    for cell, english, korean in chapter.pairs():
        new = re.sub(r"(?<=패치)\(patch\)|(?<=어텐션)\(attention\)", "", korean)
        if new != korean:
            put(cell, english, new)
            changed = True
    chapter.save()
    return changed


@wrong("english", "a long sentence, found")
def a_sentence_runs_on(chapter):
    added = f"This sentence goes {'on and ' * 15}on."
    return edit(chapter, lambda e, k: (f"{e}\n\n{added}", f"{k}\n\n끝이 없습니다."))


@wrong("form", "an asterisk (emphasis that does not close)")
def emphasis_does_not_render(chapter):
    return edit_korean(
        chapter, r"\*([가-힣]+)\*(\([a-z -]+\))(?=[은는이가을를])", r"*\1\2*"
    )


@wrong("form", "expected 'English | 한국어'")
def a_heading_has_one_language(chapter):
    for cell in chapter.nb.cells:
        if cell.source.startswith("## "):
            cell.source = cell.source.partition(" | ")[0]
            chapter.save()
            return True
    return False


@wrong("headings", "a heading of level 4 after level")
def a_heading_skips_a_level(chapter):
    for cell in chapter.nb.cells:
        if cell.source.startswith("## "):
            cell.source = f"##{cell.source}"
            chapter.save()
            return True
    return False


# --- Sources and numbers ------------------------------------------------------


@wrong("citations", "expected an entry in references.bib")
def a_citation_is_not_in_the_bibliography(chapter):
    def change(english, korean):
        return "abs/2010.11929" in english and tuple(
            text.replace("abs/2010.11929", "abs/2010.99999")
            for text in (english, korean)
        )

    return edit(chapter, change)


@wrong("citations", "expected Dosovitskiy ..., 2021")
def a_citation_has_the_wrong_year(chapter):
    def change(english, korean):
        return "Dosovitskiy et al., 2021" in english and tuple(
            text.replace("Dosovitskiy et al., 2021", "Dosovitskiy et al., 2020")
            for text in (english, korean)
        )

    return edit(chapter, change)


@wrong("numbers", "a measured number, found '98.7%'")
def a_number_is_typed_in(chapter):
    return edit(
        chapter,
        lambda e, k: (f"{e}\n\nIt reached 98.7%.", f"{k}\n\n98.7%에 이릅니다."),
    )


def with_data(chapter):
    """Quote a recorded number in both languages, as it stands in the results."""
    name = 'value="training_quick.epochs"'
    edit(
        chapter,
        lambda e, k: (
            f"{e}\n\nIt ran for <data {name}>?</data> epochs.",
            f"{k}\n\n<data {name}>?</data>번 돌았습니다.",
        ),
    )
    chapter.sync()


@wrong("in_sync", "training_quick.epochs is stale")
def a_result_was_recorded_anew(chapter):
    with_data(chapter)
    path = chapter.root / "book" / "results" / "training_quick.json"
    result = json.loads(path.read_text(encoding="utf-8"))
    result["summary"]["epochs"] = "99"
    path.write_text(json.dumps(result), encoding="utf-8")


@wrong("in_sync", "training_quick.epochs is stale, found '98'")
def a_data_value_is_changed_in_one_language(chapter):
    with_data(chapter)
    value = r"(<data value=\"training_quick.epochs\">)[^<]*"
    return edit_korean(chapter, value, r"\g<1>98")


@wrong("in_sync", "has no 'speed' in its summary")
def a_data_value_does_not_exist(chapter):
    name = '<data value="training_quick.speed">5</data>'
    return edit(chapter, lambda e, k: (f"{e}\n\nAt {name}.", f"{k}\n\n{name}입니다."))


@wrong("in_sync", "claims.md: not as sync writes it")
def a_verdict_is_written_by_hand(chapter):
    page = chapter.root / "book" / "claims.md"
    text = page.read_text(encoding="utf-8")
    rule, mark, verdicts = text.partition("<!-- sync:claims -->")
    words = claims.VERDICTS["contradicted"], claims.VERDICTS["confirmed"]
    for contradicted, confirmed in zip(*words, strict=True):
        verdicts = verdicts.replace(f"**{contradicted}.**", f"**{confirmed}.**", 1)
    page.write_text(rule + mark + verdicts, encoding="utf-8")


@wrong("in_sync", "status.md: not as sync writes it")
def a_run_is_said_to_be_faster(chapter):
    page = chapter.root / "book" / "status.md"
    text = page.read_text(encoding="utf-8")
    page.write_text(re.sub(r"(-\d\d \| )\d+ ", r"\g<1>0 ", text), encoding="utf-8")


# --- Code ---------------------------------------------------------------------


@wrong("annotations", "expected words of the code cell above")
def the_package_changes_under_an_annotation(chapter):
    cells = chapter.nb.cells
    for i, cell in enumerate(cells[:-1]):
        name = tagged(cell, "vitlib:")
        fragments = (
            annotated(pair(cells[i + 1])[0]) if name and pair(cells[i + 1]) else []
        )
        for fragment in fragments:
            words = [w for w in re.findall(r"[A-Za-z_]\w*", fragment) if w != "self"]
            words = [w for w in words if not keyword.iskeyword(w)]
            path = chapter.root / "src" / "vitlib" / f"{name.partition('.')[0]}.py"
            text = path.read_text(encoding="utf-8")
            if words and fragment in text and "(" in fragment:
                renamed = fragment.replace(words[0], f"{words[0]}2")
                path.write_text(text.replace(fragment, renamed), encoding="utf-8")
                chapter.sync()
                return True
    return False


@wrong("in_sync", "the code differs from vitlib:")
def a_shared_cell_is_edited(chapter):
    def change(cell):
        if tagged(cell, "vitlib:") is None:
            return False
        cell.source += "  # faster"

    return edit_code(chapter, change)


@wrong("cells", "no shape, found")
def a_shape_is_not_said(chapter):
    def change(cell):
        found = re.sub(r"(\.(?:flatten|reshape)\(.*\)) +#.*", r"\1", cell.source)
        if tagged(cell, "vitlib:") or found == cell.source:
            return False
        cell.source = found

    return edit_code(chapter, change)


@wrong("shapes", "src/vitlib/data.py: line")
def a_module_does_not_say_a_shape(chapter):
    with (chapter.root / "src" / "vitlib" / "data.py").open("a") as file:
        file.write("\n\ndef flat(X):\n    return X.flatten(2)\n")


@wrong("figures", "the text alternative, found ko")
def a_picture_loses_its_korean_description(chapter):
    return edit_code(
        chapter,
        lambda cell: "alt" in cell.metadata and bool(cell.metadata.alt.pop("ko")),
    )


@wrong("paths", "a machine path, found")
def an_output_names_the_authors_machine(chapter):
    def change(cell):
        if not cell.outputs or cell.outputs[0].output_type != "stream":
            return False
        cell.outputs[0].text += "/" + "home/ann/book.py\n"

    return edit_code(chapter, change)


# --- Execution ----------------------------------------------------------------


@wrong("executed", "found None")
def a_cell_was_never_run(chapter):
    def change(cell):
        if cell.outputs or "colab" in tags(cell):
            return False
        cell.execution_count = None

    return edit_code(chapter, change)


@wrong("executed", "the execution count, found 1, expected 2")
def cells_ran_in_another_order(chapter):
    first, second = chapter.code()[:2]
    first.execution_count, second.execution_count = 2, 1
    chapter.save()


@wrong("compared", "expected uncompared:REASON")
def a_cell_is_ignored_without_a_reason(chapter):
    chapter.code()[-1].metadata["tags"] = ["nbval-ignore-output"]
    chapter.save()
    chapter.sync()  # the status page counts the cells that are compared


@wrong("outputs", "stored stderr, found")
def a_warning_was_stored(chapter):
    cell = chapter.code()[-1]
    cell.outputs.append(new_output("stream", name="stderr", text="UserWarning: old\n"))
    chapter.save()


@wrong("metadata", "widget state")
def widget_state_was_stored(chapter):
    chapter.nb.metadata["widgets"] = {"state": {}}
    chapter.save()


@wrong("in_sync", "the cells for Colab are stale")
def the_badge_leads_to_another_repository(chapter):
    chapter.nb.cells[1].source = chapter.nb.cells[1].source.replace("/blob/", "/tree/")
    chapter.save()


# --- The test -----------------------------------------------------------------


KINDS = ("yml", "bib", "ipynb", "md")  # of the files in book/


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory):
    """The files that the checks read, as they are now."""
    root = tmp_path_factory.mktemp("snapshot")
    for folder in ("book/results", "src/vitlib"):
        left_out = shutil.ignore_patterns("assets", "__pycache__")
        shutil.copytree(ROOT / folder, root / folder, ignore=left_out)
    kinds = ("_*.yml", "README*.md", *(f"book/*.{k}" for k in KINDS))
    for path in (path for kind in kinds for path in ROOT.glob(kind)):
        shutil.copy(path, root / path.relative_to(ROOT))
    return root


@pytest.fixture(scope="module")
def sound():
    """{chapter: its faults when nothing is spoiled}, as far as it was needed."""
    return {}


@pytest.mark.counted("wrong books")
@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_book_is_caught(tmp_path, snapshot, sound, name, tell):
    check, said, spoil = WRONG[name]
    for notebook in Book(snapshot).notebooks:
        chapter = Chapter(snapshot, tmp_path / notebook.name, notebook.name)
        if chapter.name not in sound:
            sound[chapter.name] = chapter.faults()
        if spoil(chapter) is not False:
            break
    else:
        pytest.fail("no chapter has a place for it")
    after, before = chapter.faults(), sound[chapter.name]
    new = {key: [*(after[key] - before[key])] for key in after}
    assert {key for key, faults in new.items() if faults} == {check}, new
    assert any(said in fault for fault in new[check]), new[check]
    tell(f"wrong book: {name} -> caught by {check}: {new[check][0][:90]}")


def test_every_check_has_caught_a_wrong_book():
    assert {check for check, _, _ in WRONG.values()} == set(CHECKS)
