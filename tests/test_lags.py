"""The lag of an object's light curves, from the session and the command line."""

import json
from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner

from orbital_kernel.__main__ import cli
from orbital_kernel.errors import QueryError
from orbital_kernel.questions.lags import Selection, chosen, in_one_unit, selection
from orbital_kernel.science.correlation import red_noise
from orbital_kernel.science.correlation.lag_coverage import MEASURED

OBJECT = "Lagging Source"
DELAY_S = 4000.0
START = datetime(2019, 3, 1)  # noqa: DTZ001 - TT


@pytest.fixture(scope="module")
def lagging(orbital, holding):
    """Return a session with a source that Chandra sees later than Swift's soft band."""
    rng = np.random.default_rng(3)
    grid = np.arange(0, 400_000.0, 200)
    signal = 5 + red_noise(grid, 1.5, rng=rng)

    def rows(delay, low, high, instrument, rule):
        times = np.sort(rng.uniform(20_000, 380_000, 90))
        values = np.interp(times - delay, grid, signal) + rng.normal(0, 0.1, 90)
        return pl.DataFrame(
            {
                "object": OBJECT,
                "time": [START + timedelta(seconds=t) for t in times],
                "value": values * 1e-12,
                "value_err_plus": 1e-13,
                "value_err_minus": 1e-13,
                "is_limit": False,
                "unit": "erg / (cm2 s)",
                "band_low_kev": low,
                "band_high_kev": high,
                "instrument": instrument,
                "time_rule": rule,
                "simulated": True,
            },
            schema_overrides={"time": pl.Datetime("ns")},
        ).to_arrow()

    soft = rows(0, 0.3, 1.5, "XRT", "swift-met-utcf")
    hard = rows(0, 1.5, 10.0, "XRT", "swift-met-utcf")
    with (
        holding("swift.photometry", soft, "object"),
        holding("swift.photometry", hard, "object"),
        holding(
            "chandra.photometry",
            rows(DELAY_S, 0.5, 7, "ACIS-S", "chandra-tt"),
            "object",
        ),
    ):
        yield orbital


def test_a_lag_between_two_observatories_is_positive_if_the_first_named_follows(
    lagging,
):
    ask = {"max_lag_s": 20_000, "confidence": 0.95, "simulations": 40}
    later = lagging.lag(OBJECT, of="chandra", against="swift/XRT:0.3-1.5", **ask)
    earlier = lagging.lag(OBJECT, of="swift/xrt:0.3-1.5", against="chandra", **ask)

    assert later.low_s <= DELAY_S <= later.high_s
    assert later.lag_s == pytest.approx(DELAY_S, abs=2500)
    assert earlier.lag_s == pytest.approx(-later.lag_s, abs=1.0)
    assert (90, 90) == later.points
    assert later.simulated


def test_a_selection_that_mixes_bands_lists_those_it_has(lagging):
    with pytest.raises(QueryError, match=r"swift/XRT:0.3-1.5 \(90 points"):
        lagging.lag(OBJECT, of="chandra", against="swift")
    with pytest.raises(QueryError, match="no usable points of fermi"):
        lagging.lag(OBJECT, of="chandra", against="fermi")


def test_an_exposure_in_two_units_is_selected_by_one_of_them():
    """That which both selections have; else the error lists what can be given."""
    band = {"given_band": "0.3-10 keV", "excluded": None}
    band |= {"given_band_low_kev": 0.3, "given_band_high_kev": 10.0}
    kinds = [("swift", "XRT", "count / s"), ("swift", "XRT", "erg / (cm2 s)")]
    kinds.append(("chandra", "ACIS", "erg / (cm2 s)"))
    points = pl.DataFrame(
        {"observatory": o, "instrument": i, "unit": unit, "value": 1.0} | band
        for o, i, unit in kinds
    )
    swift, chandra = in_one_unit(points, selection("swift/XRT"), selection("chandra"))

    assert ["erg / (cm2 s)"] == chosen(points, swift, "X")["unit"].to_list()
    assert ["erg / (cm2 s)"] == chosen(points, chandra, "X")["unit"].to_list()
    with pytest.raises(QueryError, match=r"swift/XRT:0\.3-10@count / s "):
        chosen(points, selection("swift/XRT"), "X")
    by_unit = chosen(points, selection("swift/XRT:0.3-10@ct/s"), "X")
    assert ["count / s"] == by_unit["unit"].to_list()


def test_a_stored_lag_replaces_the_one_before(lagging):
    for _ in range(2):
        result = lagging.lag(
            OBJECT, of="chandra", against="swift:1.5-10", simulations=9, store=True
        )
    rows = lagging.table("cross.lags").filter(object=OBJECT)

    assert [result.lag_s] == rows["lag_s"].to_list()
    assert [("swift:1.5-10", "chandra")] == rows.select("first", "second").rows()
    assert rows["low_s"][0] == result.low_s
    assert rows["chance_probability"][0] == result.chance_global
    assert (
        result.coverage == rows["coverage"][0] == MEASURED["iccf", "simulated"].swift[0]
    )


def test_a_coverage_that_was_not_measured_is_null(lagging):
    ask = {"of": "chandra", "against": "swift:1.5-10", "simulations": 9}

    assert lagging.lag(OBJECT, confidence=0.9, **ask).coverage is None


def test_the_command_prints_the_lag_as_one_document(lagging, home, monkeypatch):
    monkeypatch.setenv("ORBITAL_HOME", str(home))
    arguments = ["lag", OBJECT, "--of", "chandra", "--against", "swift/XRT:0.3-1.5"]
    arguments += ["--method", "dcf", "--simulations", "20", "--json"]
    document = json.loads(CliRunner().invoke(cli, arguments).stdout)

    assert "dcf" == document["method"]
    assert document["low_s"] <= document["lag_s"] <= document["high_s"]
    assert 0.68 == document["confidence"]
    assert ("calibrated", "with gaps") == (document["interval"], document["sampling"])
    assert document["coverage"] == MEASURED["dcf", "calibrated"].swift[0]
    assert {"significance_local", "significance_global", "sign"} <= set(document)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("swift", Selection("swift")),
        ("swift/XRT", Selection("swift", "XRT")),
        ("chandra:0.5-7", Selection("chandra", None, (0.5, 7.0))),
        ("swift/BAT:15-150", Selection("swift", "BAT", (15.0, 150.0))),
    ],
)
def test_selections_are_read_as_written(text, expected):
    assert expected == selection(text)
    assert text == str(expected)


@pytest.mark.parametrize("text", ["swft", "swift:7-0.5", "swift/", "swift:a-b"])
def test_other_selections_are_refused(text):
    with pytest.raises(QueryError):
        selection(text)


def test_filters_are_selected_by_name_and_never_mixed():
    names = {
        "observatory": "swift",
        "instrument": "UVOT",
        "unit": "Jy",
        "excluded": None,
    }
    rows = pl.DataFrame({"given_band": ["U", "U", "B"], "value": [1.0, 2.0, 3.0]})
    points = rows.with_columns(
        *(pl.lit(value, pl.String).alias(name) for name, value in names.items()),
        *(
            pl.lit(None, pl.Float64).alias(f"given_band_{e}_kev")
            for e in ("low", "high")
        ),
    )

    assert "swift/UVOT:U@Jy" == str(selection("swift/UVOT:U@Jy"))
    assert [1.0, 2.0] == chosen(points, selection("swift/UVOT:U"), "a")[
        "value"
    ].to_list()
    with pytest.raises(
        QueryError, match=r"swift/UVOT:U \(2 points, Jy\), swift/UVOT:B"
    ):
        chosen(points, selection("swift/UVOT@Jy"), "a")
