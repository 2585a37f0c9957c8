"""The claim ledger: its verdicts follow from the recorded runs by one rule."""

import json
import math

import pytest
import yaml

from tools import claims
from tools.book import ROOT, Book, Prose, SyncError
from tools.claims import judge, measured

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
