"""Files of strangers: each is refused with a reason, in bounded memory, the rest goes in."""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hostile_files import CONTENT, PRIMARY, bintable, stale, write

from orbital_kernel import connect
from orbital_kernel.__main__ import cli
from orbital_kernel.archives import detect, open_source
from orbital_kernel.errors import ArchiveError
from orbital_kernel.ingest.files import files_of
from orbital_kernel.ingest.items import Task
from orbital_kernel.ingest.parsing import parse

SCRIPT = Path(__file__).with_name("hostile_read.py")
GROWTH_BYTES = 512 << 20


def read_apart(folder, *arguments):
    run = subprocess.run(
        [sys.executable, str(SCRIPT), str(folder), *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "XDG_DATA_HOME": str(folder), "ORBITAL_HOME": str(folder)},
    )
    assert 0 == run.returncode, run.stderr[-2000:]
    return json.loads(run.stdout)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """Return the words each refusal must have, and what a process of little memory did."""
    folder = tmp_path_factory.mktemp("hostile")
    return write(folder), read_apart(folder)


def test_every_hostile_file_is_refused_for_its_own_reason(hostile):
    words, result = hostile
    outcomes = result["outcomes"]

    assert 60 < len(words)
    assert set(words) == set(outcomes)
    assert {} == {
        name: outcomes[name]
        for name, expected in words.items()
        if not re.search(expected, outcomes[name], re.DOTALL)
    }


def test_no_hostile_file_takes_much_memory(hostile):
    assert GROWTH_BYTES > hostile[1]["grown_bytes"]


def test_a_reason_is_one_printable_line(hostile):
    assert [] == [r for r in hostile[1]["outcomes"].values() if not r.isprintable()]


def test_a_folder_and_a_file_that_cannot_be_read_are_listed_as_refused():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "open").mkdir(0o755)
        (folder / "open" / "letter.txt").write_text("Dear colleague\n")
        (folder / "closed").mkdir(0o700)
        (folder / "secret.lc").write_bytes(b"x")
        (folder / "secret.lc").chmod(0o600)
        if os.geteuid() != 0:
            (folder / "closed").chmod(0)
            (folder / "secret.lc").chmod(0)
        outcomes = read_apart(folder, "65534" if os.geteuid() == 0 else "-1")[
            "outcomes"
        ]
        (folder / "closed").chmod(0o700)

    assert "the folder cannot be read" in outcomes["closed"]
    assert "Permission denied" in outcomes["secret.lc"]
    assert "of no known format" in outcomes["open/letter.txt"]


def test_names_of_any_bytes_do_not_stop_a_folder(tmp_path, capsys):
    """A name that is not UTF-8 is refused by its escaped name; the other files go in."""
    home, folder = tmp_path / "home", tmp_path / "data"
    folder.mkdir()
    (folder / os.fsdecode(b"caf\xe9.lc")).write_bytes(b"x")
    (folder / "[red]a.txt").write_text("Dear colleague\n")
    os.mkfifo(folder / "pipe")
    (folder / "good.csv").write_text(
        "obsid,ra,dec,time,exposure,status,detector,grating\n"
        "4,83.6,22,55000.1,1000,archived,ACIS-S,NONE\n"
    )
    os.environ["ORBITAL_HOME"] = str(home)
    try:
        with pytest.raises(SystemExit) as caught:
            cli(["ingest", str(folder)], standalone_mode=False)
        screen = capsys.readouterr().out
        states = {Path(f.path).name: f.state for f in connect().ingest(folder).files}
    finally:
        cli(["down"], standalone_mode=False)
        del os.environ["ORBITAL_HOME"]

    assert 1 == caught.value.code
    assert "caf\\xe9.lc" in screen
    assert "[red]a.txt" in screen
    assert {
        "caf\\xe9.lc": "refused",
        "[red]a.txt": "refused",
        "pipe": "refused",
        "good.csv": "unchanged",
    } == states


@pytest.mark.parametrize("name", ["pipe", "device", "folder"])
def test_detect_does_not_wait_for_a_pipe_either(tmp_path, name):
    path = tmp_path / name
    if name == "pipe":
        os.mkfifo(path)
    elif name == "device":
        path.symlink_to("/dev/zero")
    else:
        path.mkdir()

    with pytest.raises(ArchiveError, match="not a regular file"):
        detect(path)
    with pytest.raises(ArchiveError, match="not a regular file"):
        open_source(path)


def test_a_mapping_opens_no_other_file(tmp_path):
    mapping = tmp_path / "m.toml"
    mapping.write_text(
        'table = "sources"\nobservatory = "chandra"\nformat = "votable"\n[columns]\n'
        'source_id = "a"\nra = "a"\ndec = "a"\n'
    )
    path = tmp_path / "a.vot"
    path.write_text(CONTENT["href.vot"][0])

    (refused,) = reasons(path, mapping)

    assert "data are elsewhere" in refused


def test_a_mapping_of_fits_checks_the_file_first(tmp_path):
    mapping = tmp_path / "m.toml"
    mapping.write_text(
        'table = "sources"\nobservatory = "chandra"\nformat = "fits"\n[columns]\n'
        'source_id = "RATE"\nra = "TIME"\ndec = "RATE"\n'
    )
    path = tmp_path / "a.fits"
    path.write_bytes(PRIMARY + bintable(8 * 10**9, 1, "1000000000D"))
    other = tmp_path / "b.fits"
    other.write_bytes(stale())

    assert "over 16,777,216 cells in a row" in reasons(path, mapping)[0]
    assert "--accept-checksums" in reasons(other, mapping)[0]


def reasons(path, mapping):
    return [item.reason for item in parse(path, Task(None, str(mapping)))]


def test_a_folder_lists_links_to_folders_once(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "back").symlink_to(tmp_path, target_is_directory=True)

    assert [tmp_path / "a" / "back"] == files_of([tmp_path])
