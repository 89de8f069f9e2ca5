"""Texts of strangers are shown on a terminal, never obeyed."""

import re
from pathlib import Path

import polars as pl
import pytest

import orbital_kernel
from orbital_kernel.commands.frames import show_frame
from orbital_kernel.commands.output import table
from orbital_kernel.commands.terminal import echo, visible

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
