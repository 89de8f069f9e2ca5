"""Names that papers identify with one object: files under each are one light curve."""

from datetime import datetime, timedelta

import polars as pl
import pytest

from orbital_kernel.model.spelling import normalised
from orbital_kernel.model.synonyms import TABLE, synonyms


@pytest.fixture(scope="module")
def merger(orbital, holding):
    """Return a session with points of one event under two of its names."""

    def rows(name, days):
        return pl.DataFrame(
            {
                "object": name,
                "time": [datetime(2017, 8, 17) + timedelta(days=d) for d in days],  # noqa: DTZ001 - TT
                "value": 1e-14,
                "value_err_plus": 1e-15,
                "value_err_minus": 1e-15,
                "is_limit": False,
                "unit": "erg / (cm2 s)",
                "band_low_kev": 0.3,
                "band_high_kev": 10.0,
                "simulated": True,
            },
            schema_overrides={"time": pl.Datetime("ns")},
        ).to_arrow()

    with (
        holding("swift.photometry", rows("GW170817", [1, 2]), "object"),
        holding("chandra.photometry", rows("GRB 170817A", [9, 15, 109]), "object"),
    ):
        yield orbital


def test_an_event_and_its_burst_are_one_curve_that_says_so(merger):
    curves = [
        merger.light_curve(name) for name in ("GRB 170817A", "gw170817", "AT 2017gfo")
    ]

    assert [5, 5, 5] == [len(curve.points) for curve in curves]
    assert all(curve.frame.equals(curves[0].frame) for curve in curves[1:])
    assert ["GRB 170817A", "GW170817"] == curves[0].names
    assert "Light curve of GRB 170817A (in files: GW170817)" in repr(curves[0])


def test_many_curves_have_the_points_of_all_names(merger):
    names = ["GRB 170817A", "EM170817"]
    curves = merger.light_curves(names)

    assert [5, 5] == [len(curves.of(name)) for name in names]
    assert () == curves.absent


def test_a_name_is_of_one_object_only_and_each_has_its_paper():
    rows = pl.read_csv(TABLE)
    keys = rows["name"].map_elements(normalised, return_dtype=pl.String)

    assert len(rows) == keys.n_unique()
    assert set() == set(keys) & {*map(normalised, rows["object"])}
    assert rows["source"].str.contains(r"\d{4}, .+ \d+, [A-Z]?\d+$").all()


def test_other_names_have_no_synonyms():
    assert {} == synonyms(["SIM AGN 1", "GRB 130427B"])
