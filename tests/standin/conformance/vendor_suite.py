"""A pytest plug-in for the vendor's suite: its report of a run, and its changes.

Nothing of the suite's files is changed. Its fixed sleeps, which give a cluster time, are
cut to a second; the module it skips for a fault of the real product is run.
"""

import json
import time
from pathlib import Path

import ledger as ledgers
import pytest

LONGEST_SLEEP_S = 1.0
SKIPPED_FOR = "ORION-340918"


def pytest_addoption(parser):
    """Say what is chosen, and where the result goes."""
    parser.addoption("--result", required=True)
    parser.addoption("--subset", action="store_true")
    parser.addoption("--whole-sleeps", action="store_true")


def pytest_configure(config):
    """Cut sleeps, let the skipped module run, keep the outcomes."""
    if not config.getoption("--whole-sleeps"):
        time.sleep = _cut(time.sleep)
    pytest.skip = _unless_for_that_fault(pytest.skip)
    config.pluginmanager.register(Outcomes(config))


class Outcomes:
    """What is known of each test, written as JSON when all have run."""

    def __init__(self, config):
        self.path = Path(config.getoption("--result"))
        self.subset = config.getoption("--subset")
        self.results = {"collected": 0, "chosen": [], "outcomes": {}}

    def pytest_collectreport(self, report):
        """Note a module that cannot be read."""
        if report.outcome != "passed":
            self._note(report, f"{report.outcome} at collection")

    def pytest_collection_modifyitems(self, config, items):
        """Keep what is chosen."""
        ledger = ledgers.read(ledgers.FILE)
        self.results["collected"] = len(items)
        deselected = [
            item
            for item in items
            if self.subset and not ledger.in_subset(ledgers.short(item.nodeid))
        ]
        config.hook.pytest_deselected(items=deselected)
        items[:] = [item for item in items if item not in deselected]
        self.results["chosen"] = [ledgers.short(item.nodeid) for item in items]

    def pytest_runtest_logreport(self, report):
        """Note the outcome of the call, or of what failed around it."""
        if report.when == "call" or report.outcome != "passed":
            self._note(report, report.outcome)

    def pytest_sessionfinish(self):
        """Write what was found."""
        self.path.write_text(json.dumps(self.results))

    def _note(self, report, outcome):
        self.results["outcomes"][ledgers.short(report.nodeid)] = outcome


def _cut(sleep):
    return lambda seconds: sleep(min(seconds, LONGEST_SLEEP_S))


def _unless_for_that_fault(skip):
    def replacement(reason="", *, allow_module_level=False):
        if not (allow_module_level and SKIPPED_FOR in reason):
            skip(reason, allow_module_level=allow_module_level)

    replacement.Exception = skip.Exception
    return replacement
