"""Texts of strangers are shown on a terminal, never obeyed."""

import re
from pathlib import Path

import polars as pl
import pytest
from rich.console import Console

import orbital_kernel
from orbital_kernel.commands import output
from orbital_kernel.commands.frames import show_frame
from orbital_kernel.commands.output import show, table
from orbital_kernel.commands.plan_table import plan_table
from orbital_kernel.commands.terminal import echo, visible
from orbital_kernel.storage.provision.change import Change
from orbital_kernel.storage.provision.conflicts import Conflict
from orbital_kernel.storage.provision.plan import Plan

HOSTILE = {
    "clears the screen": "GRB\x1b[2J 130427A",
    "renames the window": "\x1b]0;owned\x07GRB",
    "one byte of control": "GRB\x9b2J",
    "rubs out what was printed": "refused\rstored \b\b",
    "writes from right to left": "GRB \u202eA724031",
    "hides a line": "a\u2028b",
    "markup that is not closed": "[bold GRB",
    "markup that closes nothing": "GRB [/b] 1",
    "a link": "[link=file:///etc/passwd]GRB[/link]",
}
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
FOLDER = Path(orbital_kernel.__file__).parent


@pytest.mark.parametrize("name", HOSTILE)
def test_a_cell_of_a_table_is_shown_as_it_is(name, capsys):
    table(HOSTILE[name], ("object", HOSTILE[name]), [(HOSTILE[name], 1)])

    printed = capsys.readouterr().out
    assert CONTROLS.search(printed) is None
    assert 3 == printed.count(visible(HOSTILE[name]))


@pytest.mark.parametrize("name", HOSTILE)
def test_rows_of_an_answer_are_shown_as_they_are(name, capsys):
    frame = pl.DataFrame({"object": [HOSTILE[name]], "aliases": [[HOSTILE[name]]]})
    show_frame(frame, {"object": HOSTILE[name]})

    printed = capsys.readouterr().out
    assert CONTROLS.search(printed) is None
    assert visible(HOSTILE[name])[:8] in printed


@pytest.mark.parametrize("name", HOSTILE)
def test_a_sentence_is_shown_as_it_is(name, capsys):
    echo(f"there is no object {HOSTILE[name]!s}", err=True)

    assert f"there is no object {visible(HOSTILE[name])}\n" == capsys.readouterr().err


@pytest.mark.parametrize("name", HOSTILE)
def test_a_plan_is_shown_as_it_is(name, capsys):
    text = HOSTILE[name]
    plan = Plan(
        changes=(Change("create", "quota", text, {}, {"path of it": text}, text),),
        conflicts=(Conflict("view", text, text),),
        notes=(text,),
        retained=(Conflict("bucket", text, text),),
    )
    show(plan_table(plan))

    printed = capsys.readouterr().out
    assert CONTROLS.search(printed) is None
    assert 5 <= printed.count(visible(text)[:6])


@pytest.mark.parametrize("name", HOSTILE)
def test_a_progress_bar_shows_names_as_they_are(name, monkeypatch, capsys):
    monkeypatch.setattr(output, "console", Console(force_terminal=True, width=200, no_color=True))  # fmt: skip
    with output.progress(2, "bytes") as bar:
        bar.update(bar.task_ids[0], advance=1, description=HOSTILE[name])

    assert visible(HOSTILE[name])[:8] in capsys.readouterr().out


def test_only_one_file_writes_what_rich_renders():
    writers = [
        path.relative_to(FOLDER).as_posix()
        for path in FOLDER.rglob("*.py")
        if re.search(r"\bConsole\(|\brich\.print\b", path.read_text("utf-8"))
    ]

    assert ["commands/output.py"] == writers


def test_tabs_line_feeds_and_letters_of_all_scripts_stay():
    text = "β Cen\tΩ\n星 é ≤ 1″"

    assert text == visible(text)


def test_nothing_is_printed_past_the_one_place_that_writes_controls_out():
    past = [
        path.relative_to(FOLDER).as_posix()
        for path in FOLDER.rglob("*.py")
        if re.search(r"\bclick\.(echo|secho|echo_via_pager)\(", path.read_text("utf-8"))
    ]

    assert ["commands/terminal.py"] == past
