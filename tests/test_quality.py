"""Checks of frames and the board made of them."""

from datetime import datetime, timedelta

import polars as pl
import pytest
from archive_files import rows_of

from orbital_kernel.model import schema
from orbital_kernel.model.frames import frame_of
from orbital_kernel.science.quality import board, checks
from orbital_kernel.science.quality.contradictions import REDSHIFT, Contradictions

NOW = datetime(2024, 5, 1)  # noqa: DTZ001 - UTC by the column's definition
NS = pl.Datetime("ns")


def rates(**changes):
    base = {
        "series": "sw1",
        "time": pl.Series([NOW + timedelta(seconds=s) for s in range(4)], dtype=NS),
        "bin_s": 1.0,
        "rate": [1.0, 2.0, 3.0, 4.0],
        "rate_err": [1.0] * 4,
        "ra": [10.0] * 4,
        "dec": [0.0] * 4,
    }
    return pl.DataFrame(base | changes)


def state(frame, check):
    rows = checks(frame, subject="sw1", checked=NOW).filter(pl.col("check") == check)
    return rows["state"].item()


def test_a_clean_frame_is_ok_throughout():
    assert {"ok"} == set(checks(rates(), subject="sw1", checked=NOW)["state"])


FAULTS = [
    ("rate errors", {"rate_err": [1.0, 0.0, 1.0, 1.0]}, "bad"),
    ("gaps", {"bin_s": 0.1}, "warn"),
    (
        "time order",
        {
            "time": pl.Series(
                [NOW + timedelta(seconds=s) for s in (3, 0, 1, 2)], dtype=NS
            )
        },
        "warn",
    ),
    ("time known", {"time": pl.Series([None] * 4, dtype=NS)}, "bad"),
    ("position in range", {"ra": [360.0, 1.0, 1.0, 1.0]}, "bad"),
    ("position in range", {"dec": [-90.5, 1.0, 1.0, 1.0]}, "bad"),
    ("position known", {"ra": [None, 1.0, 1.0, 1.0]}, "warn"),
    ("numbers finite", {"rate": [float("nan"), 1.0, 1.0, 1.0]}, "bad"),
    ("numbers finite", {"rate": [float("inf"), 1.0, 1.0, 1.0]}, "bad"),
    ("rate known", {"rate": [None, None, None, 1.0]}, "warn"),
]


@pytest.mark.parametrize(("check", "fault", "expected"), FAULTS)
def test_each_fault_is_found_by_its_check(check, fault, expected):
    assert expected == state(rates(**fault), check)


def test_rows_that_repeat_are_found_whatever_file_they_came_from():
    twice = pl.concat([rates(), rates()]).with_columns(
        pl.Series("file_sha256", ["a"] * 4 + ["b"] * 4),
        pl.int_range(8).alias("file_row"),
    )

    assert "bad" == state(twice, "duplicates")


def test_a_limit_may_lack_an_error_and_a_detection_may_not():
    points = pl.DataFrame(
        {"value": [1.0, 2.0], "value_err_plus": [0.1, 0.0], "is_limit": [False, True]}
    )

    assert "ok" == state(points, "value errors")
    assert "bad" == state(
        points.with_columns(is_limit=pl.lit(value=False)), "value errors"
    )


def test_the_length_of_the_longest_gap_is_stated():
    frame = rates(
        time=pl.Series([NOW + timedelta(seconds=s) for s in (0, 1, 90, 91)], dtype=NS)
    )
    row = checks(frame, subject="sw1", checked=NOW).filter(pl.col("check") == "gaps")

    assert "1 gaps, the longest 88.0 s" == row["reason"].item()
    assert pytest.approx(88 / 91) == row["value"].item()


def test_an_empty_frame_is_unknown_and_not_ok():
    assert ["unknown"] == checks(rates().clear(), subject="x", checked=NOW)[
        "state"
    ].to_list()


def test_rows_fit_the_table_of_quality():
    columns = [column.name for column in schema.table("ops.quality").columns]

    assert set(checks(rates(), subject="x", checked=NOW).columns) <= set(columns)


def test_the_board_puts_the_worst_first_and_says_why():
    findings = pl.concat(
        [
            checks(rates(), subject="fine", checked=NOW),
            checks(rates(rate_err=[0.0] * 4), subject="broken", checked=NOW),
            checks(rates().clear(), subject="empty", checked=NOW),
        ]
    )
    shown = board(findings)

    assert [("broken", "bad"), ("empty", "unknown"), ("fine", "ok")] == shown.select(
        "subject", "state"
    ).rows()
    assert "rate errors: 4 of 4 rows" in shown["why"][0]


def test_the_newest_run_of_a_check_counts():
    findings = pl.concat(
        [
            checks(rates(), subject="a", checked=NOW),
            checks(
                rates(rate_err=[0.0] * 4), subject="a", checked=NOW - timedelta(days=1)
            ),
        ]
    )

    assert ["ok"] == board(findings)["state"].to_list()


def test_the_real_bursts_whose_redshifts_contradict_are_found(archive):
    gathered = Contradictions()
    files = (
        "swift_bat/catalogs/swift_grb_table_to_230911C.tsv",
        "swift_bat/catalogs/bat_catalog_redshift.txt",
        "swift_xrt/xrt_grb_json/GRBtable.csv",
    )
    for name in files:
        rows = rows_of(archive / name)[0]["grbs"]
        gathered.take(frame_of(schema.conform(rows, schema.GRBS)))
    found = next(m for m in gathered.measured() if m.check == REDSHIFT)

    assert found.value >= 6
    for burst in ("060512", "070521", "050813", "060814", "071003", "060604"):
        assert f"GRB {burst} (" in found.evidence
