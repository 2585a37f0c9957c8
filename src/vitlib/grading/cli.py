"""The command line: `vitlib-grade SUBMISSIONS --bundle BUNDLE --out RESULTS`."""

import argparse
import os
import sys
from pathlib import Path

import vitlib
from vitlib.grading import bundle as bundles
from vitlib.grading import crew, names, overview, reports, sandbox, submission
from vitlib.grading.remote import Limits

REFUSED, STOPPED = 2, 130


def main(arguments=None):
    """Grade a folder of notebooks; exit status 0, 2 (refused), 130 (Ctrl-C)."""
    options = _parser().parse_args(arguments)
    try:
        return _grade(options)
    except bundles.BadBundle as error:
        return _refuse(*error.args)
    except KeyboardInterrupt:
        say(
            "Stopped. What is graded is kept: the same command goes on from there.",
            "멈췄습니다. 채점한 것은 남아 있으니, 같은 명령으로 이어서 할 수 있습니다.",
        )
        return STOPPED


def _parser():
    parser = argparse.ArgumentParser(
        prog="vitlib-grade",
        description="Grade returned notebooks in a sandbox. "
        "제출된 노트북을 샌드박스에서 채점합니다.",
    )
    add = parser.add_argument
    add("submissions", type=Path, help="folder of the notebooks | 노트북이 든 폴더")
    add("--bundle", type=Path, required=True, help="NAME.grading.json")
    add("--out", type=Path, required=True, help="folder for the results | 결과 폴더")
    add("--jobs", type=int, default=os.cpu_count(), help="processes | 프로세스 수")
    add("--again", action="store_true", help="grade all anew | 모두 다시 채점")
    add(
        "--allow-no-isolation",
        action="store_true",
        help="where no sandbox can be made, do without | 샌드박스 없이도 채점",
    )
    for name, what in (
        ("call", "a cell or a call may take | 셀이나 호출 하나의 제한 시간"),
        ("exercise", "an exercise may take | 문제 하나의 제한 시간"),
        ("submission", "a notebook may take | 노트북 하나의 제한 시간"),
    ):
        default = getattr(Limits, name)
        text = f"seconds {what} ({default:g})"
        add(f"--{name}-seconds", type=float, default=default, help=text)
    memory = "MB that a student's code may take | 학생 코드가 쓸 수 있는 메모리"
    add("--memory", type=int, default=Limits.memory, help=f"{memory} ({Limits.memory})")
    return parser


def _grade(options):
    bundle = bundles.read(options.bundle)
    if not options.submissions.is_dir():
        return _refuse(
            f"{options.submissions} is not a folder.",
            f"{options.submissions}: 폴더가 아닙니다.",
        )
    isolated = _isolated(options.allow_no_isolation)
    if isolated is None:
        return REFUSED
    if bundle.vitlib != vitlib.__version__:
        say(
            f"The bundle was made by vitlib {bundle.vitlib}, this is "
            f"{vitlib.__version__}.",
            f"채점 묶음은 vitlib {bundle.vitlib}, 지금 쓰는 것은 {vitlib.__version__} "
            f"버전입니다.",
        )
    settings = crew.Settings(
        options.submissions, options.bundle, _limits(options), isolated
    )
    results = _results(options, bundle, settings)
    results.sort(key=lambda result: result["student"])
    overview.write(options.out, results)
    points = sum(result["points"] for result in results) / max(len(results), 1)
    say(
        f"{len(results)} submissions, mean {points:.1f}: {options.out}/summary.md",
        f"제출물 {len(results)}개, 평균 {points:.1f}점: {options.out}/summary.md",
    )
    return 0


def _isolated(allowed):
    """Whether there is a sandbox; None if there is none and none is not allowed."""
    lacking = sandbox.missing()
    if lacking is None:
        return True
    say(*lacking)
    if os.name != "posix":
        return None
    if allowed:
        say(*reports.UNSAFE)
        return False
    say(
        "Nothing was graded: without a sandbox, the code of a notebook can read and "
        "delete your files. --allow-no-isolation grades with time limits only.",
        "채점하지 않았습니다. 샌드박스가 없으면 노트북의 코드가 파일을 읽거나 지울 수 "
        "있습니다. --allow-no-isolation을 붙이면 시간 제한만 두고 채점합니다.",
    )
    return None


def _limits(options):
    return Limits(
        call=options.call_seconds,
        exercise=options.exercise_seconds,
        submission=options.submission_seconds,
        memory=options.memory,
    )


def _results(options, bundle, settings):
    """The results of all submissions: those that are there, and the new ones."""
    folder = options.submissions
    found, ignored = names.collect(folder, bundle.assignment, [options.out])
    options.out.mkdir(parents=True, exist_ok=True)
    results, todo = [], []
    for one in found:
        head = submission.head(one, folder, bundle, settings.isolated)
        there = None if options.again else reports.known(options.out, head)
        if there:
            results.append(there)
        else:
            todo.append(one)
    _begin(found, results, ignored)
    for result in crew.mark(todo, settings, max(1, options.jobs)):
        reports.write(options.out, result)
        results.append(result)
        student = overview.field(result["student"])
        points, most = result["points"], result["most"]
        print(
            f"[{len(results)}/{len(found)}] {student}  {points:g}/{most:g}", flush=True
        )
    return results


def _begin(found, there, ignored):
    for path in ignored:
        say(f"Passed over: {path.name!r}", f"건너뜁니다: {path.name!r}")
    if there:
        say(
            f"{len(there)} of {len(found)} are graded already (--again grades anew).",
            f"{len(found)}개 가운데 {len(there)}개는 이미 채점했습니다(--again: 다시 "
            f"채점).",
        )
    for one in found:
        if one.among > 1:
            student = overview.field(one.student)
            say(
                f"{student}: {one.among} notebooks, {one.path.name!r} counts.",
                f"{student}: 노트북 {one.among}개, {one.path.name!r}만 채점합니다.",
            )


def _refuse(en, ko):
    say(en, ko)
    return REFUSED


def say(en, ko):
    """Tell the instructor in both languages."""
    print(f"{en}\n{ko}", file=sys.stderr)
