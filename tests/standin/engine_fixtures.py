"""Engines whose segments have few rows, and that do nothing by themselves."""

import pytest
from engine_tables import SIZE

from vast_standin.engine import choosing, rewriting, stretches, upkeep


@pytest.fixture
def small_segments(monkeypatch):
    """Let segments have 100 rows at most, and nothing happen by itself."""
    for module in (choosing, rewriting, stretches):
        monkeypatch.setattr(module, "LARGEST", SIZE)
    monkeypatch.setattr(upkeep.Upkeep, "_next", _wait)


def _wait(self):
    with self._wake:
        self._wake.wait_for(lambda: self._stopped)
    return None, False
