"""Errors of the first hour: one sentence that names the file, never a traceback."""

import json
import os
import signal
import socket
import subprocess
import sys

import pytest

from orbital_kernel import connect, embedded
from orbital_kernel.__main__ import main
from orbital_kernel.config import data_folder
from orbital_kernel.embedded import files as platform_files
from orbital_kernel.errors import ConfigError, PlatformError

STARTING = ("up", "env", "exec -- true", "doctor")
COMMANDS = (*STARTING, "status")
DAMAGED = {
    "not JSON": "broken",
    "empty": "",
    "blank": " \n",
    "not text": b"\xff\xfe\x00",
    "a list": "[1, 2]",
    "no fields": "{}",
    "null": "null",
    "wrong types": json.dumps({"access_key": 1, "pid": "1", "endpoint": None}),
    "a folder": None,
}
WRONG_NOTES = {
    "process 0": {"pid": 0},
    "no port": {"endpoint": "http://127.0.0.1:port"},
    "no address": {"vms_address": ""},
}


@pytest.fixture(autouse=True)
def embedded_only(monkeypatch):
    for name in list(os.environ):
        if name.startswith(("AWS_", "VMS_")):
            monkeypatch.delenv(name)


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """Return the folder of a platform that runs throughout this file."""
    folder = tmp_path_factory.mktemp("running")
    connect(folder)
    yield folder
    embedded.stop(folder)


@pytest.fixture(scope="module")
def stopped_files(tmp_path_factory):
    """Return the files of a platform with tables that ran and was stopped."""
    folder = tmp_path_factory.mktemp("stopped")
    connect(folder).storage.apply()
    embedded.stop(folder)
    return folder


@pytest.fixture
def stopped(stopped_files, tmp_path):
    """Return a copy of those files, to damage."""
    folder = tmp_path / "home"
    subprocess.run(["cp", "-a", stopped_files, folder], check=True)
    yield folder
    embedded.stop(folder)


@pytest.fixture
def run(capsys, monkeypatch):
    """Return a call of the command line: exit code and all that it printed."""

    def call(folder, command):
        monkeypatch.setenv("ORBITAL_HOME", str(folder))
        with pytest.raises(SystemExit) as ended:
            main(command.split())
        captured = capsys.readouterr()
        return ended.value.code, captured.out, captured.err

    return call


def damage(path, content):
    """Put content in place of a file, a folder for None; return how to undo it."""
    saved = path.with_name(f"{path.name}.saved")
    if path.exists():
        path.rename(saved)
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    def undo():
        path.rmdir() if content is None else path.unlink()
        if saved.exists():
            saved.rename(path)

    return undo


def data(folder):
    """Return the bytes of everything people stored."""
    stored = (
        folder / "vms.sqlite",
        *folder.glob("tables/**/*"),
        *folder.glob("objects/**/*"),
    )
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in stored
        if path.is_file()
        and path.name != "owner"
        and not path.name.endswith(("-wal", "-shm"))
    }


def refused(result, name):
    """Hold a command to one sentence that names a file, and to exit code 1."""
    code, out, err = result
    output = out + err
    assert 1 == code
    assert name in output
    assert "Traceback" not in output
    if not out.startswith("ok "):
        assert 1 == err.count("\n")
        assert err.startswith("orbital: ")


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED.keys())
def test_a_running_platform_names_its_damaged_credentials(
    running, run, command, content
):
    undo = damage(running / "credentials.json", content)
    try:
        refused(run(running, command), "credentials.json")
    finally:
        undo()

    assert embedded.status(running).healthy


@pytest.mark.parametrize("command", COMMANDS)
def test_a_running_platform_names_its_missing_credentials(running, run, command):
    path = running / "credentials.json"
    content = path.read_bytes()
    path.unlink()
    try:
        refused(run(running, command), "credentials.json")
    finally:
        path.write_bytes(content)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED.keys())
def test_a_running_platform_names_its_damaged_note(running, run, command, content):
    undo = damage(running / "standin.json", content)
    try:
        refused(run(running, command), "standin.json")
    finally:
        undo()

    assert embedded.status(running).healthy


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("change", WRONG_NOTES.values(), ids=WRONG_NOTES.keys())
def test_a_note_of_no_process_or_no_address_is_damaged(running, run, command, change):
    note = json.loads((running / "standin.json").read_text())
    undo = damage(running / "standin.json", json.dumps({**note, **change}))
    try:
        refused(run(running, command), "standin.json")
    finally:
        undo()


@pytest.mark.parametrize("command", ["up", "status", "doctor"])
@pytest.mark.parametrize("content", ["broken", "[1]", "[1, 70000]", '["a", 1]', None])
def test_damaged_ports_are_named(running, run, command, content):
    undo = damage(running / "ports.json", content)
    try:
        refused(run(running, command), "ports.json")
    finally:
        undo()


@pytest.mark.parametrize("command", STARTING)
@pytest.mark.parametrize("content", ["broken", "null", "{}", None])
def test_a_platform_does_not_start_on_damaged_credentials(
    stopped, run, command, content
):
    damage(stopped / "credentials.json", content)
    before = data(stopped)

    refused(run(stopped, command), "credentials.json")
    assert before == data(stopped)


@pytest.mark.parametrize("command", ["up", "doctor"])
@pytest.mark.parametrize(
    "name", ["vms.sqlite", "tls/valid.json", "tls/server.key", "standin.log"]
)
def test_a_platform_that_cannot_start_names_what_it_cannot_read(
    stopped, run, command, name
):
    damage(stopped / name, None if name.endswith(".log") else "broken " * 1000)
    before = data(stopped)

    refused(run(stopped, command), name)
    assert before == data(stopped)


@pytest.mark.parametrize("command", [*COMMANDS, "down"])
@pytest.mark.parametrize("home", ["file", "file/below", "/proc/orbital"])
def test_a_home_that_cannot_be_one_is_named(tmp_path, run, command, home):
    (tmp_path / "file").write_text("mine")

    code, out, err = run(tmp_path / home, command)

    if home == "/proc/orbital" and command in ("status", "down"):
        assert (
            f"{'not running' if command == 'status' else 'no platform runs on'}" in out
        )
    else:
        refused((code, out, err), home)
    assert "mine" == (tmp_path / "file").read_text()


def test_a_home_that_is_only_readable_is_named(tmp_path, run):
    folder = tmp_path / "home"
    folder.mkdir()
    options = ["-t", "tmpfs", "-o", "ro", "tmpfs", str(folder)]
    if subprocess.run(["mount", *options], capture_output=True, check=False).returncode:
        pytest.skip("a read-only file system cannot be mounted here")
    try:
        for command in STARTING:
            refused(run(folder, command), str(folder))
        assert 1 == run(folder, "status")[0]
    finally:
        subprocess.run(["umount", folder], check=True)


def test_a_home_that_links_to_itself_is_named(tmp_path):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")

    with pytest.raises((ConfigError, PlatformError), match="loop"):
        embedded.ensure(data_folder(tmp_path / "loop"))


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED.keys())
def test_a_damaged_note_that_nobody_wrote_is_replaced(stopped, run, content):
    damage(stopped / "standin.json", content)

    assert not embedded.status(stopped).running
    if content is None:
        refused(run(stopped, "up"), "standin.json")
    else:
        assert connect(stopped).tables()


def test_a_platform_with_a_damaged_note_can_be_stopped_and_started(stopped, run):
    tables = connect(stopped).tables()
    (stopped / "standin.json").write_text("broken")

    assert embedded.stop(stopped)
    assert tables == connect(stopped).tables()


def test_new_credentials_lead_to_the_same_data(stopped):
    tables = connect(stopped).tables()
    (stopped / "credentials.json").write_text("broken")

    assert embedded.stop(stopped)
    (stopped / "credentials.json").unlink()
    assert tables == connect(stopped).tables()


def test_a_dead_platform_is_not_running_and_comes_back(stopped, run):
    tables = connect(stopped).tables()
    os.kill(embedded.status(stopped).pid, signal.SIGKILL)
    while embedded.status(stopped).running:
        pass

    code, out, err = run(stopped, "status")

    assert (1, "") == (code, err)
    assert "not running" in out
    assert tables == connect(stopped).tables()


def test_a_number_that_another_process_has_is_no_platform(stopped, running):
    for stranger in (os.getpid(), embedded.status(running).pid):
        note = json.loads((running / "standin.json").read_text())
        (stopped / "standin.json").write_text(json.dumps({**note, "pid": stranger}))

        assert not embedded.status(stopped).running
        assert not embedded.stop(stopped)
    assert embedded.status(running).healthy


def test_new_addresses_are_said_where_a_stranger_has_the_old_port(stopped, run):
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        port = stranger.getsockname()[1]
        platform_files.write_ports(stopped, (port, 0))

        assert 0 == run_up(stopped, run, f"the last run used {port} and 0")


def run_up(folder, run, words):
    code, out, err = run(folder, "up")
    assert out.startswith("up: data http://127.0.0.1:")
    assert words in err
    return code


def test_a_port_that_was_asked_for_and_is_taken_is_refused_by_number(stopped, run):
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        port = stranger.getsockname()[1]

        refused(run(stopped, f"up --port {port}"), f":{port} ")
        refused(run(stopped, f"up --foreground --port {port}"), f"port {port} ")


def test_a_command_that_cannot_run_is_named(running, run):
    refused(run(running, "exec -- /proc"), "/proc")


def test_the_whole_command_line_ends_without_a_traceback(stopped):
    (stopped / "credentials.json").write_text("broken")
    ended = subprocess.run(
        [sys.executable, "-m", "orbital_kernel", "doctor"],
        env={**os.environ, "ORBITAL_HOME": str(stopped)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (1, "") == (ended.returncode, ended.stderr)
    assert "credentials.json" in ended.stdout
