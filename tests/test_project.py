"""The project as a whole: what is promised is there, and nothing that shouldn't be."""

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from collections import Counter
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import nbformat
import pytest
import yaml
from nbformat.v4 import new_code_cell, new_notebook

from tools import verify
from vitlib.files import PACKAGE

ROOT = Path(__file__).parents[1]
SRC = ROOT / "src" / "vitlib"
SOFT, HARD = 250, 300  # lines of a module: worth a look, too many

PROMISED = [
    *("README.md", "README.ko.md", "CONTRIBUTING.md", "CONTRIBUTING.ko.md"),
    *("LICENSE", "LICENSE-TEXT", "Makefile", "pyproject.toml"),
    *("requirements.txt", "constraints.txt", "_config.yml", "_toc.yml"),
    *(".ci/run", "tools/setup.sh", "tools/verify.py", "tools/sync.py"),
    *(f".github/workflows/{n}.yml" for n in ("test", "gpu", "publish", "versions")),
]
TARGETS = {"help", "setup", "book", "serve", "test", "sync", "record", "run"}
TARGETS |= {"assignment", "slides", "versions", "bench", "format", "clean"}

MODELS = {"expect", "mlp", "patch_embedding", "block", "classifier", "vit", "swin"}
MODELS |= {"discussion", "right_shape_wrong_model"}
NOT_FOR_MODELS = {"data", "figures", "widgets", "training", "curves", "pretrained"}
NOT_FOR_MODELS |= {"recorded", "representation"}
# Installed for the chapters and for D2L; `import vitlib` must not need them.
NOT_NEEDED = ["d2l", "torchvision", "pandas", "scipy", "requests", "IPython", "tools"]


@cache
def project_files():
    """Files that are tracked or would be: what a clone, or an archive, holds."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if found.returncode == 0 and found.stdout:
        paths = [ROOT / line for line in found.stdout.splitlines()]
    else:  # an archive, without git
        made = {".venv", "_build", "build", "__pycache__", ".ruff_cache", ".git"}
        paths = [
            p for p in ROOT.rglob("*") if not made & set(p.relative_to(ROOT).parts)
        ]
    return sorted(p for p in paths if p.is_file())


def texts():
    """(path from the root, content) of every text file of the project."""
    for path in project_files():
        try:
            yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a picture, a font, weights


# --- What is promised ------------------------------------------------------


@pytest.mark.parametrize("name", PROMISED)
def test_promised_file_is_there(name):
    path = ROOT / name
    assert path.is_file(), f"{name} is missing"
    assert path.stat().st_size > 0, f"{name} is empty"


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_make_has_target_and_help_in_both_languages(name):
    line = re.search(rf"^{name}:.*?## (.+) \| (.+)$", read("Makefile"), re.M)
    assert line, f"Makefile: no target {name!r} with '## English | 한국어'"
    assert not re.search("[가-힣]", line[1])
    assert re.search("[가-힣]", line[2])


@pytest.mark.parametrize("name", ["README", "CONTRIBUTING"])
def test_both_languages_name_the_same_commands_files_and_links(name):
    """Prose may differ; what a reader types or follows may not."""
    english, korean = read(f"{name}.md"), read(f"{name}.ko.md")
    assert fences(english) == fences(korean)
    for pattern in (r"^#+ ", r"^\s*(?:[-*]|\d+\.) ", r"^\|"):
        count = [len(re.findall(pattern, t, re.M)) for t in (english, korean)]
        assert count[0] == count[1], f"{name}: {pattern!r} occurs {count} times"
    spans = [set(code_spans(text)) for text in (english, korean)]
    assert spans[0] == spans[1], spans[0] ^ spans[1]
    links = [
        {link.replace(".ko.md", ".md") for link in links_of(t)}
        for t in (english, korean)
    ]
    assert links[0] == links[1], links[0] ^ links[1]


@pytest.mark.parametrize(
    "name", ["README.md", "README.ko.md", "CONTRIBUTING.md", "CONTRIBUTING.ko.md"]
)
def test_commands_and_links_of_the_guides_exist(name):
    text = read(name)
    typed = "\n".join([*code_spans(text), fences(text)])
    commands = set(re.findall(r"\bmake ([a-z]+)\b", typed))
    assert commands <= TARGETS, f"{name}: no such target {commands - TARGETS}"
    for link in links_of(text):
        if not link.startswith(("http", "#")):
            assert (ROOT / link.split("#")[0]).exists(), f"{name}: {link} is not there"


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def fences(text):
    """All fenced commands; a tree's remarks, after `#`, are in the text's language."""
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.M | re.S)
    return "\n".join(re.sub(r"\s*#.*", "", block) for block in blocks)


def code_spans(text):
    return re.findall(
        r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    )


def links_of(text):
    return set(re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`\n]+`", "", text)))


# --- Machinery -------------------------------------------------------------


def test_workflows_and_issue_forms_fit_their_schemas():
    for schema, folder in [
        ("github-workflows", ".github/workflows"),
        ("github-issue-forms", ".github/ISSUE_TEMPLATE"),
    ]:
        files = [str(path) for path in sorted((ROOT / folder).glob("*.yml"))]
        assert files, f"{folder} is empty"
        check(["check_jsonschema", "--builtin-schema", f"vendor.{schema}", *files])


def test_schema_check_can_fail(tmp_path):
    wrong = read(".github/workflows/test.yml").replace("runs-on", "run-on")
    (tmp_path / "wrong.yml").write_text(wrong)
    command = ["check_jsonschema", "--builtin-schema", "vendor.github-workflows"]
    with pytest.raises(AssertionError, match="run-on"):
        check([*command, str(tmp_path / "wrong.yml")])


@pytest.mark.parametrize("name", ["test", "gpu", "publish", "colab", "versions"])
def test_workflow_calls_what_exists(name):
    workflow = yaml.safe_load(read(f".github/workflows/{name}.yml"))
    assert workflow["permissions"] == {"contents": "read"}
    scripts = [
        step["run"]
        for job in workflow["jobs"].values()
        for step in job["steps"]
        if "run" in step
    ]
    for script in scripts:
        for target in re.findall(r"\bmake ([a-z]+)", script):
            assert target in TARGETS
        for module in re.findall(r"-m tools\.(\w+)", script):
            assert (ROOT / "tools" / f"{module}.py").is_file()
        for file in re.findall(r"(?<!\S)\.ci/\w+", script):
            assert (ROOT / file).is_file()


def test_gpu_workflow_fails_without_a_gpu_before_anything_else():
    jobs = yaml.safe_load(read(".github/workflows/gpu.yml"))["jobs"]
    first = jobs["full"]["steps"][0]["run"]
    done = subprocess.run(
        ["bash", "-e", "-c", f"nvidia-smi() {{ return 127; }}\n{first}"],
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    assert "::error::" in done.stdout


def test_shell_scripts_are_clean():
    scripts = [str(ROOT / ".ci" / "run"), str(ROOT / "tools" / "setup.sh")]
    shellcheck = Path(sys.executable).parent / "shellcheck"
    done = subprocess.run([shellcheck, *scripts], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111, ".ci/run is not executable"


def test_constraints_hold_a_version_for_every_requirement():
    pinned = {name(line) for line in lines("constraints.txt")}
    assert all("==" in line for line in lines("constraints.txt"))
    for line in lines("requirements.txt"):
        assert name(line) in pinned, f"constraints.txt has no version of {line}"
        assert ">=" in line, f"{line}: no lower bound"
        assert "==" not in line, f"{line}: exact versions go into constraints.txt"


def lines(file):
    """The lines of a requirements file without remarks."""
    found = (line.split("#")[0].strip() for line in read(file).splitlines())
    return [line for line in found if line]


def name(requirement):
    return re.split(r"[<>=~!\[; ]", requirement)[0].lower().replace("_", "-")


def check(module_and_words):
    done = subprocess.run(
        [sys.executable, "-m", *module_and_words], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


# --- What must not be there ------------------------------------------------

MACHINE = re.compile(
    r"(?<![\w./~-])/(?:work|root|home|Users|tmp|mnt|opt)/[\w.-]"
    r"|[A-Z]:\\Users\\"
    r"|--(?:extra-)?index-url|--find-links|--trusted-host"
)


def test_no_file_names_a_machine():
    found = [
        f"{file}:{text[: hit.start()].count(chr(10)) + 1}: {hit[0]}"
        for file, text in texts()
        for hit in MACHINE.finditer(text)
    ]
    # this file names the options, so as to find them
    assert [f for f in found if not f.startswith("tests/test_project.py")] == []


@pytest.mark.parametrize(
    "text",
    ["see /" + "home/ann/book", "C:" + r"\Users\ann", "pip install --index" + "-url x"],
)
def test_machine_pattern_finds(text):
    assert MACHINE.search(text)


@pytest.mark.parametrize(
    "text", ["~/" + "home/x", "docs/" + "work/a", "https://a.b/" + "home/x", "and/or"]
)
def test_machine_pattern_passes(text):
    assert not MACHINE.search(text)


def test_repository_address_stands_in_one_place():
    """`_config.yml` says it; elsewhere only `make sync` writes it."""
    url = yaml.safe_load(read("_config.yml"))["repository"]["url"].rstrip("/")
    slug = "/".join(url.split("/")[-2:])
    for file, text in texts():
        if file == "_config.yml":
            continue
        if file.endswith(".ipynb"):
            cells = json.loads(text)["cells"]
            written = [c for c in cells if "colab" in c["metadata"].get("tags", [])]
            rest = ["".join(c["source"]) for c in cells if c not in written]
        else:
            rest = [
                re.sub(r"<!-- sync:(\w+) -->.*?<!-- /sync:\1 -->", "", text, flags=re.S)
            ]
        for part in rest:
            assert slug not in part, f"{file} names {slug}: let `make sync` write it"


# --- The package -----------------------------------------------------------


def imports(path):
    """Names of all modules that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def imported_parts(path):
    """Modules of vitlib that a file of it imports."""
    parts = {name.split(".")[1] for name in imports(path) if name.startswith("vitlib.")}
    return parts & {p.stem for p in SRC.iterdir()}


def test_modules_are_short():
    """Each can be read in one sitting."""
    length = {
        path.relative_to(SRC).as_posix(): len(path.read_text("utf-8").splitlines())
        for path in sorted(SRC.rglob("*.py"))
    }
    for file, count in length.items():
        print(f"{count:4} {file}{'  worth a look' if count > SOFT else ''}")
    assert {f: n for f, n in length.items() if n > HARD} == {}


def test_package_never_imports_the_machinery():
    for path in SRC.rglob("*.py"):
        assert not {n for n in imports(path) if n.split(".")[0] in ("tools", "tests")}


@pytest.mark.parametrize("module", sorted(MODELS))
def test_models_import_no_support(module):
    assert not imported_parts(SRC / f"{module}.py") & NOT_FOR_MODELS


def test_imports_go_one_way():
    graph = {
        path.stem: imported_parts(path)
        for path in SRC.glob("*.py")
        if path.stem != "__init__"
    }
    order = list(TopologicalSorter(graph).static_order())  # a circle raises CycleError
    assert order.index("mlp") < order.index("block") < order.index("vit")


def test_vitlib_imports_without_what_only_chapters_need():
    program = f"""
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {NOT_NEEDED!r}:
            raise ModuleNotFoundError(f"refused: {{name}}", name=name)

sys.meta_path.insert(0, Refuse())
import vitlib
vitlib.ViT(28, 7, 8, 16, 2, 1, 0.0, 0.0)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=SRC.parent
    )
    assert done.returncode == 0, done.stderr


# --- The runner behind `make test` -----------------------------------------


@pytest.mark.parametrize(
    ("body", "ok", "counts", "covered"),
    [
        ("tell('pairs 3/3')", True, {"passed": 1}, {"pairs": (3, 3)}),
        ("tell('pairs 2/3')", False, {"passed": 1, "failed": 1}, {"pairs": (2, 3)}),
        ("assert False", False, {"failed": 1}, {}),
        ("pytest.skip()", False, {"skipped": 1, "failed": 1}, {}),
    ],
)
def test_a_stage_says_what_came_of_it(tmp_path, body, ok, counts, covered):
    """Also where all tests pass but something was left out: that is a failure."""
    (tmp_path / "test_it.py").write_text(
        "import pytest\n"
        "def test_it(record_property):\n"
        "    tell = lambda text: record_property('told', text)\n"
        f"    {body}\n"
    )
    command = [*verify.PYTEST, "-q", "--rootdir", str(tmp_path), str(tmp_path)]
    stage = verify.Stage("trial", "", [command], tests=True)
    stage.run(verify.environment("quick"), tmp_path)
    assert (stage.ok, dict(stage.counts), stage.covered) == (ok, counts, covered)


@pytest.mark.parametrize("tests", [True, False])
def test_a_stage_that_cannot_run_counts_as_failed(tmp_path, tests):
    stage = verify.Stage("trial", "", [[sys.executable, "-c", "exit(3)"]], tests=tests)
    stage.run(verify.environment("quick"), tmp_path)
    assert not stage.ok
    assert stage.counts == {"failed": 1}


def test_the_stages_are_those_that_contributing_explains():
    table = read("CONTRIBUTING.md").split("## What each stage of the test means")[1]
    rows = re.findall(r"^\| `(\w+)` \|", table, re.M)
    assert [stage.name for stage in verify.stages("quick")] == rows


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("lint", "-m ruff check ."),
        ("lint", "-m ruff format --check ."),
        ("sync", "-m tools.sync --check"),
        ("package", "-m pytest -p no:cacheprovider -rfEs tests --ignore=tests/pages"),
        ("notebooks", "book/ --nbval --nbval-current-env --nbval-cell-timeout=300"),
        ("notebooks", "-p tools.nbval_plugin"),
        ("build", "jupyter-book build . --all -W -n --keep-going"),
        ("pages", "-m pytest -p no:cacheprovider -rfEs tests/pages"),
    ],
)
def test_a_stage_runs_its_whole_check(name, typed):
    (stage,) = [stage for stage in verify.stages("quick") if stage.name == name]
    assert any(" ".join(command).endswith(typed) or f"{typed} " in " ".join(command)
               for command in stage.commands)  # fmt: skip


@pytest.mark.parametrize("codes", [(0, 0), (3, 0), (0, 3)])
def test_the_runner_fails_with_any_stage(monkeypatch, codes):
    def stages(profile):
        return [
            verify.Stage(f"trial{code}", "", [[sys.executable, "-c", f"exit({code})"]])
            for code in codes
        ]

    monkeypatch.setattr(verify, "stages", stages)
    monkeypatch.setattr(sys, "argv", ["verify"])
    assert verify.main() == any(codes)


@pytest.mark.parametrize("target", ["test", "sync", "record", "run", "book"])
def test_make_fails_with_what_it_runs(tmp_path, target):
    """With an environment whose programs all fail, but for the look at it."""
    (tmp_path / "bin").mkdir()
    for name in ("python", "jupyter-book"):
        program = tmp_path / "bin" / name
        program.write_text('#!/bin/sh\n[ "$1" = - ] && exit 0; echo called; exit 3\n')
        program.chmod(0o755)
    done = subprocess.run(
        ["make", target, f"VENV={tmp_path}", "NAME=x"],
        cwd=ROOT,
        env={k: v for k, v in os.environ.items() if not k.startswith("MAKE")},
        capture_output=True,
        text=True,
    )
    assert "called" in done.stdout
    assert done.returncode == 2, done.stdout


def test_workflows_check_everything_and_excuse_nothing():
    flows = {
        path.stem: yaml.safe_load(path.read_text(encoding="utf-8"))
        for path in (ROOT / ".github" / "workflows").glob("*.yml")
    }
    assert {"push", "pull_request"} <= flows["test"][True].keys()  # `on` is True
    for name, job, script in [
        ("test", "test", ".ci/run"),
        ("gpu", "full", ".ci/run PROFILE=full"),
        ("versions", "versions", ".ci/run NAME=${{ matrix.cell }}"),
    ]:
        assert script in [step.get("run") for step in flows[name]["jobs"][job]["steps"]]
    assert PACKAGE in re.findall(r"[\w-]+", read(".ci/run"))  # the data, from Debian
    assert read(".ci/run").endswith('\n\nexec make "${TARGET:-test}" "$@"\n')
    condition = flows["publish"]["jobs"]["publish"]["if"]
    assert "workflow_run.conclusion == 'success'" in condition
    excuse = re.compile(
        r"\|\| *(?:true|:)(?!\w)|continue-on-error|set \+e|^\t@?-", re.M
    )
    files = ["Makefile", ".ci/run", "tools/setup.sh"]
    for name in [*files, *(f".github/workflows/{name}.yml" for name in flows)]:
        assert not excuse.search(read(name)), name


# --- The tests themselves ----------------------------------------------------


def test_every_function_of_the_tests_is_a_test_or_is_used():
    """A test whose name is misspelled is never collected."""
    texts = {p: p.read_text("utf-8") for p in (ROOT / "tests").rglob("*.py")}
    words = Counter(word for t in texts.values() for word in re.findall(r"\w+", t))
    for path, text in texts.items():
        for node in ast.parse(text).body:
            if not isinstance(node, ast.FunctionDef):
                continue
            where = f"{path.relative_to(ROOT)}: {node.name}"
            marks = " ".join(ast.unparse(mark) for mark in node.decorator_list)
            if node.name.startswith("test_"):
                assert path.stem.startswith("test_"), f"{where} is not collected"
                continue
            assert "pytest.mark." not in marks, f"{where} is no test"
            registered = marks and not marks.startswith(("pytest.fixture", "cache"))
            if not (registered or "autouse" in marks or node.name[:7] == "pytest_"):
                assert words[node.name] > 1, f"{where} is not used"


def test_pytest_leaves_nothing_out():
    project = tomllib.loads(read("pyproject.toml"))
    assert project["tool"]["pytest"]["ini_options"] == {
        "testpaths": ["tests"],
        "addopts": "-q --strict-markers",
        "empty_parameter_set_mark": "fail_at_collect",
    }
    for path in (ROOT / "tests").rglob("conftest.py"):
        assert not re.search("collect_ignore|deselect", path.read_text("utf-8"))


@pytest.mark.parametrize(
    "file", ["src/vitlib/made.py", "tests/made.py", "book/a.ipynb"]
)
@pytest.mark.parametrize(
    ("line", "rule"),
    [("1 == 2", "B015"), ("assert (1, 'no')", "F631"), ("x = y", "F821")],
)
def test_lint_notices(file, line, rule):
    text = f"{line}\nprint()\n"
    if file.endswith(".ipynb"):
        text = nbformat.writes(new_notebook(cells=[new_code_cell(text)]))
    command = [*verify.RUFF, "check", "--stdin-filename", file, "-"]
    done = subprocess.run(command, input=text, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert rule in done.stdout


def test_quick_hides_the_gpu_and_full_is_strict(monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)  # make test sets it
    quick, full = verify.environment("quick"), verify.environment("full")
    assert quick["CUDA_VISIBLE_DEVICES"] == ""
    assert full["VITLIB_STRICT"] == "1"
    assert full.get("CUDA_VISIBLE_DEVICES") != ""


# --- Setting up, with a Python that only pretends to ------------------------

PRETENDER = """#!/bin/sh
case "$*" in
  *version_info*) [ ! -e old ] ;;
  *ensurepip*) [ ! -e without_venv ] ;;
  *"-m venv"*) mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
  *"-m pip"*) echo "$*" >>pip.log && [ ! -e broken ] ;;
esac
"""


@pytest.fixture
def clone(tmp_path):
    """A folder with what tools/setup.sh reads, and a function that runs it."""
    (tmp_path / "tools").mkdir()
    for name in ("requirements.txt", "constraints.txt", "pyproject.toml"):
        (tmp_path / name).write_text(read(name))
    (tmp_path / "tools" / "setup.sh").write_text(read("tools/setup.sh"))
    python = tmp_path / "python"
    python.write_text(PRETENDER)
    python.chmod(0o755)

    def setup(*words):
        log = tmp_path / "pip.log"
        log.write_text("")
        done = subprocess.run(
            ["sh", "tools/setup.sh", *words],
            cwd=tmp_path,
            env=os.environ | {"PYTHON": str(python)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        return done, log.read_text().splitlines()

    return tmp_path, setup


def test_set_up_once_and_again_only_when_it_must(clone):
    folder, setup = clone
    installed = ["-r requirements.txt -c constraints.txt", "--no-deps d2l==1.0.3"]

    def works(expected):
        done, calls = setup()
        assert done.returncode == 0, done.stderr
        assert len(calls) == len(expected)
        assert all(e in c for e, c in zip(expected, calls, strict=True))

    works(installed)
    works([])  # it is there and whole
    (folder / ".venv" / "ready").unlink()
    works(installed)  # it was half made
    with (folder / "constraints.txt").open("a") as file:
        file.write("six==1.17.0\n")
    works(installed)  # its lists have changed
    (folder / ".venv" / "bin" / "python").write_text("#!/bin/sh\nexit 1\n")
    works(installed)  # its Python is gone
    works([])


@pytest.mark.parametrize(
    ("state", "remedy"),
    [
        ("old", "apt-get install python3"),
        ("without_venv", "apt-get install python3-venv"),
        ("broken", "pip"),
    ],
)
def test_set_up_says_in_both_languages_what_is_missing(clone, state, remedy):
    folder, setup = clone
    (folder / state).touch()
    done, _ = setup()
    assert done.returncode == 1
    english, korean = done.stderr.strip().splitlines()[-2:]
    assert remedy in english
    assert remedy in korean
    assert re.search("[가-힣]", korean)
    (folder / state).unlink()
    assert setup()[0].returncode == 0, "the next try starts over"


def test_own_environment_is_looked_at_and_not_changed(clone):
    folder, setup = clone
    done, calls = setup("mine")
    assert done.returncode == 1
    assert "mine" in done.stderr
    assert calls == []
    assert not (folder / "mine").exists()
    assert setup(sys.prefix)[0].returncode == 0
