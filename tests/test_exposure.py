"""Exposure that was exposure: kinds of intervals, live time, empty bins."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from archive_files import (
    CHANDRA,
    bat_lightcurve,
    chandra_gti,
    rows_of,
    table,
    write,
)
from astropy.io import fits
from astropy.table import Table

from orbital_kernel.science.lightcurves import EXPOSED, bin_events, merged, overlaps
from orbital_kernel.science.lightcurves.exposure import nanoseconds

HEAD = "obsid|ra|dec|start_time|exposure|operation_mode|pointing_mode|"
ROW = "{obsid}|50.07|8.74|2022-10-04 09:{minute:02d}:00|{exposure}|{mode}|{pointing}|"
XRT = (
    ("BIASIMA", "slewing", "slewing"),
    ("WINDOWED", "slewing", "slewing"),
    ("WINDOWED", "settling", "settling"),
    ("PHOTON", "pointing", "snapshot"),
    ("WINDOWED", "pointing", "snapshot"),
    ("BIASIMA", "pointing", "calibration"),
)
UVOT = (
    ("EVENT", "slewing", "V", "slewing"),
    ("IMAGE&EVENT", "pointing", "UVW1", "snapshot"),
    ("IMAGE", "pointing", "BLOCKED", "calibration"),
)
BAT = (
    ("SURVEY", "pointing", "snapshot"),
    ("EVENT", "slewing", "slewing"),
    ("SURVEY", "settling", "settling"),
)
FLOWN = "Begin Time,End Time,Target Name,Observation Number,Exposure (s),Slewtime (s)"


def browsed(path, title, modes):
    """Write an instrument log as W3Browse prints it; return the path."""
    has_filter = len(modes[0]) == 4
    lines = [f"Results from heasarc_{title}: a log", f"|{HEAD}{'filter|' * has_filter}"]
    for minute, (mode, pointing, *more) in enumerate(modes):
        cells = ROW.format(
            obsid="00015367001",
            minute=minute,
            exposure=30.5,
            mode=mode,
            pointing=pointing,
        )
        lines.append(f"|{cells}{f'{more[0]}|' * has_filter}")
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize(
    ("title", "modes", "instrument"),
    [
        ("swiftxrlog", XRT, "XRT"),
        ("swiftuvlog", UVOT, "UVOT"),
        ("swiftbalog", BAT, "BAT"),
    ],
)
def test_slews_settling_and_bias_frames_of_a_log_are_no_good_time(
    tmp_path, title, modes, instrument
):
    tables, account = rows_of(browsed(tmp_path / "log.txt", title, modes))
    intervals = tables["intervals"]

    exposed = [kind for *_, kind in modes].count("snapshot")
    assert [kind for *_, kind in modes] == intervals["kind"].to_pylist()
    assert {instrument} == set(intervals["instrument"].to_pylist())
    good = merged(pl.from_arrow(intervals))
    assert 30.5 * exposed == pytest.approx(good["live_s"].sum())
    assert any("not as good time" in text for text in account.understood)


def test_a_log_with_another_separator_is_the_same_log(tmp_path):
    path = tmp_path / "log.csv"
    rows = [
        ROW.format(
            obsid="15367001", minute=0, exposure=10, mode=mode, pointing=pointing
        )
        for mode, pointing, _ in XRT
    ]
    path.write_text("\n".join([HEAD[:-1], *(r[:-1] for r in rows)]).replace("|", ","))

    intervals = rows_of(path)[0]["intervals"]

    assert [kind for *_, kind in XRT] == intervals["kind"].to_pylist()
    assert {"00015367001"} == set(intervals["obs_id"].to_pylist())


@pytest.mark.parametrize(
    ("row", "kind", "seconds"),
    [
        (
            "2005-07-30 13:23:02,2005-07-30 13:27:00,SS433,35190001,95,143",
            "snapshot",
            95,
        ),
        ("2022-03-29 00:25:00,2022-03-29 05:28:00,MKN 6,35461088,2100,0", "span", None),
        (
            "2022-03-29 00:07:00,2022-03-29 00:25:00,saa-cold-2,7410,1080,0",
            "idle",
            None,
        ),
    ],
)
def test_what_was_flown_counts_from_the_end_of_the_slew(tmp_path, row, kind, seconds):
    path = tmp_path / "flown.csv"
    path.write_text(f"{FLOWN}\n{row}\n")

    (interval,) = rows_of(path)[0]["intervals"].to_pylist()

    assert (kind, seconds) == (interval["kind"], interval["live_s"])
    if kind in EXPOSED:
        length = (interval["time_stop"] - interval["time"]) / timedelta(seconds=1)
        assert seconds == pytest.approx(length)


def chandra_events(path, **keywords):
    """Write an event list with two chips, whose live times differ; return the path."""
    columns = [
        fits.Column("time", "1D", array=np.array([101.0, 102.0, 250.0])),
        fits.Column("energy", "1E", array=np.array([2000.0, 3000.0, 4000.0])),
    ]
    listed = table("EVENTS", columns, keywords=CHANDRA | keywords)
    gtis = [
        chandra_gti(7, [100.0, 200.0], [150.0, 300.0]),
        chandra_gti(6, [100.0], [300.0]),
    ]
    return write(path, listed, *gtis, TELESCOP="CHANDRA")


@pytest.mark.parametrize(
    "keywords",
    [
        {"ONTIME": 150.0, "LIVETIME": 136.05, "DTCOR": 0.907},
        {"ONTIME": 150.0, "LIVETIME": 136.05},
        {"DTCOR": 0.907},
        {"ONTIME": 99.0, "LIVETIME": 98.0, "ONTIME7": 150.0, "LIVTIME7": 136.05},
    ],
)
def test_dead_time_is_taken_from_intervals_and_bins(tmp_path, keywords):
    tables, _ = rows_of(chandra_events(tmp_path / "evt2.fits", **keywords))
    intervals = pl.from_arrow(tables["intervals"])
    chip = intervals.filter(pl.col("instrument") == "ACIS ccd 7")

    curve = bin_events(pl.from_arrow(tables["events"]), chip, 100.0)

    assert 136.05 == pytest.approx(chip["live_s"].sum())
    assert [0.4535, 0.907] == pytest.approx(curve["exposure_fraction"].to_list())
    assert [2 / 45.35, 1 / 90.7] == pytest.approx(curve["rate"].to_list())


def test_a_file_without_dead_time_says_so_and_counts_all_good_time(tmp_path):
    tables, _ = rows_of(chandra_events(tmp_path / "evt2.fits"))
    intervals = pl.from_arrow(tables["intervals"])
    chip = intervals.filter(pl.col("instrument") == "ACIS ccd 7")

    curve = bin_events(pl.from_arrow(tables["events"]), chip, 100.0)

    assert chip["live_s"].is_null().all()
    assert [0.5, 1.0] == curve["exposure_fraction"].to_list()


def test_the_same_good_time_of_two_files_counts_once(tmp_path):
    tables, _ = rows_of(chandra_events(tmp_path / "evt2.fits", DTCOR=0.9))
    chip = pl.from_arrow(tables["intervals"]).filter(
        pl.col("instrument") == "ACIS ccd 6"
    )

    good = merged(pl.concat([chip, chip.with_columns(pl.lit(None).alias("live_s"))]))

    assert 1 == len(good)
    assert 190.0 == pytest.approx(good["live_s"].sum())
    assert 200e9 == (nanoseconds(good, "time_stop") - nanoseconds(good, "time"))[0]


def test_live_time_of_the_archives_chandra_files_is_their_headers(archive):
    files = sorted((archive / "chandra" / "sgra_evt2").glob("*.fits"))
    assert files
    for path in files:
        intervals = pl.from_arrow(rows_of(path)[0]["intervals"])
        with fits.open(path) as hdus:
            header = hdus["EVENTS"].header
            chips = [hdu.header["CCD_ID"] for hdu in hdus if hdu.name == "GTI"]
        for chip in chips:
            live = intervals.filter(pl.col("instrument") == f"ACIS ccd {chip}")
            expected = header.get(f"LIVTIME{chip}", header["LIVETIME"])
            assert expected == pytest.approx(live["live_s"].sum(), rel=1e-9), path.name


def test_the_archives_xrt_log_has_its_pointing_seconds_only(archive):
    path = archive / "swift_xrt" / "obs_logs" / "swiftxrlog_AT2022tsd.txt"
    lines = [line.split("|") for line in path.read_text().splitlines() if "|" in line]
    names = [cell.strip() for cell in lines[0]]
    exposure, pointing, mode = (
        names.index(name) for name in ("exposure", "pointing_mode", "operation_mode")
    )
    expected = sum(
        float(cells[exposure])
        for cells in lines[1:]
        if cells[pointing].strip() == "pointing"
        and cells[mode].strip() in {"PHOTON", "WINDOWED"}
    )

    good = merged(pl.from_arrow(rows_of(path)[0]["intervals"]))

    assert expected == pytest.approx(good["live_s"].sum(), rel=1e-6)


@pytest.mark.parametrize(
    ("modes", "instrument"), [(XRT, "XRT"), (UVOT, "UVOT"), (BAT, "BAT")]
)
def test_a_log_that_a_service_sent_as_votable_is_read_as_its_text(
    tmp_path, modes, instrument
):
    path = tmp_path / "answer.vot"
    rows = {
        "obsid": ["00015367001"] * len(modes),
        "RA": [50.07] * len(modes),
        "DEC": [8.74] * len(modes),
        "start_time": [59856.375 + n / 1440 for n in range(len(modes))],
        "exposure": [30.5] * len(modes),
        "operation_mode": [mode[0] for mode in modes],
        "pointing_mode": [mode[1] for mode in modes],
    }
    if len(modes[0]) == 4:
        rows["filter"] = [mode[2] for mode in modes]
    Table(rows).write(path, format="votable")
    browse = browsed(tmp_path / "log.txt", f"swift{instrument[:2].lower()}log", modes)

    tables, account = rows_of(path)
    expected = rows_of(browse)[0]["intervals"]

    same = ["obs_id", "kind", "instrument", "live_s", "ra", "dec", "simulated"]
    intervals = tables["intervals"]
    assert intervals.select(same).equals(expected.select(same))
    late = pl.from_arrow(intervals)["time"] - pl.from_arrow(expected)["time"]
    assert late.abs().max() < timedelta(milliseconds=1)
    assert f"log of {instrument}" in account.understood


def test_a_bin_without_exposure_is_empty_whatever_its_error(tmp_path):
    path = bat_lightcurve(tmp_path / "a.lc", np.array([0.0, 0.1]), np.array([0.2, 0.2]))
    with fits.open(path) as file:
        file["RATE"].data["FRACEXP"] = [0.0, 1.0]
        file.writeto(tmp_path / "gap.lc", checksum=True)

    rates = rows_of(tmp_path / "gap.lc")[0]["rates"]

    assert [None, 0.1] == rates["rate"].to_pylist()
    assert [None, 0.2] == rates["rate_err"].to_pylist()
    assert [0.0, 1.0] == rates["exposure_fraction"].to_pylist()


def test_photons_outside_good_time_make_no_bins(tmp_path):
    tables, _ = rows_of(chandra_events(tmp_path / "evt2.fits", DTCOR=0.9))
    chip = pl.from_arrow(tables["intervals"]).filter(
        pl.col("instrument") == "ACIS ccd 7"
    )
    slews = chip.with_columns(
        pl.lit("slewing").alias("kind"),
        pl.col("time") + pl.duration(seconds=1000, time_unit="ns"),
        pl.col("time_stop") + pl.duration(seconds=1000, time_unit="ns"),
    )
    events = pl.from_arrow(tables["events"])

    curve = bin_events(events, pl.concat([chip, slews]), 25.0)

    assert (curve["exposure_fraction"] > 0).all()
    assert 6 == len(curve)


MAKERS = {
    "gcn/schedules/swift_plan_ppst_2022-03.csv": {"planned"},
    "gcn/schedules/swift_asflown_afst_2022-03.csv": {"snapshot", "span", "idle"},
    "gcn/schedules/swift_obsquery_asflown.csv": {"snapshot"},
    "swift_xrt/obs_logs/swiftxrlog_AT2022tsd.txt": {"snapshot", "slewing", "settling"},
    "swift_bat/grb_lightcurves_1s/grb_130427A_1chan_1s.lc": {"gti"},
    "fermi/glg_cspec_n3_bn080916009_v01.pha": {"gti"},
    "fermi/glg_tte_n3_bn080916009_v01.fit.gz": {"gti"},
    "chandra/evt2/M82_obs10027_stingray_chandra_test.fits": {"gti"},
    "chandra/sgra_evt2/03392_sgra_evt2.fits": {"gti"},
    "chandra/lightcurves/CDF-S_XT1_xt_lc.fits": {"gti"},
}


@pytest.mark.parametrize("name", MAKERS)
def test_every_maker_of_intervals_says_what_was_exposed(archive, name):
    tables, account = rows_of(archive / name)
    intervals = pl.from_arrow(tables["intervals"])

    length = (pl.col("time_stop") - pl.col("time")).dt.total_nanoseconds() / 1e9
    exposed = pl.col("kind").is_in(EXPOSED)
    assert MAKERS[name] == set(intervals["kind"])
    assert intervals.select((length >= 0).all()).item()
    assert intervals.select((pl.col("live_s") <= length + 1e-6).all()).item()
    assert intervals.filter(~exposed)["live_s"].is_null().all()
    if account.observatory == "chandra":
        assert intervals.select((pl.col("live_s") < length).all()).item()


def test_slews_share_no_time_with_anything(tmp_path):
    log = rows_of(browsed(tmp_path / "log.txt", "swiftxrlog", XRT))[0]["intervals"]
    intervals = pl.from_arrow(log)
    all_day = intervals.select(
        pl.col("time").min().dt.offset_by("-1d"),
        pl.col("time_stop").max().dt.offset_by("1d"),
    )

    shared = overlaps(intervals, all_day)

    assert ["snapshot"] * 2 == intervals["kind"].gather(shared["row_a"]).to_list()
