"""What all tests share: a fixed seed, no window, and a count of what was covered.

A test marked `counted("wrong calls")` adds to the line `wrong calls N/N` at the
end; one that calls `tell(text)` has its text printed there.
"""

import os
from collections import Counter

import pytest

os.environ.setdefault("MPLBACKEND", "Agg")

import torch


def pytest_configure(config):
    config.addinivalue_line("markers", "counted(label): count this test under a label")
    config.addinivalue_line("markers", "real_data: use the real images, not false ones")


def pytest_collection_modifyitems(items):
    for item in items:
        for marker in item.iter_markers("counted"):
            item.user_properties.append(("counted", marker.args[0]))


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


@pytest.fixture
def tell(record_property):
    """A function that has a text printed after the run, also under xdist."""
    return lambda text: record_property("told", text)


def pytest_terminal_summary(terminalreporter):
    passed, ran = Counter(), Counter()
    for outcome in ("passed", "failed", "error"):
        for report in terminalreporter.getreports(outcome):
            # A test that passed reports once, in its call.
            # A file that cannot be read reports, too, and has none.
            for key, value in getattr(report, "user_properties", ()):
                if key == "counted":
                    ran[value] += 1
                    passed[value] += outcome == "passed"
                elif key == "told" and report.when == "call":
                    terminalreporter.write_line(value)
    for label, total in ran.items():
        terminalreporter.write_line(f"{label} {passed[label]}/{total}")
