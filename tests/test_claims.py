"""The claim ledger: its verdicts follow from the recorded runs by one rule."""

import json
import math
import re
from statistics import mean, stdev

import pytest
import yaml
from scipy.special import stdtrit

from tools import claims
from tools.book import ROOT, Book, Prose, SyncError
from tools.claims import judge, measured
from tools.record import RESULTS

ENTRIES = yaml.safe_load((ROOT / "book" / "claims.yml").read_text(encoding="utf-8"))
KEYS = {"id", "about", "en", "ko", "left", "right", "sides", "expect", "where"}
MORE = {"source", "margin", "unit", "digits"}


@pytest.mark.parametrize(
    ("left", "right", "expect", "verdict"),
    [
        ([3.0, 3.1, 2.9], [1.0, 1.1, 0.9], "above", "confirmed"),
        ([3.0, 3.1, 2.9], [1.0, 1.1, 0.9], "below", "contradicted"),
        ([3.0, 3.1, 2.9], [2.9, 3.2, 3.0], "above", "open"),
        ([3.0, 3.1, 2.9], [2.9, 3.2, 3.0], "below", "open"),
        ([3.0, 3.1, 2.9], [2.9, 3.2, 3.0], "same", "confirmed"),
        ([3.0, 3.1, 2.9], [1.0, 1.1, 0.9], "same", "contradicted"),
        ([1.0, 5.0, 3.0], [3.0, 3.1, 2.9], "same", "open"),
        ([3.0, 3.1, 2.9], 2.0, "above", "confirmed"),
        ([3.0, 3.1, 2.9], 3.0, "above", "open"),
        ([3.0, 3.1, 2.9], 4.0, "above", "contradicted"),
    ],
)
def test_a_verdict(left, right, expect, verdict):
    assert judge(left, right, expect, margin=1.0).verdict == verdict


def test_the_interval_is_that_of_the_textbook():
    """Against Student's t by hand: 4 degrees of freedom, equal spreads."""
    outcome = judge([2.0, 3.0, 4.0], [0.0, 1.0, 2.0], "above")
    reach = 2.776445 * math.sqrt(1 / 3 + 1 / 3)
    assert outcome.difference == 2
    assert (outcome.low, outcome.high) == pytest.approx((2 - reach, 2 + reach))
    against_one = judge([2.0, 3.0, 4.0], 2.5, "above")
    reach = 4.302653 * math.sqrt(1 / 3)
    found = against_one.low, against_one.high
    assert found == pytest.approx((0.5 - reach, 0.5 + reach))


def test_a_wrong_expectation_is_an_error():
    with pytest.raises(ValueError, match="expected above, below or same, got 'more'"):
        judge([1.0, 2.0], [1.0, 2.0], "more")


def test_what_is_measured(tmp_path):
    rows = [{"val_acc": 0.1}, {"val_acc": 0.5}]
    runs = [
        {"seed": 0, "rows": rows, "train_acc": 0.75, "accs": [0.2, 0.4]},
        {"seed": 1, "rows": rows, "train_acc": 1.0, "accs": [0.3, 0.6]},
    ]
    (tmp_path / "run.json").write_text(json.dumps({"runs": runs}))
    assert measured("run.val_acc", tmp_path) == [0.5, 0.5]
    assert measured("run.accs.1", tmp_path) == [0.4, 0.6]
    assert measured("run.train_acc - run.val_acc", tmp_path) == [0.25, 0.5]
    with pytest.raises(LookupError, match=r"there is no away\.json"):
        measured("away.val_acc", tmp_path)
    with pytest.raises(LookupError, match="has no 'test_acc'"):
        measured("run.test_acc", tmp_path)


def test_the_ledger_is_whole(tell):
    assert len({entry["id"] for entry in ENTRIES}) == len(ENTRIES)
    for entry in ENTRIES:
        assert set(entry) >= KEYS, entry["id"]
        assert set(entry) <= KEYS | MORE, entry["id"]
        assert (entry["expect"] == "same") == ("margin" in entry), entry["id"]
        assert all(len(entry["sides"][lang]) == 2 for lang in ("en", "ko"))
    found = claims.ledger(ROOT)
    verdicts = [outcome.verdict for _, outcome in found]
    assert set(verdicts) == set(claims.VERDICTS), "a rule that gives only one verdict"
    tell(f"claims {len(found)}/{len(ENTRIES)}")
    for name in claims.VERDICTS:
        entries = [e["id"] for e, outcome in found if outcome.verdict == name]
        tell(f"claims {name}: {', '.join(entries)}")


def test_a_claim_leads_to_a_place_that_is_there():
    """And names a paper only by a link."""
    headings = {}
    for notebook in Book().notebooks:
        titles = [c.source for c in notebook.cells if c.source.startswith("#")]
        headings[notebook.path.name] = " ".join(titles)
    for entry in ENTRIES:
        file, _, anchor = entry["where"].partition("#")
        assert file in headings, entry["id"]
        words = headings[file].lower()
        assert all(word in words for word in anchor.split("-")), entry["where"]
        assert all(url.startswith("http") for _, url in Prose.of(
            entry.get("source", "")
        ).links)  # fmt: skip


def test_a_number_that_is_not_recorded_is_an_error(tmp_path):
    (tmp_path / "book" / "results").mkdir(parents=True)
    entry = {**ENTRIES[0], "id": "lost", "left": "away.val_acc"}
    (tmp_path / "book" / "claims.yml").write_text(yaml.safe_dump([entry]))
    with pytest.raises(SyncError, match=r"claims\.yml, lost: .*no away\.json"):
        claims.ledger(tmp_path)


def test_welch_does_not_pool():
    """By hand: variances 1/12 and 4 over 4 and 3 values, 2.06 degrees of freedom."""
    left, right = [1.0, 1.0, 1.5, 1.5], [0.0, 2.0, 4.0]
    v, w = stdev(left) ** 2 / 4, stdev(right) ** 2 / 3
    freedom = (v + w) ** 2 / (v**2 / 3 + w**2 / 2)
    reach = stdtrit(freedom, 0.975) * math.sqrt(v + w)
    center = mean(left) - mean(right)
    found = claims.interval(left, right)
    assert found == pytest.approx((center - reach, center + reach))


@pytest.mark.parametrize("other", [[1.0, 1.1, 0.9], [5.0, 5.1, 4.9]])
def test_same_is_contradicted_on_both_sides(other):
    assert judge([3.0, 3.1, 2.9], other, "same", 1.0).verdict == "contradicted"


def test_an_item_shows_what_was_measured():
    entry = dict(
        ENTRIES[0], en="A.", ko="가.", unit="points", where="x.ipynb",
        sides={"en": ["one", "two"], "ko": ["하나", "둘"]},
    )  # fmt: skip
    entry.pop("source", None)
    outcome = judge([0.8, 0.81, 0.82], [0.7, 0.71, 0.72], "above")
    text = claims._item(entry, outcome)
    assert "One: 81.0 ± 1.0%; two: 71.0 ± 1.0%. Difference +10.0, interval " in text
    assert "+7.7 to +12.3 percentage points" in text
    assert (
        "하나: 81.0 ± 1.0%; 둘: 71.0 ± 1.0%. 차이 +10.0, 구간 +7.7~+12.3%포인트" in text
    )
    assert "**Confirmed here.**" in text
    assert "**여기서 확인됨.**" in text


# What the words of a claim say, and what is compared

UP = re.compile(r"\b(?:more|higher|raises|better|shrinks|wider)\b")
DOWN = re.compile(r"\b(?:less|lower|costs? accuracy|no accuracy)\b")


def test_the_words_of_a_claim_say_what_it_predicts():
    """A claim in other words than these needs them added to the lists above."""
    for entry in ENTRIES:
        ups, downs = UP.search(entry["en"]), DOWN.search(entry["en"])
        if entry["expect"] == "below":
            assert downs or "cost" in entry["en"], entry["id"]
        if entry["expect"] == "above":
            assert ups, entry["id"]
            assert not downs, entry["id"]
        if entry["expect"] != "same" and entry["en"].count("accura") == 1:
            falls = re.search("낮아|낮습|않습|떨어", entry["ko"])
            assert bool(falls) == (entry["expect"] == "below"), entry["id"]


def test_both_languages_name_the_sides_in_one_order():
    latin = re.compile(r"ResNet|ViT|Swin|AdamW|HOG|CNN|\d[\d,.]*")
    for entry in ENTRIES:
        for en, ko in zip(entry["sides"]["en"], entry["sides"]["ko"], strict=True):
            assert not (en in latin.findall(en) and en != ko), entry["id"]


def test_the_unit_and_the_margin_are_those_of_the_words():
    for entry in ENTRIES:
        share = bool(re.search(r"acc|changed", entry["left"]))
        assert (entry.get("unit") == "points") == share, entry["id"]
        if "margin" in entry:
            said = re.search(
                r"less than ([\d.]+) point|give or take (\d+)%", entry["en"]
            )
            if said[1]:
                assert entry["margin"] == pytest.approx(float(said[1]) / 100)
            else:
                wanted = float(said[2]) / 100 * entry["right"]
                assert entry["margin"] == pytest.approx(wanted, rel=0.02)


def test_the_page_names_the_level():
    page = (ROOT / "book" / "claims.md").read_text(encoding="utf-8")
    rule = page.partition("<!-- sync:claims -->")[0]
    said = re.findall(r"(\d+)%", rule)
    assert set(said) == {f"{100 * claims.LEVEL:.0f}"}
    assert len(said) >= 4


def results(name):
    return json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))


def test_a_claim_compares_runs_that_differ_in_what_it_names():
    """Two trainings of one claim differ in one field, or in those listed here."""
    may = {
        "adaptive optimizer": {"optimizer", "lr", "weight_decay"},
        "momentum": {"optimizer", "lr", "weight_decay"},
        "small data": {"family", "model"},
        "generalization gap": {"family", "model"},
        "swin and vit": {"family", "model"},
        "convolutional stem": {"family", "model"},
        "mirroring": {"augment", "reach"},
    }
    for entry in ENTRIES:
        sides = [str(entry[s]).split(" - ")[0].split(".")[0] for s in ("left", "right")]
        if not all((RESULTS / f"{s}.json").is_file() for s in sides):
            continue
        one, other = (results(s)["recipe"] for s in sides)
        if "lr" not in one or "lr" not in other or sides[0] == sides[1]:
            continue
        one, other = ({k: v for k, v in r.items() if k not in ("seeds", "test")}
                      for r in (one, other))  # fmt: skip
        default = {"family": "vit", "mistake": None}
        left, right = ({**default, **recipe} for recipe in (one, other))
        differ = {key for key in left if left[key] != right.get(key)}
        assert differ == may.get(entry["id"], differ), (entry["id"], differ)
        assert len(differ) == 1 or entry["id"] in may, (entry["id"], differ)


def test_the_claim_cards_of_the_exercises_follow_the_ledger():
    """A verdict that turns with new recordings turns the card, too."""
    from vitlib.exercises.discussion import CARDS

    verdicts = {e["id"]: outcome.verdict for e, outcome in claims.ledger(ROOT)}
    cards = {
        "a": "small data",
        "b": "generalization gap",
        "c": "gap with few images",
        "e": "shift by 4",
        "g": "block crossover",
    }
    for card, claim in cards.items():
        assert CARDS[card] == verdicts[claim], (card, claim)
