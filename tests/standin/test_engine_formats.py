"""Folders written by older programs are upgraded in place; newer ones are refused."""

import sqlite3
import tarfile
from pathlib import Path

import pytest

from vast_standin.engine import Engine, upgrades
from vast_standin.engine.pieces import Slot
from vast_standin.engine.predicate import ALWAYS, Target, Term
from vast_standin.engine.scan import ROW_ID_COLUMN, batches, scan
from vast_standin.engine.views import projected

ARCHIVE = Path(__file__).parent / "data" / "format_1.tar.xz"
ALL_ROWS = Slot(0, 1, 1 << 40)
KEY, TEXT, FLUX = 0, 1, 3


@pytest.fixture
def folder(tmp_path):
    """A folder as the program of format 1 left it: sorted, patched, projected, kept.

    Tables `sorted` and `plain` got rows 0 … 899 in three commits; then a snapshot was
    taken and rows of `plain` were changed and deleted.
    """
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path / "format_1"


def read(root, name, condition=ALWAYS):
    """Read a table of schema s as {row id: (key, text, flux)}, and rows opened."""
    return read_state(root.table("b", "s", name), condition, (KEY, TEXT, FLUX))


def pairs(state, condition=ALWAYS):
    """Read a table, or what a projection shows of it, as {row id: (key, text)}."""
    return read_state(state, condition, (KEY, TEXT))


def read_state(state, condition, numbers):
    plan = scan(state, condition)
    share = plan.share(ALL_ROWS, start=0, limit=None)
    rows = {}
    for columns, _ in batches(plan, share.pieces, (ROW_ID_COLUMN, *numbers)):
        ids, *values = (column.to_pylist() for column in columns)
        rows.update(zip(ids, zip(*values, strict=True), strict=True))
    return rows, share.rows_read


def number(folder):
    with sqlite3.connect(folder / "catalogue.sqlite") as db:
        return db.execute("SELECT value FROM meta WHERE key='format'").fetchone()[0]


def test_a_folder_of_format_1_holds_all_it_held(folder):
    assert "1" == number(folder)

    for _ in range(2):
        engine = Engine.open(folder)
        plain, _ = read(engine.root, "plain")
        ordered, _ = read(engine.root, "sorted")
        before, _ = read(engine.snapshot_root("b", "before"), "plain")
        engine.close()

        assert 898 == len(plain)
        assert set(range(900)) - set(plain) == {5, 700}
        assert {"changed"} == {plain[i][1] for i in range(10, 20)}
        assert ["late", "late"] == [plain[i][1] for i in (610, 611)]
        assert {-1.0} == {plain[i][2] for i in range(0, 600, 100)}
        assert sorted(i * 7919 % 1000 for i in range(900)) == [
            key for key, _, _ in ordered.values()
        ]
        assert 900 == len(before)
        assert "t10" == before[10][1]
    assert str(upgrades.FORMAT) == number(folder)


def test_the_sorted_copies_of_segments_are_runs_that_merge(folder):
    engine = Engine.open(folder)
    before = engine.root.table("b", "s", "plain")
    (by_text,) = before.definition.projections
    expected, _ = pairs(before)
    shown, _ = pairs(projected(before, by_text))
    runs = [len(run.origins) for run in before.runs]
    for _ in range(100):
        if not engine.improve(before.id):
            break
    engine.close()
    engine = Engine.open(folder)
    table = engine.root.table("b", "s", "plain")
    merged, opened = pairs(
        projected(table, by_text), Term(Target(TEXT), "equal", b"late")
    )
    again, _ = pairs(projected(table, by_text))
    engine.close()

    assert [1] * len(runs) == runs
    assert len(runs) >= 2
    assert expected == shown == again
    assert {i: r for i, r in expected.items() if r[1] == "late"} == merged
    assert len(merged) == opened
    assert 1 == len(table.runs)


def test_the_upgraded_zones_still_narrow_a_search(folder):
    engine = Engine.open(folder)
    rows, opened = read(engine.root, "sorted", Term(Target(KEY), "less", 10))
    nothing, none_opened = read(
        engine.root, "plain", Term(Target(FLUX), "greater", 1e9)
    )
    engine.close()

    assert all(key < 10 for key, _, _ in rows.values())
    assert opened - len(rows) <= 1
    assert ({}, 0) == (nothing, none_opened)


def test_an_upgrade_that_fails_leaves_the_old_format(folder, monkeypatch):
    def fail(_zones):
        raise OSError("no space left on device")

    with monkeypatch.context() as failing:
        failing.setattr(upgrades, "pack", fail)
        with pytest.raises(OSError, match="no space"):
            Engine.open(folder)
    assert "1" == number(folder)

    engine = Engine.open(folder)
    rows, _ = read(engine.root, "plain")
    engine.close()
    assert 898 == len(rows)


def test_a_newer_folder_is_refused_in_plain_words(folder):
    with sqlite3.connect(folder / "catalogue.sqlite") as db:
        db.execute("UPDATE meta SET value='99' WHERE key='format'")

    with pytest.raises(ValueError, match="format 99, this program reads up to 5"):
        Engine.open(folder)
    assert "99" == number(folder)
