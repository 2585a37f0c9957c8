"""The handout of an assignment: one page to print or to read on a phone."""

import html
import os
import re

from tools import exercises
from tools.address import Repository
from tools.book import ROOT
from tools.offline import (
    BOOK,
    HEADING,
    MARKDOWN,
    in_language,
    page,
    with_addresses,
)
from vitlib.exercises import given
from vitlib.exercises.judge import find

ASSIGNMENT = {"en": "Assignment", "ko": "과제"}
WORDS = {
    "en": {
        "fields": ("Name", "Student number", "Due"),
        "todo": "What to do",
        "columns": ("Exercise", "Level", "Time", "Points"),
        "total": "Total",
        "tasks": "The exercises",
        "given": "In your notebook",
        "variant": "Variant",
        "open": "Open the notebook in Colab",
        "upload": "Open `{file}` in Colab: *File > Upload notebook*.",
        "steps": (
            "Choose *File > Save a copy in Drive* before you begin. Without it, your "
            "work ends with the session.",
            "Run the cells from the top. Write each answer where the cell says "
            "`your code here`, or in place of `None`.",
            "Run the check below the answer. It says what it sees, with new inputs "
            "every time. Hints unfold one at a time.",
            "At the end choose *Runtime > Restart session and run all*, and read "
            "every check once more.",
            "Hand in: *File > Download > Download .ipynb*, then upload that file to "
            "the course's page.",
        ),
    },
    "ko": {
        "fields": ("이름", "학번", "마감"),
        "todo": "할 일",
        "columns": ("문제", "난이도", "시간", "배점"),
        "total": "합계",
        "tasks": "문제",
        "given": "노트북에서 주어지는 값",
        "variant": "변형",
        "open": "Colab에서 노트북을 엽니다",
        "upload": "Colab의 *파일 > 노트 업로드*에서 `{file}` 파일을 엽니다.",
        "steps": (
            "시작하기 전에 *파일 > Drive에 사본 저장*을 누르세요. 그러지 않으면 "
            "세션이 끝날 때 작업이 사라집니다.",
            "위에서부터 셀을 실행합니다. 셀에 `여기에 작성하세요`라고 적힌 곳이나 "
            "`None`이 있는 곳에 답을 쓰세요.",
            "답 아래의 검사를 실행합니다. 검사는 입력을 매번 새로 뽑아, 무엇이 "
            "보이는지 알려 줍니다. 힌트는 하나씩 펼쳐 볼 수 있습니다.",
            "다 풀면 *런타임 > 세션 다시 시작 및 모두 실행*을 누르고, 검사 결과를 "
            "하나하나 다시 읽어 보세요.",
            "내는 방법: *파일 > 다운로드 > .ipynb 다운로드*로 받은 파일을 강의 "
            "페이지에 올립니다.",
        ),
    },
}
META = re.compile(r"\*`(?P<id>[\w.]+)` · (?P<level>[^·]+) · (?P<time>[^·]+) · [^·]+\*")
STYLE = """
:root { color-scheme: light dark; --ink: light-dark(#1c2126, #e2e5e8);
  --soft: light-dark(#57606a, #a5adb5); --line: light-dark(#cfd5db, #4a525b); }
body { margin: 0 auto; padding: 1.5rem 1.1rem 3rem; max-width: 43rem;
  color: var(--ink); background: light-dark(#fff, #15181c); line-height: 1.6;
  font-family: Pretendard, system-ui, -apple-system, "Apple SD Gothic Neo",
    "Malgun Gothic", "Noto Sans KR", "NanumBarunGothic", sans-serif; }
[lang=ko] { word-break: keep-all; overflow-wrap: anywhere; line-height: 1.7; }
article + article { margin-top: 4rem; }
header p { margin: 0; color: var(--soft); font-size: .9rem; }
h1 { margin: .1rem 0 1rem; font-size: 1.7rem; line-height: 1.25; }
h2 { margin: 1.9rem 0 .5rem; font-size: 1.2rem; }
h3 { margin: 1.5rem 0 .2rem; font-size: 1.03rem; }
.fields { display: flex; flex-wrap: wrap; gap: .7rem 1.2rem; }
.fields span { flex: 1 1 11rem; padding-bottom: 1.7rem; font-size: .85rem;
  color: var(--soft); border-bottom: 1px solid var(--soft); }
ol { padding-left: 1.3rem; } li { margin: .25rem 0; } p { margin: .5rem 0; }
table { border-collapse: collapse; width: 100%; font-size: .93rem; }
.wide { overflow-x: auto; }
th, td { padding: .32rem .8rem .32rem 0; text-align: left; vertical-align: top;
  border-bottom: 1px solid var(--line); }
th { font-weight: 600; }
.sum td { font-weight: 600; border-bottom: 0; }
.points td:nth-child(n+2), .points th:nth-child(n+2) { white-space: nowrap; }
.points td:last-child, .points th:last-child { text-align: right; padding-right: 0; }
.meta { margin: 0; color: var(--soft); font-size: .88rem; }
.meta em { font-style: normal; }
[lang=ko] em { font-style: normal; font-weight: 600; }
[lang=ko] .meta em { font-weight: inherit; }
code { font: .88em ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono",
  monospace; overflow-wrap: anywhere; }
pre { overflow-x: auto; }
a { color: light-dark(#1f5f8b, #8cc4ea); }
blockquote { margin: .6rem 0; padding-left: .9rem; border-left: 3px solid var(--line); }
div.math { overflow-x: auto; overflow-y: hidden; margin: .6rem 0; }
.katex { font-size: 1.06em; } .glued { white-space: nowrap; }
@page { size: A4; margin: 17mm 18mm; }
@media print {
  :root { color-scheme: light; }
  body { padding: 0; max-width: none; font-size: 10.5pt; line-height: 1.5; }
  [lang=ko] { line-height: 1.58; }
  article + article { margin: 0; break-before: page; }
  h1, h2, h3, .meta { break-after: avoid; }
  tr, li, section p { break-inside: avoid; }
  .open a[href]::after { content: " (" attr(href) ")"; overflow-wrap: anywhere; }
}
"""


def titles(notebook):
    """{exercise: {"en": title, "ko": title}}, from the headings above the tasks."""
    found, last = {}, None
    heads = {task.answer: task.id for task in exercises.tasks(notebook)}
    for i, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown":
            last = HEADING.fullmatch(cell.source) or last
        elif i in heads:
            names = (re.sub(r"^\d+\. ", "", last[k]) for k in ("en", "ko"))
            found[heads[i]] = dict(zip(("en", "ko"), names, strict=True))
    return found


def handout(name, language="both", variant=0, badge=None, students=(), root=ROOT):
    """The page as HTML; with both languages, the Korean one follows the English.

    Args:
        badge: the address that opens the notebook in Colab, if there is one.
        students: who has a copy of their own; then no constants are told.
    """
    notebook = exercises.source(name, root)
    languages = ("en", "ko") if language == "both" else (language,)
    told = None if students else variant
    articles = [
        _article(notebook, name, lang, told, None if students else badge, root)
        for lang in languages
    ]
    title = in_language(notebook.cells[0].source, languages[0]).lstrip("# ")
    return page(title, language, "\n".join(articles), STYLE, root=root)


def _article(notebook, name, language, variant, badge, root):
    words, site = WORDS[language], Repository.of(root, os.environ).site
    names = titles(notebook)
    texts = _texts(notebook, language, site)
    title = in_language(notebook.cells[0].source, language).lstrip("# ")
    title = title.partition(": ")[2] or title
    number = f" · {words['variant']} {variant}" if variant else ""
    fields = "".join(f"<span>{field}</span>" for field in words["fields"])
    tasks = [
        _task(n, task.id, names[task.id][language], *texts[task.id], words, variant)
        for n, task in enumerate(exercises.tasks(notebook), 1)
    ]
    return "\n".join(
        [
            f'<article lang="{language}">\n<header>',
            f"<p>{BOOK[language]} · {ASSIGNMENT[language]}{number}</p>",
            f"<h1>{html.escape(title)}</h1>\n</header>",
            f'<div class="fields">{fields}</div>',
            f"<h2>{words['todo']}</h2>\n{_steps(name, words, badge)}",
            _table(notebook, names, texts, language),
            f"<h2>{words['tasks']}</h2>",
            *tasks,
            "</article>",
        ]
    )


def _texts(notebook, language, site):
    """{exercise: (its line of level, time and points, its task)}, as Markdown."""
    found = {}
    for cell in notebook.cells:
        text = with_addresses(in_language(cell.source, language), site)
        if cell.cell_type == "markdown" and (meta := META.search(text)):
            found[meta["id"]] = meta, text.replace(meta[0], "", 1).strip()
    return found


def _steps(name, words, badge):
    opening = words["upload"].format(file=f"{name}.ipynb")
    if badge:
        opening = f"[{words['open']}]({badge})."
    listed = "\n".join(f"1. {step}" for step in (opening, *words["steps"]))
    return f'<div class="open">\n{MARKDOWN.render(listed)}</div>'


def _table(notebook, names, texts, language):
    words = WORDS[language]
    head = "".join(f"<th>{column}</th>" for column in words["columns"])
    rows, minutes, points = [], 0, 0
    for n, task in enumerate(exercises.tasks(notebook), 1):
        meta = texts[task.id][0]
        name = MARKDOWN.renderInline(names[task.id][language])
        cells = f"{n}. {name}", meta["level"], meta["time"], f"{task.points:g}"
        rows.append("".join(f"<td>{cell}</td>" for cell in cells))
        minutes += int(re.search(r"\d+", meta["time"])[0])
        points += task.points
    time = re.sub(r"\d+", str(minutes), meta["time"])
    total = f"<td>{words['total']}</td><td></td><td>{time}</td><td>{points:g}</td>"
    body = "".join(f"<tr>{row}</tr>\n" for row in rows)
    return (
        f'<div class="wide"><table class="points">\n<tr>{head}</tr>\n{body}'
        f'<tr class="sum">{total}</tr>\n</table></div>'
    )


def _task(n, id, title, meta, text, words, variant):
    line = MARKDOWN.render(meta[0]).replace("<p>", '<p class="meta">')
    if constants := _constants(id, variant):
        text += f"\n\n{words['given']}: {constants}."
    return (
        f'<section class="task">\n<h3>{n}. {MARKDOWN.renderInline(title)}</h3>\n'
        f"{line}{MARKDOWN.render(text)}</section>"
    )


def _constants(id, variant):
    """The constants of an exercise in a variant, where all are single numbers."""
    if variant is None or not find(id).constants:
        return ""
    values = given(id, variant)
    if not all(isinstance(value, (int, float)) for value in values.values()):
        return ""
    return ", ".join(f"`{name} = {value}`" for name, value in values.items())
