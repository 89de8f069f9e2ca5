"""The quality board without a browser: rows, limits, control chart, and running checks."""

from types import SimpleNamespace

import polars as pl
import pytest
from orbital_widgets import QualityBoard

from orbital_kernel.errors import StoreError


@pytest.fixture(scope="module")
def checked(stocked):
    """Return the session after two checks have run."""
    stocked.quality.run("swift", checks=["GTI fraction", "clock jumps", "clock gaps"])
    stocked.quality.run("chandra", checks=["GTI fraction"])
    return stocked


@pytest.fixture
def board(checked):
    shown = QualityBoard(checked, every_s=600).wait()
    yield shown
    shown.close()


def test_each_check_is_listed_with_state_value_limits_and_evidence(board, checked):
    rows = checked.quality.board()

    assert rows.equals(board.board)
    for row in rows.to_dicts():
        assert row["name"] in board._table.value
        assert f">{row['state']}</b>" in board._table.value
    assert "up to" in board._table.value


def test_the_worst_check_is_selected_and_another_can_be(board):
    row = board.board.row(0, named=True)
    assert (row["name"], row["observatory"], row["subject"]) == board._menu.value
    board._menu.value = ("GTI fraction", "chandra", "chandra ACIS")
    board.wait()

    assert "chandra ACIS" == board.look.selected["subject"]
    assert ["chandra ACIS"] == board.look.samples["subject"].unique().to_list()
    assert "control chart" in board._static_html()
    assert " samples" in board._no_chart.value


def test_a_check_without_samples_says_why_it_has_no_chart(board):
    board.select(("clock gaps", "swift", "swift"))
    board.wait()

    assert "No control chart of clock gaps (0 samples)" in board._no_chart.value


def test_run_checks_runs_them_and_shows_their_results(board, checked):
    runs = []
    session = SimpleNamespace(
        quality=SimpleNamespace(
            board=checked.quality.board,
            checks=checked.quality.checks,
            history=checked.quality.history,
            run=lambda: runs.append(
                checked.quality.run("swift", checks=["clock jumps"])
            ),
        )
    )
    board.session = session
    board._run.click()
    assert board._run.disabled
    board.wait()

    assert 1 == len(runs)
    assert not board._run.disabled
    newest = runs[0].filter(name="clock jumps")["checked_utc"][0]
    shown = board.board.filter(name="clock jumps", observatory="swift")
    assert newest == shown["checked_utc"][0]


def test_before_any_run_the_board_says_what_to_do(checked):
    empty = checked.quality.board().clear()
    quality = SimpleNamespace(board=lambda: empty, checks=checked.quality.checks)
    board = QualityBoard(SimpleNamespace(quality=quality), every_s=600).wait()
    board.close()

    assert "press [Run checks]" in board._state.value


def test_a_platform_that_is_gone_is_a_sentence_with_a_button():
    def gone():
        raise StoreError("the database does not answer")

    session = SimpleNamespace(quality=SimpleNamespace(board=gone))
    board = QualityBoard(session, every_s=600).wait()
    board.close()

    assert "the database does not answer" in board._state.value
    assert not board.reconnect.layout.display


def test_text_of_rows_is_never_markup(checked):
    hostile = "<img src=x onerror=alert(1)>"
    rows = checked.quality.board().with_columns(pl.lit(hostile).alias("evidence"))
    quality = SimpleNamespace(
        board=lambda: rows,
        checks=checked.quality.checks,
        history=checked.quality.history,
    )
    board = QualityBoard(SimpleNamespace(quality=quality), every_s=600).wait()
    board.close()

    assert "<img" not in board._table.value
    assert "&lt;img" in board._table.value


def test_in_a_report_it_is_html_without_a_kernel(checked):
    of_sample = checked.quality.history("GTI fraction", samples=True)
    weeks = [
        of_sample.with_columns(pl.col("time") + pl.duration(weeks=k)) for k in range(4)
    ]
    quality = SimpleNamespace(
        board=checked.quality.board,
        checks=checked.quality.checks,
        history=lambda _name, samples: pl.concat(weeks),
    )
    board = QualityBoard(
        SimpleNamespace(quality=quality),
        every_s=600,
        selected=("GTI fraction", "chandra", "chandra ACIS"),
        static=True,
    )
    page = board._repr_mimebundle_()["text/html"]
    board.close()

    assert "SIMULATED" in page
    assert 'title="control chart"' in page
