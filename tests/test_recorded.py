"""The runs that ship with the package are those of the results."""

import json

import pytest

from tools.record import RESULTS
from vitlib.recorded import runs


@pytest.mark.parametrize("file", sorted(RESULTS.glob("*.json")), ids=lambda f: f.stem)
def test_runs_are_the_recorded_ones(file):
    """All but the times, which differ from machine to machine."""
    recorded = json.loads(file.read_text(encoding="utf-8"))["runs"]
    shipped = runs(file.stem)
    assert [run["seed"] for run in shipped] == [run["seed"] for run in recorded]
    for ours, theirs in zip(shipped, recorded, strict=True):
        rows = [
            {key: value for key, value in row.items() if key != "seconds"}
            for row in theirs.get("rows", [])
        ]
        assert ours == ({**theirs, "rows": rows} if rows else theirs)


def test_an_unknown_name_is_an_error_that_names_the_known_ones():
    with pytest.raises(ValueError, match=r"no recorded runs 'swin'.*'swin_fashion'"):
        runs("swin")
