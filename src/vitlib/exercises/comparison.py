"""Checks of the exercises on comparing two recipes: training.5 and training.6."""

import math
import statistics

from vitlib.exercises import ask
from vitlib.exercises.judge import Wrong, exercise
from vitlib.exercises.study import BASELINE, CONCLUSIONS, HOLDOUT

MINUTES = 20  # the budget of the task
PAIR = "the triple (difference, error, clear)", "(difference, error, clear)"


def _paired(baseline, change):
    """Mean of the differences and its standard error."""
    gains = [b - a for a, b in zip(baseline, change, strict=True)]
    return statistics.mean(gains), statistics.stdev(gains) / math.sqrt(len(gains))


@exercise("training.5")
def paired(answer, draw):
    """`paired(baseline, change)` -> (mean difference, standard error, clear)."""
    # Differences so many standard errors from 0; near 2 other limits show.
    for wanted in (3.5, -3.5, 1.6, 2.6, -0.5, 1.98, -2.05):
        n = draw.whole(5, 8)
        error = draw.real(0.002, 0.004)
        noise = draw.normal(n).double()
        noise = (noise - noise.mean()) / noise.std()
        gains = error * (wanted + math.sqrt(n) * noise)
        baseline = 0.7 + 0.05 * draw.normal(n).double().clamp(-2, 2)
        _ask_about(answer, baseline.tolist(), (baseline + gains).tolist())


def _ask_about(answer, baseline, change):
    n = len(baseline)
    difference, error, clear = ask.sequence(answer(baseline, change), 3, *PAIR)
    difference = ask.number(difference, "the difference", "차이")
    error = ask.number(error, "the standard error", "표준 오차")
    mean, own = _paired(baseline, change)

    def same(found, value):
        return abs(found - value) < 1e-2 * own

    if not same(difference, mean):
        for value, en, ko in (
            (
                -mean,
                "The sign of the difference is turned around: a better change gains.",
                "차이의 부호가 반대입니다. 바꾸어서 나아졌다면 양수여야 합니다.",
            ),
            (
                max(change) - max(baseline),
                "The difference is that of the two best runs. What would it be with "
                "more seeds, and no change at all?",
                "가장 좋은 실행끼리의 차이입니다. 아무것도 바꾸지 않고 시드만 늘리면 "
                "이 값은 어떻게 될까요?",
            ),
        ):
            if same(difference, value):
                raise Wrong(en, ko)
        raise Wrong(
            "The first number is not the mean of the differences, seed by seed.",
            "첫 번째 수가 시드마다 구한 차이의 평균이 아닙니다.",
        )
    if not same(error, own):
        spread = math.sqrt(statistics.variance(baseline) + statistics.variance(change))
        for value, en, ko in (
            (
                spread / math.sqrt(n),
                "The error is that of two independent groups. Seed 3 here and seed 3 "
                "there share much of their luck: what happens to it in a difference?",
                "서로 독립인 두 묶음의 오차입니다. 시드가 같은 두 실행은 운도 많은 "
                "부분이 같습니다. 차이를 구하면 그 운은 어떻게 되나요?",
            ),
            (
                own * math.sqrt(n),
                "The error is the spread of single differences. Their mean, over "
                "several seeds, is known better than one of them.",
                "차이 하나하나가 흩어진 정도입니다. 시드 여러 개로 구한 평균은 차이 "
                "하나보다 더 정확히 알 수 있습니다.",
            ),
            (
                own * math.sqrt((n - 1) / n),
                "The error is a little too small: is the spread taken around a mean "
                "that comes from the same few numbers?",
                "오차가 조금 작습니다. 흩어진 정도를 잴 때 쓴 평균도 바로 그 몇 개의 "
                "수에서 나오지 않았나요?",
            ),
            (
                own / math.sqrt(n),
                "The error is divided once too often.",
                "오차를 한 번 더 나누었습니다.",
            ),
        ):
            if same(error, value):
                raise Wrong(en, ko)
        raise Wrong(
            "The difference is right, the standard error of its mean is not.",
            "차이는 맞지만 그 평균의 표준 오차가 맞지 않습니다.",
        )
    if hasattr(clear, "item"):
        clear = clear.item()
    if not isinstance(clear, bool):
        raise Wrong(
            "Expected True or False as the third value.",
            "세 번째 값은 True나 False여야 합니다.",
        )
    if clear != (abs(mean) > 2 * own):
        ratio = mean / own
        raise Wrong(
            f"Both numbers are right. The difference is {ratio:.3g} standard errors, "
            f"and the answer calls that {'clear' if clear else 'unclear'}.",
            f"두 수는 맞습니다. 차이가 표준 오차의 {ratio:.3g}배인데 "
            f"{'뚜렷하다고' if clear else '뚜렷하지 않다고'} 답했습니다.",
        )


@exercise("training.6", cases=1, literal=True)
def judge_report(answer, draw):
    """The dict of `Study.report`: was the comparison fair, does the verdict follow?"""
    keys = ("minutes", "seconds", "recipes", "looks", "choice", "conclusion")
    found = ask.table(answer, keys, "the report", "보고서")
    rows = _rows(found["recipes"])
    _fair(rows, found)
    choice = ask.choice(found["choice"], [*rows], "the choice", "choice")
    if choice == "baseline" or _settings(rows, choice) == BASELINE:
        raise Wrong(
            "The choice is the baseline itself. Compare another recipe with it; "
            "'unclear' and 'worse' are results, too.",
            "choice가 기준 모델 자체입니다. 다른 방법과 비교하세요. 'unclear'와 "
            "'worse'도 결과입니다.",
        )
    _seeds(rows, choice)
    _looks(found["looks"], choice)
    mean, error = _paired(rows["baseline"]["val_acc"], rows[choice]["val_acc"])
    said = ask.choice(found["conclusion"], CONCLUSIONS, "the conclusion", "conclusion")
    clear = abs(mean) > 2 * error
    tie = abs(abs(mean) - 2 * error) < 1e-6  # as of gains 1, 1, 4: rounding decides
    verdicts = {("better" if mean > 0 else "worse") if clear or tie else "unclear"}
    if said not in verdicts | ({"unclear"} if tie else set()):
        raise Wrong(
            f"The conclusion {said!r} does not follow from the report's own "
            f"accuracies of {choice!r} and the baseline. What does `paired` say?",
            f"결론 {said!r}은(는) 보고서에 적힌 {choice!r}와(과) 기준 모델의 "
            f"정확도에서 나오지 않습니다. `paired`로 구하면 어떻게 되나요?",
        )


def _rows(recipes):
    """The recipes of a report, each of the right form."""
    if not isinstance(recipes, dict) or "baseline" not in recipes:
        raise Wrong(
            "The report has no recipe 'baseline' to compare with.",
            "보고서에 비교할 기준인 'baseline'이 없습니다.",
        )
    for name, row in recipes.items():
        keys = ("parent", "change", "epochs", "seeds", "val_acc", "seconds")
        ask.table(row, keys, f"the row {name!r}", f"{name!r} 행")
        for seed in _list(row["seeds"], "seeds"):
            ask.whole(seed, "a seed", "시드")
        values = _list(row["val_acc"], "val_acc")
        ask.sequence(values, len(row["seeds"]), f"val_acc of {name!r}", "val_acc")
        for acc in (ask.number(v, "an accuracy", "정확도") for v in values):
            if abs(acc * HOLDOUT - round(acc * HOLDOUT)) > 1e-6 or not 0 <= acc <= 1:
                raise Wrong(
                    f"The accuracy {acc:g} of {name!r} cannot come from counting "
                    f"this study's validation images. Was it rounded or changed?",
                    f"{name!r}의 정확도 {acc:g}: 이 실험의 검증 이미지를 세어서는 나올 "
                    f"수 없는 값입니다. 반올림했거나 고쳤나요?",
                )
    return recipes


def _fair(rows, found):
    """Raise unless the budget was kept and each recipe has one change."""
    minutes, seconds = (
        ask.number(found[key], key, key) for key in ("minutes", "seconds")
    )
    used = sum(
        ask.number(row["seconds"], "seconds", "seconds") for row in rows.values()
    )
    if minutes > MINUTES:
        raise Wrong(
            f"The budget was not kept: `Study` was given {minutes:g} minutes, more "
            f"than the task allows.",
            f"예산을 지키지 않았습니다. `Study`에 준 시간이 {minutes:g}분으로, "
            f"문제에서 정한 것보다 깁니다.",
        )
    if max(seconds, used) > 60 * minutes + 10:
        raise Wrong(
            f"The budget was not kept: {max(seconds, used) / 60:.0f} minutes of "
            f"training, of {minutes:g}.",
            f"예산을 지키지 않았습니다. {minutes:g}분 가운데 "
            f"{max(seconds, used) / 60:.0f}분 동안 학습했습니다.",
        )
    for name, row in rows.items():
        if name == "baseline":
            continue
        if not isinstance(row["parent"], str) or row["parent"] not in rows:
            raise Wrong(
                f"{name!r} changes a recipe that is not in the report.",
                f"{name!r}이(가) 출발점으로 삼은 방법이 보고서에 없습니다.",
            )
        change = row["change"]
        if not isinstance(change, dict) or not set(change) <= set(BASELINE):
            raise Wrong(
                f"The change of {name!r} is not a dict of settings.",
                f"{name!r}의 change가 설정의 사전(dict)이 아닙니다.",
            )
        if len(change) != 1:
            raise Wrong(
                f"{name!r} differs from {row['parent']!r} in {len(change)} settings. "
                f"If the accuracy moves, which of them moved it?",
                f"{name!r}의 설정이 {row['parent']!r}와(과) {len(change)}군데 "
                f"다릅니다. 정확도가 달라진다면 그 가운데 무엇 때문일까요?",
            )
    tried = []
    for name in rows:
        if (settings := _settings(rows, name)) not in [BASELINE, *tried]:
            tried.append(settings)
    if len(tried) < 3:
        raise Wrong(
            f"Recipes with settings of their own, beside the baseline: {len(tried)}. "
            f"The task asks for more.",
            f"기준 모델 말고 설정이 서로 다른 방법이 {len(tried)}가지입니다. 문제에서 "
            f"요구한 것보다 적습니다.",
        )


def _settings(rows, name, later=()):
    """All settings of a recipe: the baseline's, and the changes on the way."""
    if name in later:
        raise Wrong(
            f"The parents of {name!r} lead back to itself and not to the baseline.",
            f"{name!r}의 parent를 거슬러 올라가면 기준 모델이 아니라 제자리로 "
            f"돌아옵니다.",
        )
    row = rows[name]
    settings = BASELINE
    if name != "baseline":
        settings = _settings(rows, row["parent"], (*later, name)) | row["change"]
    if (name == "baseline" and row["change"]) or row["epochs"] != settings["epochs"]:
        raise Wrong(
            f"The row of {name!r} contradicts its change. Was the report edited?",
            f"{name!r} 행이 그 change와 서로 맞지 않습니다. 보고서를 고쳤나요?",
        )
    return settings


def _seeds(rows, choice):
    """Raise unless the recipes were trained with the seeds of the baseline."""
    there = rows["baseline"]["seeds"]
    for name in ("baseline", choice):
        if (count := len(set(rows[name]["seeds"]))) < 3:
            raise Wrong(
                f"Seeds of {name!r}: {count}. How far would the accuracy move with "
                f"another one? Too few to tell.",
                f"{name!r}의 시드가 {count}개입니다. 시드를 바꾸면 정확도가 얼마나 "
                f"달라질지 알기에는 너무 적습니다.",
            )
    for name, row in rows.items():
        same = set(row["seeds"]) <= set(there) and len(row["val_acc"]) > 0
        if not same or (name == choice and row["seeds"] != there):
            raise Wrong(
                f"{name!r} has the seeds {row['seeds']}, the baseline {there}: these "
                f"runs make no pairs.",
                f"{name!r}의 시드는 {row['seeds']}, 기준 모델의 시드는 {there}입니다. "
                f"실행을 둘씩 짝지을 수 없습니다.",
            )


def _looks(looks, choice):
    """Raise unless the test set was seen at most once, after the choice."""
    looks = _list(looks, "looks")
    if len(looks) > 1:
        raise Wrong(
            f"The test set was looked at {len(looks)} times. From the second look "
            f"on, its answer can sway the choice.",
            f"테스트 세트를 {len(looks)}번 보았습니다. 두 번째부터는 그 결과가 선택에 "
            f"영향을 줄 수 있습니다.",
        )
    for look in looks:
        look = ask.table(look, ("recipe", "runs_after"), "a look", "looks의 항목")
        runs = ask.whole(look["runs_after"], "runs_after", "runs_after")
        if runs or look["recipe"] != choice:
            raise Wrong(
                f"The look at the test set came before the choice: it was at "
                f"{look['recipe']!r}, {runs} runs followed, the choice is {choice!r}.",
                f"방법을 고르기 전에 테스트 세트를 보았습니다. 그때 본 방법은 "
                f"{look['recipe']!r}이고, 그 뒤로 실행이 {runs}번 더 있으며, choice는 "
                f"{choice!r}입니다.",
            )


def _list(found, name):
    if not isinstance(found, (list, tuple)):
        raise Wrong(f"Expected {name} to be a list.", f"{name}: 리스트여야 합니다.")
    return list(found)
