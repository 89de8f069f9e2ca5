import json
from datetime import datetime, timedelta

import polars as pl

from orbital_kernel.science.bursts import match

TRIGGER = datetime(2013, 4, 27, 7, 49, 0)  # noqa: DTZ001
NS = pl.Datetime("ns")


def excursions(*rows):
    return pl.DataFrame(
        [
            {
                "time": TRIGGER + timedelta(seconds=s),
                "timescale_s": d,
                "cause": c,
                "series": n,
            }
            for s, d, c, n in rows
        ],
        schema={
            "time": NS,
            "timescale_s": pl.Float64,
            "cause": pl.String,
            "series": pl.String,
        },
    )


def grbs(t90=20.0, start=1.0):
    return pl.DataFrame(
        {
            "catalog": "bat",
            "name": "GRB 130427A",
            "trigger_id": "554620",
            "time": [TRIGGER],
            "t90_s": t90,
            "t90_start_s": start,
            "t90_stop_s": start + t90 if t90 else None,
        },
        schema_overrides={"time": NS, "t90_s": pl.Float64, "t90_stop_s": pl.Float64},
    )


def matches(*rows, **catalogue):
    out = match(excursions(*rows), grbs(**catalogue))
    return [json.loads(text) for text in out["matches"]]


def test_a_window_within_t90_coincides_with_an_offset():
    expected = {
        "catalog": "bat",
        "name": "GRB 130427A",
        "trigger_id": "554620",
        "relation": "coincident",
        "offset_s": 2.5,
    }
    assert [[expected]] == matches((2.5, 4.0, "burst", "a"))


def test_a_window_that_ends_more_than_five_seconds_early_does_not():
    assert [[]] == matches((-10.0, 5.0, "burst", "a"))
    assert 1 == len(matches((-10.0, 6.5, "burst", "a"))[0])


def test_the_tolerance_of_a_long_burst_is_a_tenth_of_it():
    assert 1 == len(matches((225.0, 1.0, "burst", "a"), t90=200.0, start=10.0)[0])
    assert 0 == len(matches((235.0, 1.0, "burst", "a"), t90=200.0, start=10.0)[0])


def test_a_burst_without_t90_is_matched_at_its_trigger():
    assert 1 == len(matches((-3.0, 1.0, "burst", "a"), t90=None)[0])


def test_a_later_episode_of_the_same_series_is_linked():
    first, later, other = matches(
        (2.0, 5.0, "burst", "a"), (400.0, 5.0, "burst", "a"), (400.0, 5.0, "burst", "b")
    )
    assert "coincident" == first[0]["relation"]
    assert ("episode", 400.0) == (later[0]["relation"], later[0]["offset_s"])
    assert [] == other


def test_turn_ons_and_saa_passages_match_nothing():
    assert [[], []] == matches((2.0, 5.0, "turn-on", "a"), (2.0, 5.0, "saa", "a"))


def test_test_notices_never_match():
    notices = pl.DataFrame(
        {
            "kind": "swift.bat.guano",
            "notice_id": ["real", "test"],
            "trigger_id": "1",
            "role": ["observation", "test"],
            "time": [TRIGGER, TRIGGER],
        },
        schema_overrides={"time": NS},
    )
    out = match(excursions((1.0, 2.0, "burst", "a")), grbs()[:0], notices)
    assert ["real"] == [entry["name"] for entry in json.loads(out["matches"][0])]


def test_times_at_the_barycentre_are_not_compared():
    rows = excursions((2.0, 5.0, "burst", "a"))
    local = rows.with_columns(time_rule=pl.lit("swift-met-utcf"))
    away = rows.with_columns(time_rule=pl.lit("swift-met-utcf at barycentre"))
    listed = grbs().with_columns(time_rule=pl.lit("mjd-tdb"))

    assert 1 == len(json.loads(match(local, grbs())["matches"][0]))
    assert [] == json.loads(match(away, grbs())["matches"][0])
    assert [] == json.loads(match(local, listed)["matches"][0])
