"""Populations of catalogued bursts: counts that add up, selection that is told."""

from datetime import datetime

import numpy as np
import polars as pl
import pytest

from orbital_kernel import archives
from orbital_kernel.archives.reading import Account, open_source
from orbital_kernel.errors import QueryError
from orbital_kernel.model.frames import frame_of
from orbital_kernel.model.schema import GRBS
from orbital_kernel.science import population
from orbital_kernel.science.counting import poisson_bounds


def grbs(*rows):
    base = frame_of(GRBS.arrow.empty_table())
    filled = [{name: row.get(name) for name in base.columns} for row in rows]
    return pl.DataFrame(filled, schema=base.schema, orient="row")


def burst(name, day, **more):
    return {"catalog": "a", "name": name, "time": datetime.fromisoformat(day)} | more


FEW = grbs(
    burst("GRB 200101A", "2020-01-01", t90_s=1.0, photon_index=1.0, redshift=1.0),
    burst("GRB200701A", "2020-07-01", t90_s=20.0, photon_index=2.0),
    burst("GRB 210401A", "2021-04-01", fluence_erg_cm2=1e-6),
    burst("GRB 220101A", "2022-01-01", fluence_erg_cm2=1e-5),
    {"catalog": "b", "name": "200101a", "fluence_erg_cm2": 1e-7},
)


def test_a_burst_in_two_catalogues_is_one():
    rows = population.bursts(FEW)
    assert 4 == rows.height
    first = rows.row(0, named=True)
    assert ("a, b", 1.0, 1e-7) == (
        first["catalogs"],
        first["t90_s"],
        first["fluence_erg_cm2"],
    )


def test_a_rate_counts_by_year_and_marks_years_not_whole():
    rows = population.rate_by_year(FEW).rows
    assert [(2020, 2), (2021, 1), (2022, 1)] == rows.select("year", "bursts").rows()
    assert [366.0, 365.0, 1.0] == rows["days"].to_list()
    assert [False, True, False] == rows["whole"].to_list()
    assert all(rows["rate_low_yr"] < rows["rate_yr"])
    assert all(rows["rate_high_yr"] > rows["rate_yr"])


def test_bounds_of_a_count_are_those_of_gehrels_table():
    """Gehrels 1986, tables 1 and 2: n = 5 at 84.13 % one-sided is 2.84 to 8.38."""
    low, high = poisson_bounds(np.array([5, 0]))
    assert abs(low[0] - 2.84) < 0.02
    assert abs(high[0] - 8.38) < 0.02
    assert (0.0, True) == (low[1], abs(high[1] - 1.841) < 0.03)


def test_hardness_of_a_flat_energy_spectrum_is_one():
    """Index 2 gives equal energy an octave, index 1 equal energy a keV: ratio 2."""
    ratio = population.hardness_ratio(np.array([2.0, 1.0, 2.0 + 1e-7]))
    assert np.allclose([1.0, 2.0, 1.0], ratio)
    view = population.hardness(FEW)
    assert ["short", "long"] == view.rows["kind"].to_list()
    assert (2, 4) == (view.used, view.total)


def test_a_distribution_adds_up():
    view = population.distribution(FEW)
    assert 3 == view.rows["bursts"].sum() == view.used
    assert 3 == view.rows["above"][0]
    assert 1 == population.distribution(FEW, "redshift").rows["bursts"].sum()
    with pytest.raises(QueryError, match="above zero"):
        population.distribution(FEW.with_columns(fluence_erg_cm2=pl.lit(0.0)))


def test_durations_are_those_in_the_rest_frame():
    assert [0.5] == population.redshifts(FEW).rows["t90_rest_s"].to_list()


def test_every_view_states_its_selection(stocked):
    catalogue_rows = stocked.bursts.catalog()
    views = [
        population.rate_by_year(catalogue_rows),
        population.hardness(catalogue_rows),
        population.distribution(catalogue_rows),
        population.redshifts(catalogue_rows),
    ]
    for view in views:
        assert 0 < view.used <= view.total
        assert view.selection
        assert f"of {view.total:,} bursts" in str(view)


def test_real_catalogues_give_about_ninety_bursts_a_year(archive):
    path = archive / "swift_bat" / "catalogs" / "swift_grb_table_to_230911C.tsv"

    read = archives.detect(path).read(open_source(path), Account(""))
    catalogue_rows = pl.concat(frame_of(rows) for name, rows in read if name == "grbs")
    rate = population.rate_by_year(catalogue_rows).rows.filter("whole")

    assert list(range(2005, 2023)) == rate["year"].to_list()
    assert 60 < rate["rate_yr"].median() < 110
    redshifts = population.redshifts(catalogue_rows)
    assert 390 <= redshifts.used <= 405
    assert 1.0 < redshifts.rows["redshift"].median() < 2.5


def test_shares_of_the_real_table_equal_a_count_of_its_lines(archive):
    path = archive / "swift_bat" / "catalogs" / "swift_grb_table_to_230911C.tsv"
    lines = path.read_bytes().decode("latin-1").splitlines()
    at = lines[0].split("\t").index("BAT T90 [sec]")
    rows = [row.split("\t") for row in lines[1:] if row.count("\t") >= at]
    cells = {row[0]: row[at].strip() for row in rows}
    plain = {n: float(c) for n, c in cells.items() if c.replace(".", "", 1).isdigit()}
    counted = sum(0 < t90 < 2 for t90 in plain.values())

    read = archives.detect(path).read(open_source(path), Account(""))
    catalogue_rows = pl.concat(frame_of(rows) for name, rows in read if name == "grbs")
    numbers = population.hardness(catalogue_rows).numbers

    share = numbers["short, % of those with T90"]
    assert abs(100 * counted / len(plain) - share) < 0.5
    assert 8 < share < 11
    assert numbers["median hardness, short"] > numbers["median hardness, long"]
    assert set(population.views(catalogue_rows)) == {
        "rate",
        "hardness",
        "fluence",
        "redshift",
    }
