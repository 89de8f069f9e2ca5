"""Joins of large tables read in spans of time: the rows are those of a whole read."""

from datetime import datetime, timedelta

import polars as pl
import pyarrow as pa
import pytest

from orbital_kernel.questions import followups, pairs, simultaneous
from orbital_kernel.questions.spans import Span, spans

CALLS = {
    pairs: lambda s: s.objects_observed_by("swift", "chandra", within_arcmin=60),
    followups: lambda s: s.follow_ups(within_days=2_000, within_arcmin=600),
    simultaneous: lambda s: s.simultaneous("swift", "chandra", within_arcmin=5),
}


def _intervals(mission, instrument, shift_h, simulated):
    """Return good times of 20 h a day over 40 days; pairs of days are an observation."""
    starts = [
        datetime(2013, 5, 1) + timedelta(days=k, hours=shift_h)  # noqa: DTZ001 - TT
        for k in range(40)
    ]
    rows = [
        {
            "obs_id": f"{mission}-span-{k // 2}",
            "object": "SPAN",
            "time": start,
            "time_stop": start + timedelta(hours=20 + 4 * (k % 2 == 0)),
            "kind": "gti",
            "instrument": instrument,
            "time_rule": "local",
            "ra": 10.0,
            "dec": 10.0,
            "simulated": simulated,
        }
        for k, start in enumerate(starts)
    ]
    return pa.Table.from_pylist(rows)


@pytest.fixture(scope="module")
def observing(holding, stocked):
    """Return the session while both missions observe the same place."""
    swift, chandra = (
        _intervals(mission, instrument, shift, simulated=True)
        for mission, instrument, shift in (("swift", "XRT", 0), ("chandra", "ACIS", 7))
    )
    with (
        holding("swift.intervals", swift, "obs_id"),
        holding("chandra.intervals", chandra, "obs_id"),
    ):
        yield stocked


def test_spans_cover_all_times_once(stocked):
    tables = ["swift.observations", "chandra.observations"]
    parts = spans(stocked.store, tables, most=1)

    assert 2 < len(parts)
    times = pl.concat(stocked.table(table, ["time"]) for table in tables).drop_nulls()
    numbers = [len(times.filter(span.has())) for span in parts]
    assert len(times) == sum(numbers)
    assert [Span()] == spans(stocked.store, tables, most=len(times) + 1_000)


@pytest.mark.parametrize("module", CALLS, ids=lambda m: m.__name__.rpartition(".")[2])
def test_a_join_in_spans_returns_what_a_whole_read_returns(
    observing, monkeypatch, module
):
    whole = CALLS[module](observing)
    monkeypatch.setattr(module, "MOST", 1)
    with observing.explained() as explanation:
        parts = CALLS[module](observing)

    assert len(whole)
    assert 4 < len(explanation.queries)  # of whole reads at most 4
    order = whole.columns
    assert whole.sort(order).equals(parts.sort(order))
