"""The claim ledger: what the book and its sources claim, and what our runs say.

`book/claims.yml` names each claim, the measurements that touch it, and what it
predicts of them; the verdict follows from `book/results/` alone. `tools.sync`
writes the page `book/claims.md` from both.
"""

import json
import math
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev

import yaml
from scipy import stats

from tools.book import SyncError

LEVEL = 0.95
VERDICTS = {
    "confirmed": ("Confirmed here", "여기서 확인됨"),
    "open": ("Not visible at this scale", "이 규모에서는 보이지 않음"),
    "contradicted": ("Contradicted here", "여기서는 반대로 나옴"),
}


@dataclass
class Outcome:
    """Two sides measured, their difference, and what it says of the claim."""

    left: list
    right: list | float  # the values of each seed, or one number
    low: float
    high: float
    verdict: str

    @property
    def difference(self):
        return mean(self.left) - _mean(self.right)


def measured(term, results):
    """The value of each seed of a term: "FILE.key", or "FILE.key - FILE.key".

    A key is that of a run; of a training, val_acc and the other columns are those
    of the last epoch. "FILE.accs.0" is the first entry of a list. A difference
    pairs the seeds.

    Raises:
        LookupError: no such file, or no such key in it.
    """
    if " - " in term:
        left, right = (measured(part, results) for part in term.split(" - "))
        return [a - b for a, b in zip(left, right, strict=True)]
    file, key, *place = term.split(".")
    path = Path(results) / f"{file}.json"
    if not path.is_file():
        raise LookupError(f"{term}: there is no {path.name}")
    values = []
    for run in json.loads(path.read_text(encoding="utf-8"))["runs"]:
        value = {**(run["rows"][-1] if "rows" in run else {}), **run}.get(key)
        if value is None:
            raise LookupError(f"{term}: {path.name} has no {key!r}")
        for i in place:
            value = value[int(i)]
        values.append(value)
    return values


def judge(left, right, expect, margin=0.0):
    """What measurements say of a claim about the difference of their means.

    Args:
        left, right: a value for each seed; `right` may be one number.
        expect: "above" or "below": left against right; "same": within `margin`.
        margin: what counts as no difference, in the unit of the values.

    The interval of the difference is Welch's, or Student's against one number,
    at 95 %. A claim is confirmed if the whole interval is as it predicts, and
    contradicted if the whole interval is not.

    Raises:
        ValueError: an unknown expectation.
    """
    if expect not in ("above", "below", "same"):
        raise ValueError(f"expected above, below or same, got {expect!r}")
    low, high = interval(left, right)
    predicted = {"above": (0, math.inf), "below": (-math.inf, 0)}
    lowest, highest = predicted.get(expect, (-margin, margin))
    verdict = "open"
    if lowest < low and high < highest:
        verdict = "confirmed"
    elif high < lowest or highest < low:
        verdict = "contradicted"
    return Outcome(left, right, low, high, verdict)


def interval(left, right):
    """The 95 % interval of mean(left) - mean(right)."""
    if isinstance(right, list):
        found = stats.ttest_ind(left, right, equal_var=False)
    else:
        found = stats.ttest_1samp([value - right for value in left], 0)
    low, high = found.confidence_interval(LEVEL)
    return float(low), float(high)


def ledger(root):
    """[(entry of `claims.yml`, Outcome)] in the order of the file.

    Raises:
        SyncError: a measurement that is not recorded.
    """
    root = Path(root)
    entries = yaml.safe_load((root / "book" / "claims.yml").read_text("utf-8"))
    found = []
    for entry in entries:
        sides = [entry["left"], entry["right"]]
        values = [
            side if isinstance(side, (int, float)) else _measured(entry, side, root)
            for side in sides
        ]
        outcome = judge(*values, entry["expect"], entry.get("margin", 0.0))
        found.append((entry, outcome))
    return found


def _measured(entry, side, root):
    try:
        return measured(side, root / "book" / "results")
    except LookupError as error:
        raise SyncError(f"claims.yml, {entry['id']}: {error.args[0]}") from None


# --- The page ----------------------------------------------------------------

COUNTS = """\
<div lang="en">

So far: {english}.

</div>
<div lang="ko">

지금까지의 판정: {korean}.

</div>
"""

ITEM = """\
<div lang="en">

**{verdict}.** {en}{source}

{sides}. Difference {difference}, interval {low} to {high}{unit}. \
[Where it is measured]({where})

</div>
<div lang="ko">

**{verdict_ko}.** {ko}{source}

{sides_ko}. 차이 {difference}, 구간 {low}~{high}{unit_ko}. [측정한 곳]({where})

</div>
"""


def entries(root):
    """What `book/claims.md` holds between its two marks."""
    found = ledger(root)
    counts = Counter(outcome.verdict for _, outcome in found)
    english, korean = (
        ", ".join(f"{names[i]} {counts[key]}" for key, names in VERDICTS.items())
        for i in (0, 1)
    )
    parts, heading = [COUNTS.format(english=english.lower(), korean=korean)], None
    for entry, outcome in found:
        if entry["about"] != heading:
            heading = entry["about"]
            parts.append(f"## {heading}\n")
        parts.append(_item(entry, outcome))
    return "\n".join(parts)


def _item(entry, outcome):
    points = entry.get("unit") == "points"
    scale, digits = 100 if points else 1, entry.get("digits", 1)

    def show(number, sign=""):
        return f"{scale * number:{sign}.{digits}f}".replace("-", "−")

    def side(name, values):
        if not isinstance(values, list):
            return f"{name}: {values}"
        mean_and_sd = f"{show(mean(values))} ± {show(stdev(values))}"
        return f"{name}: {mean_and_sd}{'%' if points else ''}"

    sides = {
        language: "; ".join(map(side, names, (outcome.left, outcome.right)))
        for language, names in entry["sides"].items()
    }
    sides["en"] = sides["en"][0].upper() + sides["en"][1:]
    verdict, verdict_ko = VERDICTS[outcome.verdict]
    return ITEM.format(
        verdict=verdict, verdict_ko=verdict_ko, en=entry["en"], ko=entry["ko"],
        source=f" {entry['source']}" if "source" in entry else "",
        sides=sides["en"], sides_ko=sides["ko"],
        difference=show(outcome.difference, "+"), low=show(outcome.low, "+"),
        high=show(outcome.high, "+"), unit=" percentage points" if points else "",
        unit_ko="%포인트" if points else "", where=entry["where"],
    )  # fmt: skip


def _mean(values):
    return mean(values) if isinstance(values, list) else values
