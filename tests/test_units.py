"""Answers and frames carry units: as texts, as UCDs, and as astropy tables."""

from datetime import datetime

import numpy as np
import polars as pl
import pytest
from astropy import units as u
from astropy.table import QTable

from orbital_kernel import Query
from orbital_kernel.errors import QueryError
from orbital_kernel.model import schema
from orbital_kernel.query.units import (
    qtable,
    ucds_by_name,
    ucds_of,
    units_by_name,
    units_of,
)

NS = [1_650_000_000_123_456_789, None, 946_728_000_000_000_000]
FRAME = pl.DataFrame(
    {
        "time": pl.Series(NS, dtype=pl.Int64).cast(pl.Datetime("ns")),
        "value": [1.5e-12, None, 2.5e-12],
        "unit": ["erg / (cm2 s)"] * 3,
        "object": ["a", None, "c"],
        "healpix": [1 << 60, None, 7],
        "is_limit": [True, None, False],
        "ra": [1.0, 2.0, 3.0],
        "exposure_s_a": [10.0, None, 30.0],
        "separation_arcmin": [0.5, 1.5, 2.5],
    },
    schema_overrides={"healpix": pl.Int64},
)


def frame_back(table: QTable) -> pl.DataFrame:
    """Return an astropy table as a frame: masked values as null, times as ns."""
    columns = {}
    for name in table.colnames:
        column = table[name]
        masked = np.broadcast_to(getattr(column, "mask", False), len(table))
        if name == "time":
            plain = column.unmasked.datetime64
        else:
            plain = getattr(column, "value", column)
        values = np.asarray(getattr(plain, "unmasked", np.ma.getdata(plain)))
        columns[name] = pl.Series(
            [
                None if gone else value
                for value, gone in zip(values, masked, strict=True)
            ]
            if name != "time"
            else [
                None if gone else int(value.astype("datetime64[ns]").astype(int))
                for value, gone in zip(values, masked, strict=True)
            ],
            dtype=pl.Int64 if name == "time" else FRAME.schema[name],
            strict=False,
        )
    return pl.DataFrame(columns).with_columns(pl.col("time").cast(pl.Datetime("ns")))


def test_a_frame_becomes_an_astropy_table_and_back_without_loss():
    assert FRAME.equals(frame_back(qtable(FRAME)))


def test_columns_of_an_astropy_table_are_quantities_times_and_masked():
    table = qtable(FRAME)

    assert table["value"].unit == u.Unit("erg / (cm2 s)")
    assert (u.deg, u.s, u.arcmin) == tuple(
        table[name].unit for name in ("ra", "exposure_s_a", "separation_arcmin")
    )
    assert "tt" == table["time"].scale
    assert [False, True, False] == table["time"].mask.tolist()
    assert [False, True, False] == table["value"].mask.tolist()
    assert "pos.eq.ra;meta.main" == table["ra"].info.meta["ucd"]
    assert 60 == (table["ra"][0].to(u.arcmin)).value


def test_a_column_of_several_units_stays_without_one_and_says_where_they_are():
    mixed = FRAME.with_columns(pl.Series("unit", ["ct / s", "mag", "mag"]))

    column = qtable(mixed)["value"]

    assert column.unit is None
    assert "unit: see unit" == column.info.description


def test_instants_of_the_ledger_are_on_the_utc_scale():
    frame = pl.DataFrame({"asked": [datetime(2024, 1, 1)]})  # noqa: DTZ001

    assert "utc" == qtable(frame)["asked"].scale


def test_an_empty_frame_becomes_an_empty_table_with_units():
    table = qtable(FRAME.clear())

    assert 0 == len(table)
    assert u.deg == table["ra"].unit


@pytest.mark.parametrize("name", schema.tables(("swift",)))
def test_names_of_columns_mean_the_same_in_every_table(name):
    table = schema.tables(("swift",))[name]
    units = units_by_name(column.name for column in table.columns)
    stated = {n for n, unit in units_of(table).items() if unit != units[n]}
    words = ucds_by_name(units)

    assert stated <= {"value", "flux", "flux_low", "flux_high"}  # of cross.findings
    assert all(
        ucds_of(table)[n].startswith((words[n] or "").partition(";")[0])
        for n in units
        if name.startswith("swift.")
    )


def test_an_answer_has_units_and_ucds_of_the_columns_asked_for(stocked):
    answer = stocked.query(Query("swift.photometry", ("ra", "value", "unit"), limit=3))

    assert {"ra": "deg", "value": "see unit", "unit": ""} == answer.units
    assert ("pos.eq.ra;meta.main", "phot") == (answer.ucds["ra"], answer.ucds["value"])
    assert u.deg == answer.qtable()["ra"].unit


def test_frames_that_people_hold_get_units_from_the_session(stocked):
    curve = stocked.light_curve("SIM AGN 1", unit="erg / (cm2 s)")
    cone = stocked.cone("swift.sources", ra=0, dec=0, radius_arcmin=10_000)
    pairs = stocked.objects_observed_by("swift", "chandra", within_arcmin=60)

    assert u.Unit("erg / (cm2 s)") == stocked.qtable(curve)["value"].unit
    assert u.d == stocked.qtable(curve)["since_days"].unit
    assert "deg" == stocked.units(cone)["ra"]
    assert {"dt_days": "d", "separation_arcmin": "arcmin"}.items() <= stocked.units(
        pairs
    ).items()
    assert "pos.eq.dec;meta.main" == stocked.ucds("swift.sources")["dec"]
    with pytest.raises(QueryError, match=r"did you mean swift\.sources"):
        stocked.units("swift.source")


def test_luminosities_and_rates_are_not_in_seconds():
    units = units_by_name(["luminosity_err_plus_erg_s", "rows_per_s", "rest_s"])

    assert ["erg / s", "1 / s", "s"] == list(units.values())


def test_errors_of_a_value_are_in_its_unit():
    units = units_by_name(["unit", "value", "value_err_model_plus"])

    assert "see unit" == units["value"] == units["value_err_model_plus"]
