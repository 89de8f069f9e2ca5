"""Rare kinds: injected events are found, chance ones come as often as stated."""

import json
import re
from contextlib import ExitStack
from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from orbital_kernel.model.predicate import Clause, Equal
from orbital_kernel.model.sky import healpix
from orbital_kernel.questions.rare import KINDS, rows_to_read
from orbital_kernel.questions.rare_hardness import BANDS
from orbital_kernel.questions.rare_kept import described
from orbital_kernel.science.afterglows import coverages
from orbital_kernel.science.extreme_hardness import (
    counts_of_rates,
    counts_of_ratio,
    extreme_hardness,
)
from orbital_kernel.science.new_sources import detectable, new_sources
from orbital_kernel.science.shuffled import false_alarms
from orbital_kernel.science.transients import missed

LEVELS = (0.01, 0.05, 0.3)


def not_anti_conservative(p):
    for level in LEVELS:
        bound = level + 3 * np.sqrt(level * (1 - level) / len(p))
        assert (p <= level).mean() <= bound


def coloured(seed, number=1500):
    rng = np.random.default_rng(seed)
    total = np.geomspace(3, 3000, number)
    share = rng.beta(6, 9, number)
    hard = rng.binomial(total.astype(int), share)
    return pl.DataFrame({"kind": "a", "soft": total.astype(int) - hard, "hard": hard})


def test_hardness_of_usual_sources_is_as_rare_as_stated_at_any_counts():
    rows = extreme_hardness(coloured(1))

    not_anti_conservative(rows["p_value"])
    not_anti_conservative(rows.filter(pl.col("soft") + pl.col("hard") < 20)["p_value"])
    for level in (0.1, 0.5):
        assert level == pytest.approx((rows["randomised"] <= level).mean(), abs=0.04)
    assert (rows["expected"] < 0.01).sum() == 0


def test_injected_extreme_colours_are_found_on_their_side():
    frame = coloured(2)
    injected = pl.DataFrame(
        {"kind": "a", "soft": [0, 0, 300, 250], "hard": [300, 250, 0, 0]}
    )
    rows = extreme_hardness(pl.concat([frame, injected]))
    rare = rows.filter(pl.col("expected") < 0.1)

    assert {0, 250, 300} == set(rare["hard"])
    assert (rare["statistic"].sign() == rare["ratio"].sign()).all()
    assert ((rows["ratio_low"] < rows["ratio"]) & (rows["ratio"] < rows["ratio_high"]))[
        :4
    ].all()


def test_counts_follow_from_rates_and_from_a_ratio_with_bounds():
    rates = pl.DataFrame({"s": [0.03], "h": [0.01], "es": [0.03**0.5], "eh": [0.1]})
    soft, hard = (
        rates.with_columns(es=pl.col("es") / 1000**0.5, eh=0.01**0.5 / 1000**0.5)
        .select(*counts_of_rates(*(pl.col(n) for n in ("s", "es", "h", "eh"))))
        .row(0)
    )
    assert (30, 10) == (soft, hard)

    h, s = 45, 15
    share = (h + 1) / (h + s + 2)
    width = 2 * np.sqrt(share * (1 - share) / (h + s + 3))
    ratio = pl.DataFrame({"r": [2 * share - 1]}).with_columns(
        low=pl.col("r") - width, high=pl.col("r") + width
    )
    expected = ratio.select(*counts_of_ratio(*map(pl.col, ("r", "low", "high")))).row(0)
    assert (s, h) == expected


def looks(seed, number=20_000):
    """Return detections of constant sources of many brightnesses, not seen earlier."""
    rng = np.random.default_rng(seed)
    frame = pl.DataFrame(
        {
            "rate": 1e-4 * (1 - rng.uniform(size=number)) ** -1.0,
            "exposure_s": rng.uniform(5e3, 5e4, number),
            "earlier_s": rng.uniform(5e3, 2e5, number),
        }
    ).with_columns(
        background=pl.col("exposure_s") * 2e-5,
        earlier_background=pl.col("earlier_s") * 2e-5,
    )
    new = rng.poisson((frame["rate"] * frame["exposure_s"]).to_numpy())
    old = rng.poisson(
        (frame["rate"] * frame["earlier_s"] + frame["earlier_background"]).to_numpy()
    )
    return frame.with_columns(
        counts=pl.Series(new, dtype=pl.Float64), old=pl.Series(old)
    ).filter(pl.col("counts") >= 5)


def test_constant_sources_are_seldom_new_and_injected_ones_are():
    frame = looks(3)
    least = detectable(frame["earlier_background"].to_numpy())
    unseen = pl.Series(frame["old"].to_numpy() < least)
    trials = len(frame)
    rows = new_sources(frame.filter(unseen))

    for level in LEVELS:
        assert (rows["p_value"] <= level).sum() <= trials * level
    assert (rows["p_value"] * trials < 0.1).sum() == 0

    injected = frame.head(200).with_columns(
        counts=pl.lit(60.0), exposure_s=pl.lit(1e4), earlier_s=pl.lit(5e4)
    )
    assert (new_sources(injected)["p_value"] < 1e-6).all()


START = datetime(2020, 1, 1)  # noqa: DTZ001 - TT


def observed(rng, number):
    begin = np.sort(rng.uniform(0, 1000, number))
    starts = [START + timedelta(days=float(day)) for day in begin]
    stops = [time + timedelta(days=0.2) for time in starts]
    frame = pl.DataFrame({"time": starts, "time_stop": stops})
    return frame.cast(pl.Datetime("ns"))


def triggers(days):
    times = [START + timedelta(days=float(day)) for day in days]
    return pl.DataFrame({"time": times}).cast(pl.Datetime("ns"))


def test_waits_of_random_bursts_are_uniform_and_prompt_looks_rare():
    rng = np.random.default_rng(5)
    good = observed(rng, 40)
    bursts = triggers(rng.uniform(1, 990, 600))
    pairs = pl.DataFrame(
        {
            "burst": np.repeat(np.arange(600), 40),
            "interval": np.tile(np.arange(40), 600),
        }
    )
    rows = coverages(bursts, good, pairs, within_days=1000)

    p = np.concatenate([rows["p_value"].to_numpy(), np.ones(600 - len(rows))])
    not_anti_conservative(p)
    for level in (0.2, 0.5, 0.8):
        assert level == pytest.approx((p <= level).mean(), abs=0.08)

    begin = good["time"][20]
    prompt = pl.DataFrame({"time": [begin - timedelta(hours=1)]}).cast(
        good["time"].dtype
    )
    quick = coverages(
        pl.concat([prompt, bursts.head(9)]),
        good,
        pl.DataFrame({"burst": [0], "interval": [20]}),
        within_days=3,
    )
    assert [0] == quick["burst"].to_list()
    assert quick["expected"][0] < 0.01
    assert 3600 == pytest.approx(quick["delay_s"][0])


LATE = datetime(2031, 5, 1)  # noqa: DTZ001 - TT
DAY = timedelta(days=1)
PLACE = (211.0, -77.0)


def cell(ra, dec):
    return int(healpix([ra], [dec])[0])


def pointing(obs_id, day, seconds, target):
    return {
        "obs_id": obs_id,
        "object": target,
        "ra": PLACE[0],
        "dec": PLACE[1],
        "healpix": cell(*PLACE),
        "time": LATE + day * DAY,
        "exposure_s": seconds,
        "instrument": "ACIS-I",
        "status": "archived",
        "simulated": True,
    }


def detection(name, obs_id, east_arcsec, rate):
    ra = PLACE[0] + east_arcsec / 3600 / np.cos(np.radians(PLACE[1]))
    error = np.sqrt(rate / 1e4)
    return {
        "catalog": "test",
        "source_id": name,
        "obs_id": obs_id,
        "ra": ra,
        "dec": PLACE[1],
        "healpix": cell(ra, PLACE[1]),
        "error_radius_arcsec": 1.0,
        "error_confidence": 0.9,
        "flux": rate,
        "flux_low": rate - error,
        "flux_high": rate + error,
        "is_limit": False,
        "flux_unit": "count / s",
        "simulated": True,
    }


@pytest.fixture(scope="module")
def looked(holding, stocked):
    """Return a session with a deep look, then a source that it does not show."""
    pointings = [
        pointing("T1", 0, 9e4, "field"),
        pointing("T2", 30, 1e4, "field"),
        pointing("T3", 60, 1e4, "GRB 310630A"),
    ]
    sources = [
        detection("old", "T1", 0, 0.005),
        detection("old", "T2", 0.3, 0.005),
        detection("new", "T2", 60, 0.005),
        detection("undated", None, 120, 0.005),
    ]
    good = [
        {
            "obs_id": row["obs_id"],
            "time": row["time"],
            "time_stop": row["time"] + timedelta(seconds=row["exposure_s"]),
            "kind": "gti",
            "instrument": "ACIS-I",
            "time_rule": "chandra-met",
            "simulated": True,
        }
        for row in pointings
    ]
    burst = {
        "catalog": "test",
        "name": "GRB 310530A",
        "time": LATE + 29.8 * DAY,
        "time_rule": "utc",
        "ra": PLACE[0],
        "dec": PLACE[1] + 0.02,
        "error_radius_arcsec": 60.0,
        "error_confidence": 0.9,
        "simulated": True,
    }
    bursts = [
        burst,
        burst | {"name": "GRB 310629A", "time": LATE + 59.9 * DAY},
        burst | {"name": "GRB 310531A", "error_radius_arcsec": 3600.0},
        burst | {"name": "GRB 310601A", "time_rule": "tdb"},
    ]
    tables = {
        "chandra.observations": (pointings, "obs_id"),
        "chandra.sources": (sources, "source_id"),
        "chandra.intervals": (good, "obs_id"),
        "swift.grbs": (bursts, "name"),
    }
    with ExitStack() as stack:
        for table, (rows, key) in tables.items():
            arrow = pl.DataFrame(rows, infer_schema_length=None).to_arrow()
            stack.enter_context(holding(table, arrow, key))
        yield stocked


def test_only_the_source_that_a_deeper_look_lacks_is_new(looked):
    events = looked.rare("new-source", region=(*PLACE, 0.3))

    assert ["new"] == events.rows["source_id"].to_list()
    assert events.rows["expected"][0] < 1e-6
    assert 1 == events.rows["earlier_looks"][0]
    assert any("1 rows excluded: of no look" in text for text in events.selection)
    for instrument in ("XRT", "HRC"):
        (words,) = (w for w in events.selection if f"apertures of {instrument}" in w)
        assert "(assumed" in words


def test_a_burst_in_a_field_soon_after_is_found_but_no_follow_up(looked):
    events = looked.rare("serendipitous-afterglow")
    row = events.rows.filter(pl.col("name").str.starts_with("GRB 310")).to_dicts()

    assert ["GRB 310530A"] == [entry["name"] for entry in row]
    assert 0.2 * 86_400 == pytest.approx(row[0]["delay_s"])
    assert ("T2", 1e4) == (row[0]["obs_id"], pytest.approx(row[0]["good_s"]))
    assert any("1 burst rows" in text for text in events.selection)


def test_every_row_of_the_catalogues_is_examined_or_counted_as_excluded(looked):
    words = looked.rare("transient").selection
    in_fields = next(w for w in words if "in fields that" in w)
    (numbers,) = re.findall(r": (\d+) and (\d+);", in_fields)
    examined = dict(zip(("swift", "chandra"), numbers, strict=True))

    for name in ("swift", "chandra"):
        counted = [w for w in words if w.startswith(f"{name}: ")]
        excluded = sum(int(w.split()[1]) for w in counted)
        stored = len(looked.table(f"{name}.sources", ["ra"]).drop_nulls())
        assert stored == excluded + int(examined[name])
    assert any("in no field" in w for w in words)


def test_hardness_of_the_sample_is_ranked_with_its_exclusions(stocked):
    events = stocked.rare("extreme-hardness")

    assert events.looked_at == len(events.rows) > 50
    not_anti_conservative(events.rows["p_value"])
    assert any("no two bands" in text for text in events.selection)


def test_shuffled_counts_have_no_more_alarms_than_stated():
    frame = coloured(8, 300)
    injected = pl.DataFrame({"kind": "a", "soft": [0] * 3, "hard": [300] * 3})
    rows = {"rows": pl.concat([frame, injected])}
    alarms = false_alarms("extreme-hardness", rows, searches=10, expected=0.1)

    assert 3030 == alarms.examined
    assert alarms.alarms <= alarms.stated + 3
    assert alarms.share <= 0.05


def test_shuffled_misses_are_even_and_a_bright_one_missed_is_rare():
    rng = np.random.default_rng(9)
    flux = 1e-14 * (1 - rng.uniform(size=600)) ** -0.7
    matched = rng.uniform(size=600) > 1 / (1 + (flux / 1.2e-14) ** 3)
    covered = pl.DataFrame({"kind": "a", "flux": flux, "matched": matched})
    alarms = false_alarms("transient", {"rows": covered}, searches=3, expected=0.1)
    bright = pl.DataFrame({"kind": ["a"], "flux": [1e-12], "matched": [False]})
    first = missed(pl.concat([covered, bright])).row(0, named=True)

    assert alarms.alarms <= alarms.stated + 2
    assert 0.05 == pytest.approx(alarms.randomised, abs=0.015)
    assert 1e-12 == first["flux"]
    assert first["expected"] < 0.05


def test_stored_events_are_kept_once_with_evidence(looked):
    try:
        for _ in range(2):
            events = looked.rare("new-source", region=(*PLACE, 0.3), store=True)
        (row,) = looked.findings(kind="new-source").to_dicts()
        evidence = json.loads(row["evidence"])

        assert "rare new-source chandra|test|new|T2" == row["finding_id"]
        assert events.rows["expected"][0] == pytest.approx(row["expected"])
        assert (1, "chandra.sources") == (row["comparisons"], row["table"])
        assert 5e-3 == pytest.approx(evidence["row"]["flux"])
        assert "constant source" in evidence["null"]
    finally:
        with looked.store.transaction() as tx:
            tx.delete("cross.findings", [Clause("kind", (Equal("new-source"),))])


def test_every_kind_can_be_kept(stocked):
    for kind in KINDS:
        events = stocked.rare(kind)
        rows = described(kind, events.rows, events.looked_at, events.selection, "swift")
        assert len(rows) == len(events.rows) if kind != "flux-ratio" else True
        assert rows["finding_id"].is_unique().all()


def test_the_rows_to_read_are_stated(stocked):
    stored = stocked.store.row_counts()
    number = stored["swift.sources"] + stored["chandra.sources"]

    assert number == rows_to_read(stocked, "extreme-hardness", "swift", "chandra")


def test_a_band_that_is_missing_gives_no_counts():
    names = [
        f"countrates{e}_{b}keV(ph.s-1)" for b in ("1-2", "2-10") for e in ("", "_error")
    ]
    values = [["1e-2", "1e-3", "2e-2", "2e-3"], ["-9.990E+02"] * 4]
    rows = pl.DataFrame(
        {
            "catalog": "a",
            "extra": [json.dumps(dict(zip(names, v, strict=True))) for v in values],
        }
    )

    usable = rows.select(BANDS[0].counts).drop_nulls()

    assert [(60, 120)] == usable.rows()
