"""Rows on a terminal: what fits is shown, and what is not shown is named."""

import re

import polars as pl
import pytest

from orbital_kernel.commands.frames import END_ROWS, show_frame


@pytest.fixture
def printed(capsys, monkeypatch):
    def show(frame, units=None, width=80):
        monkeypatch.setenv("COLUMNS", str(width))
        show_frame(frame, units or {})
        return capsys.readouterr().out.splitlines()

    return show


def test_units_are_below_the_names_of_columns(printed):
    lines = printed(pl.DataFrame({"ra": [83.5], "name": ["Crab"]}), {"ra": "deg"})

    assert ["   ra  name", "[deg]", "─────  ────", " 83.5  Crab", "1 row"] == lines


def test_an_unknown_unit_of_a_number_is_marked_and_none_of_a_text(printed):
    frame = pl.DataFrame({"rate": [1.0], "utc": ["2013-04-27"]})

    assert "[?]" == printed(frame, {"rate": None, "utc": None})[1].strip()


def test_a_long_frame_shows_both_ends_and_counts_the_rest(printed):
    lines = printed(pl.DataFrame({"row": range(5000)}))

    assert "…" in lines
    assert str(END_ROWS - 1) == lines[lines.index("…") - 1].strip()
    assert str(5000 - END_ROWS) == lines[lines.index("…") + 1].strip()
    assert f"5,000 rows, {5000 - 2 * END_ROWS:,} of them not shown" == lines[-1]


@pytest.mark.parametrize("width", [40, 80, 200])
def test_no_line_is_wider_than_the_terminal_and_every_column_is_named(printed, width):
    frame = pl.DataFrame({f"column_{n}": ["x" * 12] for n in range(12)})
    lines = printed(frame, width=width)

    table = lines[: lines.index("1 row")]
    assert all(len(line) <= width for line in table)
    for name in frame.columns:
        assert 1 == sum(name in re.split(r"[ ,(]+", line) for line in lines)


def test_columns_without_a_value_are_named_not_drawn(printed):
    frame = pl.DataFrame(
        {"a": [1, 2], "b": [None, None]}, schema_overrides={"b": pl.Float64}
    )
    lines = printed(frame)

    assert "a" == lines[0]
    assert "columns without a value: b" == lines[-1]


def test_no_rows_are_said_with_their_columns(printed):
    assert ["no rows (columns: a, b)"] == printed(pl.DataFrame({"a": [], "b": []}))


def test_a_missing_cell_is_a_dash_and_a_long_one_ends_in_an_ellipsis(printed):
    lines = printed(pl.DataFrame({"a": ["x" * 60, None]}))

    assert "x" * 39 + "…" == lines[2]
    assert "—" == lines[3].strip()


def test_a_clock_of_a_mission_keeps_its_milliseconds(printed):
    lines = printed(pl.DataFrame({"met_s": [731325384.184]}), {"met_s": "s"})

    assert "731325384.184" == lines[3].strip()
