"""Counts and values after ingest are those of the files, read by csv, json and astropy alone.

None of Orbital's readers is used to know what a file holds. The objects: six of OTTER,
eleven or more of XRT curves, eight bursts of BAT, and the sources of two catalogues.
"""

import csv
import json
import math
from collections import Counter
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from astropy.io import fits

from orbital_kernel import connect, embedded

FOLDERS = ("joint/otter", "swift_xrt/xrt_grb_json")
BAT = "swift_bat/grb_lightcurves_1s"
PER_OBI = "chandra/catalogs/csc2_search_2CXOJ010337_per_obi.tsv"
CATALOGUES = (PER_OBI, "swift_bat/catalogs/BAT_70m_catalog_20nov2012.fits")
SGR_A = tuple(
    f"chandra/sgra_lightcurves/{name}_lc300.fits"
    for name in ("11843_sgra_2-4keV", "1561_sgra_4-8keV", "22594_sgra_2-4keV")
)
OWNERS = {"Swift": "swift", "swift": "swift", "Chandra": "chandra"}


def chosen(archive: Path) -> list[Path]:
    small = [path for f in FOLDERS for path in sorted((archive / f).rglob("*.json"))]
    return [
        *small,
        *sorted((archive / BAT).glob("*.lc"))[:8],
        *(archive / name for name in (*CATALOGUES, *SGR_A)),
    ]


@pytest.fixture(scope="module")
def session(archive, tmp_path_factory):
    """Return a session of its own that holds the files of this module."""
    home = tmp_path_factory.mktemp("values")
    opened = connect(home)
    opened.storage.apply()
    report = opened.ingest(*chosen(archive))
    assert () == report.in_state("refused")
    yield opened
    embedded.stop(home)


def close(expected, actual):
    """Return whether two columns agree to 1 in 1e9, absent values in the same places."""
    numbers = [
        np.array([math.nan if v is None else float(v) for v in column])
        for column in (expected, actual)
    ]
    return np.allclose(*numbers, rtol=1e-9, atol=0, equal_nan=True)


def test_otter_points_of_swift_and_chandra_are_all_there(session, archive):
    """Six objects: X-ray and UVOT points, their values, limits and errors."""
    for path in sorted((archive / "joint/otter").glob("*.json")):
        record = json.loads(path.read_text())
        expected: dict[str, list[tuple[float, float | None, bool]]] = {}
        for block in record["photometry"]:
            for n, raw in enumerate(block["raw"]):
                owner = OWNERS.get(block.get("telescope"))
                if "telescope" not in block and block["filter_key"][n].endswith("uvot"):
                    owner = "swift"
                if owner is None:
                    continue
                limit = block["upperlimit"][n]
                value = block["value"][n] if "value" in block else raw
                error = block["raw_err"][n] if "raw_err" in block else 0
                detail = block.get("raw_err_detail", {}).get("upper")
                error = (error if detail is None else detail[n]) * value / raw
                expected.setdefault(owner, []).append(
                    (value, error if error > 0 and not limit else None, limit)
                )
        name = record["name"]["default_name"]
        for owner, points in expected.items():
            stored = (
                session.table(f"{owner}.photometry")
                .filter(pl.col("object") == name)
                .sort("file_row")
            )
            assert len(points) == stored.height, (name, owner)
            values, errors, limits = zip(*points, strict=True)
            assert close(values, stored["value"]), (name, owner)
            assert close(errors, stored["value_err_plus"]), (name, owner)
            assert list(limits) == stored["is_limit"].to_list(), (name, owner)


def test_points_of_xrt_curves_are_those_of_the_json(session, archive):
    """Eleven bursts in both modes: rates, errors, and limits, whose errors are 0."""
    photometry = session.table("swift.photometry")
    names = set()
    for path in sorted((archive / "swift_xrt/xrt_grb_json").rglob("*.json")):
        columns = json.loads(path.read_text())
        rows = sorted(columns["Time"], key=int)
        rate, plus, minus = (
            [columns[name][row] for row in rows]
            for name in ("Rate", "RatePos", "RateNeg")
        )
        is_limit = [a == 0 and b == 0 for a, b in zip(plus, minus, strict=True)]
        name = f"GRB {path.stem.split('_')[0].removeprefix('GRB')}"
        mode = path.stem.split("_")[1]
        stored = photometry.filter(
            pl.col("object") == name,
            pl.col("mode") == mode,
            pl.col("unit") == "count / s",
        ).sort("file_row")
        hidden = [None if flag else p for flag, p in zip(is_limit, plus, strict=True)]
        below = [
            None if flag else abs(m) for flag, m in zip(is_limit, minus, strict=True)
        ]

        assert len(rows) == stored.height, path.name
        assert close(rate, stored["value"]), path.name
        assert close(hidden, stored["value_err_plus"]), path.name
        assert close(below, stored["value_err_minus"]), path.name
        assert is_limit == stored["is_limit"].to_list(), path.name
        names.add(name)
    assert len(names) >= 11


def test_bins_of_bat_curves_are_those_of_the_fits(session, archive):
    """Eight bursts: a bin whose error is 0 has no rate, all others have the file's."""
    for path in sorted((archive / BAT).glob("*.lc"))[:8]:
        table = fits.getdata(path, "RATE")
        stored = session.series(path.stem).sort("file_row")
        data = np.asarray(table["ERROR"], float).ravel() > 0
        rate = np.where(data, np.asarray(table["RATE"], float).ravel(), np.nan)
        error = np.where(data, np.asarray(table["ERROR"], float).ravel(), np.nan)

        assert len(table) == stored.height, path.name
        assert close(rate, stored["rate"]), path.name
        assert close(error, stored["rate_err"]), path.name
        assert stored["unit"].unique().to_list() == ["count / (s det)"]


def test_a_csc_observation_has_its_own_flux_bounds_and_significance(session, archive):
    """Every observation of 2CXO J010337.5-720133 against the csv module's reading."""
    lines = (archive / PER_OBI).read_text().splitlines()
    table = [line for line in lines if line.strip() and not line.startswith("#")]
    expected = [
        {name.strip(): cell.strip() for name, cell in row.items()}
        for row in csv.DictReader(table, delimiter="\t")
    ]
    stored = (
        session.table("chandra.sources")
        .filter(pl.col("catalog") == "csc2-observation")
        .sort("file_row")
    )
    assert len(expected) == stored.height
    assert [row["obsid"] for row in expected] == stored["obs_id"].to_list()
    band = [
        next(
            (b for b in "bw" if float(row[f"obi_flux_aper_hilim_{b}"]) > 0),
            None,
        )
        for row in expected
    ]
    columns = {
        "flux_low": "obi_flux_aper_lolim",
        "flux_high": "obi_flux_aper_hilim",
        "significance": "flux_significance",
    }
    for name, written in columns.items():
        cells = [
            None if b is None else row[f"{written}_{b}"]
            for b, row in zip(band, expected, strict=True)
        ]
        is_limit = stored["is_limit"].to_list()
        assert close(
            [
                None if limit and name == "flux_low" else cell
                for cell, limit in zip(cells, is_limit, strict=True)
            ],
            stored[name],
        ), name


@pytest.mark.filterwarnings("ignore::astropy.io.fits.verify.VerifyWarning")
def test_fluxes_of_the_bat_survey_are_those_of_the_fits(session, archive):
    """All sources of the 70-month survey: 14-195 keV, in 1e-12 erg / (cm2 s) by TUNIT."""
    with fits.open(archive / CATALOGUES[1]) as hdus:
        table = next(hdu.data for hdu in hdus if hdu.data is not None)
        flux = np.asarray(table["FLUX"], float) * 1e-12
        high = np.asarray(table["FLUX_HI"], float) * 1e-12
        names = [name.strip() for name in table["BAT_NAME"]]
    stored = (
        session.table("swift.sources")
        .filter(pl.col("catalog") == "bat-70m")
        .sort("file_row")
    )

    assert Counter(names) == Counter(stored["source_id"].to_list())
    assert close(np.where(flux > 0, flux, np.nan), stored["flux"])
    assert close(np.where(flux > 0, high, np.nan), stored["flux_high"])
    assert stored["flux_unit"].unique().to_list() == ["erg / (cm2 s)"]


def test_bins_of_chandra_curves_are_those_of_the_fits(session, archive):
    """Three curves of Sgr A*: net rates, and no error where the file's is 0."""
    stored = session.table("chandra.photometry").filter(pl.col("band_low_kev") >= 2)
    for name in SGR_A:
        table = fits.getdata(archive / name, "LIGHTCURVE")
        exposed = np.asarray(table["EXPOSURE"]) > 0
        rate, error = (
            np.where(exposed, np.asarray(table[column], float), np.nan)
            for column in (
                ("NET_RATE", "ERR_RATE")
                if "NET_RATE" in table.names
                else ("COUNT_RATE", "COUNT_RATE_ERR")
            )
        )
        number = fits.getheader(archive / name, "LIGHTCURVE")["OBS_ID"].strip()
        low = float(name.split("sgra_")[2].split("-")[0])
        points = stored.filter(
            pl.col("obs_id") == number, pl.col("band_low_kev") == low
        ).sort("file_row")

        assert close(rate, points["value"]), name
        assert close(np.where(error > 0, error, np.nan), points["value_err_plus"]), name
