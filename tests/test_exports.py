"""Whole selections as files: each format holds each row and value, from bounded slices."""

import math

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from astropy.table import Table
from mocpy import MOC
from orbital_widgets import Explorer, views
from regions import Regions
from sky_in_memory import fetch

from orbital_kernel import Cone, Query
from orbital_kernel.errors import QueryError
from orbital_kernel.model.predicate import Clause, Equal
from orbital_kernel.model.sky import healpix

pytestmark = pytest.mark.filterwarnings("ignore:Column .* contains NULL")
TAG = "EXPORTS"
ROWS = 900
HOSTILE = ('=cmd|" /C calc"!A0', "a,b", "<b>&amp;", "André", "{x}", "'", "tab\there")
READ = {
    "csv": {"format": "ascii.csv"},
    "ecsv": {"format": "ascii.ecsv"},
    "vot": {"format": "votable"},
    "fits": {},
}


@pytest.fixture(scope="module")
def rows(orbital):
    dice = np.random.default_rng(9)
    ra, dec = (
        dice.uniform(0, 360, ROWS),
        np.degrees(np.arcsin(dice.uniform(-1, 1, ROWS))),
    )
    names = [HOSTILE[n] if n < len(HOSTILE) else f"{TAG} {n}" for n in range(ROWS)]
    table = pa.table(
        {
            "catalog": [TAG] * ROWS,
            "source_id": names,
            "ra": ra,
            "dec": dec,
            "healpix": healpix(ra, dec),
            "error_radius_arcsec": [None if n % 3 else 4.0 for n in range(ROWS)],
            "flux": [None if n % 5 == 0 else 1e-13 * (n + 1) for n in range(ROWS)],
            "flux_unit": ["erg / (cm2 s)" if n % 2 else "ct / s" for n in range(ROWS)],
            "is_limit": [None if n % 7 == 0 else n % 2 == 0 for n in range(ROWS)],
        }
    )
    for observatory in ("swift", "chandra"):
        orbital.store.insert(f"{observatory}.sources", table)
    yield pl.from_arrow(table)
    for observatory in ("swift", "chandra"):
        with orbital.store.transaction() as tx:
            tx.delete(f"{observatory}.sources", [Clause("catalog", (Equal(TAG),))])


def queries(**conditions):
    return [
        Query(f"{name}.sources", sets={"catalog": [TAG]}, **conditions)
        for name in ("chandra", "swift")
    ]


@pytest.mark.parametrize("ending", READ)
def test_every_row_and_value_is_in_the_file_whatever_the_slices(
    orbital, rows, tmp_path, monkeypatch, ending
):
    monkeypatch.setattr("orbital_kernel.questions.exports.slices.SLICE_ROWS", 400)
    seen = []
    written = orbital.export(
        queries(),
        tmp_path / f"rows.{ending}",
        progress=lambda done, most: seen.append((done, most)),
    )
    table = Table.read(written.path, **READ[ending])

    assert 2 * ROWS == written.rows == len(table) == seen[-1][0] == seen[-1][1]
    assert len(seen) > 2
    half = np.asarray(table["observatory"]).astype(str) == "swift"
    flux = np.ma.filled(np.ma.asarray(table["flux"]).astype(float), math.nan)
    assert ROWS == half.sum()
    expected = np.sort(rows["flux"].fill_null(math.nan).to_numpy())
    np.testing.assert_allclose(expected, np.sort(flux[half]), rtol=1e-12)
    assert [tmp_path / f"rows.{ending}"] == list(tmp_path.iterdir())


@pytest.mark.parametrize("ending", ["ecsv", "vot", "fits"])
def test_headers_have_units_and_a_value_of_several_units_has_none(
    orbital, rows, tmp_path, ending
):
    path = orbital.export(queries(), tmp_path / f"rows.{ending}").path
    table = Table.read(path, **READ[ending])

    assert ("deg", "arcsec", "s") == tuple(
        str(table[name].unit) for name in ("ra", "error_radius_arcsec", "exposure_s")
    )
    assert table["flux"].unit is None
    nulls = {"ecsv", "vot"} & {ending}
    if nulls:
        assert 2 * rows["is_limit"].null_count() == int(table["is_limit"].mask.sum())


def test_texts_of_strangers_survive_or_are_disarmed(orbital, rows, tmp_path):
    texts = {}
    for ending, how in READ.items():
        path = orbital.export(queries()[0], tmp_path / f"rows.{ending}").path
        table = Table.read(path, **how)
        texts[ending] = {str(t) for t in table["source_id"]}

    assert set(HOSTILE) <= texts["vot"]
    assert set(HOSTILE) <= texts["ecsv"]
    assert f"'{HOSTILE[0]}" in texts["csv"]
    assert r"Andr\xe9" in texts["fits"]


def test_a_region_file_marks_each_row_with_its_error(orbital, rows, tmp_path):
    path = orbital.export(
        queries(columns=("source_id",))[0], tmp_path / "rows.reg"
    ).path
    regions = Regions.read(str(path), format="ds9")

    assert ROWS == len(regions)
    radii = sorted(float(r.radius.to_value("arcsec")) for r in regions)
    expected = sorted(rows["error_radius_arcsec"].fill_null(2.0).to_list())
    np.testing.assert_allclose(expected, radii, rtol=1e-6)


def test_a_moc_contains_every_row_and_little_else(orbital, rows, tmp_path):
    path = orbital.export(queries(), tmp_path / "rows.moc.fits").path
    moc = MOC.load(str(path), format="fits")

    from astropy import units as u  # noqa: PLC0415

    inside = moc.contains_lonlat(
        rows["ra"].to_numpy() * u.deg, rows["dec"].to_numpy() * u.deg
    )
    assert inside.all()
    assert moc.flatten().size <= ROWS


def test_an_estimate_counts_without_sending_rows_and_bounds_a_cone(orbital, rows):
    cone = Query("swift.sources", sets={"catalog": [TAG]}, cone=Cone(180, 0, 3000))

    assert 2 * ROWS == orbital.rows_at_most(queries())
    exact, most = orbital.count(cone), orbital.rows_at_most(cone)
    assert 0 < exact <= most < ROWS
    assert 5 == orbital.rows_at_most(Query("swift.sources", limit=5))


def test_too_many_rows_another_ending_and_two_tables_are_refused_in_words(
    orbital, rows, tmp_path
):
    with pytest.raises(QueryError, match=r"up to 1,800 rows, .* at most 1,000"):
        orbital.export(queries(), tmp_path / "rows.csv", most=1_000)
    with pytest.raises(QueryError, match=r"\.csv, \.ecsv, \.vot"):
        orbital.export(queries(), tmp_path / "rows.xls")
    with pytest.raises(QueryError, match="rows of one table"):
        orbital.export(
            [Query("swift.sources"), Query("swift.grbs")], tmp_path / "rows.csv"
        )
    with pytest.raises(QueryError, match="holds no positions"):
        orbital.export(Query("swift.rates"), tmp_path / "rows.reg")
    assert [] == list(tmp_path.iterdir())


def test_a_cancelled_export_leaves_no_file(orbital, rows, tmp_path, monkeypatch):
    monkeypatch.setattr("orbital_kernel.questions.exports.slices.SLICE_ROWS", 400)
    seen = []
    with pytest.raises(QueryError, match="cancelled"):
        orbital.export(
            queries(),
            tmp_path / "rows.csv",
            progress=lambda done, _most: seen.append(done),
            stopped=lambda: bool(seen),
        )

    assert 1 == len(seen)
    assert [] == list(tmp_path.iterdir())


def test_a_table_in_time_is_cut_at_times_and_loses_none(orbital, tmp_path, monkeypatch):
    monkeypatch.setattr("orbital_kernel.questions.exports.slices.SLICE_ROWS", 50)
    start = np.datetime64("2013-04-27T07:00", "ns")
    times = [start + np.timedelta64(20 * n, "s") for n in range(300)]
    table = pa.table({"series": [TAG] * 301, "time": [*times, None]})
    orbital.store.insert("swift.rates", table)
    query = Query("swift.rates", ("series", "time"), sets={"series": [TAG]})
    try:
        written = orbital.export(query, tmp_path / "rates.csv")
    finally:
        with orbital.store.transaction() as tx:
            tx.delete("swift.rates", [Clause("series", (Equal(TAG),))])

    lines = written.path.read_text().splitlines()
    assert 301 == written.rows == len(set(lines)) - 1
    assert f"swift,{TAG},2013-04-27T07:00:20.000000000" in lines


def test_the_explorer_exports_all_selected_rows_not_only_those_fetched(
    orbital, rows, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    explorer = Explorer(
        orbital,
        contains={"catalog": TAG},
        columns=("source_id", "flux"),
        sort="flux",
        limit=10,
    ).wait()
    files = views.FilesView(explorer)
    files.kind.value = "vot"
    files.export.click()
    explorer.writing.wait(60)
    explorer.close()

    table = Table.read(tmp_path / "sources.vot", format="votable")
    assert (10, 2 * ROWS) == (len(explorer.frame), len(table))
    assert ["observatory", "source_id", "flux"] == table.colnames
    assert "1,800 rows written to sources.vot" == files.words.value
    assert files.cancel.disabled


def test_many_rows_are_estimated_first_and_written_by_a_second_press(
    orbital, rows, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("orbital_widgets.views._files.MANY_ROWS", 1_000)
    explorer = Explorer(orbital, contains={"catalog": TAG}, limit=10).wait()
    files = views.FilesView(explorer)
    files.export.click()
    explorer.writing.wait(60)
    warned, before = files.words.value, list(tmp_path.iterdir())
    files.export.click()
    explorer.writing.wait(60)
    explorer.close()

    assert ("up to 1,800 rows: press Export again to write them", []) == (
        warned,
        before,
    )
    assert "1,800 rows written to sources.csv" == files.words.value


def test_without_a_session_the_explorer_explains_why_it_cannot_export(tmp_path):
    explorer = Explorer(fetch).wait()
    explorer.close()

    with pytest.raises(QueryError, match=r"Explorer\(connect\(\)\)"):
        explorer.export(tmp_path / "rows.csv")
