"""One embedded platform a folder: started once, shared, stopped, never guessed."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from filelock import FileLock

from orbital_kernel import connect, embedded
from orbital_kernel.errors import ConfigError, PlatformError

ENSURE = (
    "import pathlib, sys; from orbital_kernel import embedded;"
    "embedded.ensure(pathlib.Path(sys.argv[1]))"
)


@pytest.fixture
def folder(tmp_path):
    yield tmp_path / "data"
    embedded.stop(tmp_path / "data")


def test_processes_that_connect_at_once_share_one_platform(folder):
    code = (
        "from orbital_kernel import connect; o = connect();"
        "print(o.settings.endpoint, len(o.tables()))"
    )
    environment = {**os.environ, "ORBITAL_HOME": str(folder)}

    def run(_):
        command = [sys.executable, "-c", code]
        return subprocess.check_output(command, env=environment, text=True)

    with ThreadPoolExecutor(3) as pool:
        endpoints = set(pool.map(run, range(3)))

    assert 1 == len(endpoints)
    assert embedded.status(folder).endpoint in endpoints.pop()


def test_it_comes_back_on_the_same_ports_with_the_same_data(folder):
    first = connect(folder)
    first.storage.apply()
    tables = first.tables()

    assert embedded.stop(folder)
    assert not embedded.status(folder).running

    second = connect(folder)
    assert first.settings == second.settings
    assert tables == second.tables()


def test_a_killed_platform_is_started_again(folder):
    first = connect(folder)
    os.kill(embedded.status(folder).pid, signal.SIGKILL)

    second = connect(folder)

    assert first.settings == second.settings
    assert embedded.status(folder).healthy


def test_a_platform_whose_starter_was_killed_is_shared_all_the_same(folder):
    starter = subprocess.Popen([sys.executable, "-c", ENSURE, str(folder)])
    while not (folder / "standin.lock").exists():
        assert starter.poll() is None
        time.sleep(0.001)
    starter.kill()
    starter.wait()

    embedded.ensure(folder)

    assert embedded.status(folder).healthy


def test_a_platform_that_is_just_stopping_is_waited_for(folder):
    folder.mkdir()
    held = FileLock(folder / "standin.lock", thread_local=False)
    held.acquire()
    release = threading.Timer(2.0, held.release)
    release.start()

    embedded.ensure(folder)

    release.join()
    assert embedded.status(folder).healthy


def test_a_program_that_started_a_platform_ends_in_silence(folder):
    command = [sys.executable, "-W", "always", "-c", ENSURE, str(folder)]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)

    assert ("", "") == (ended.stdout, ended.stderr)
    assert embedded.status(folder).healthy


def test_another_port_than_the_running_one_is_refused(folder):
    embedded.ensure(folder)

    with pytest.raises(PlatformError, match="already runs on"):
        embedded.ensure(folder, port=1)


def test_a_platform_that_cannot_start_says_why(folder):
    folder.mkdir()
    (folder / "credentials.json").mkdir()

    with pytest.raises(PlatformError, match=r"did not start: .*standin\.log"):
        embedded.ensure(folder)


def test_the_vendors_variables_lead_elsewhere_and_start_nothing(
    folder, home, orbital, monkeypatch
):
    monkeypatch.setenv("ORBITAL_HOME", str(folder))
    for name, value in orbital.settings.environment().items():
        monkeypatch.setenv(name, value)

    elsewhere = connect()

    assert orbital.settings.endpoint == elsewhere.settings.endpoint
    assert orbital.tables().keys() == elsewhere.tables().keys()
    assert not folder.exists()
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(ConfigError):
        connect()


def test_keys_are_readable_by_their_owner_only(folder):
    embedded.ensure(folder)

    assert 0o600 == (folder / "credentials.json").stat().st_mode & 0o777
    assert (
        not {"secret_key", "vms_password"}
        & json.loads((folder / "standin.json").read_text()).keys()
    )


def test_a_folder_whose_catalogue_is_gone_is_refused_in_one_sentence(folder):
    connect(folder).storage.apply()
    embedded.stop(folder)
    catalogue = folder / "tables" / "catalogue.sqlite"
    backup = catalogue.read_bytes()
    catalogue.unlink()

    for command in ("up", "env", "health"):
        done = _orbital(folder, command)
        assert 1 == done.returncode
        assert "Traceback" not in done.stderr
        assert "tables/catalogue.sqlite" in done.stderr
        assert "orbital up --accept-loss" in done.stderr

    done = _orbital(folder, "up", "--accept-loss")
    assert 0 == done.returncode
    assert "tables/catalogue.sqlite" in done.stderr
    state = json.loads(_orbital(folder, "status", "--json").stdout)
    assert state["running"]
    assert not state["healthy"]
    assert "tables/catalogue.sqlite" in state["warnings"][0]
    assert "DATA_SET_ASIDE" in _orbital(folder, "health").stdout

    embedded.stop(folder)
    catalogue.write_bytes(backup)
    assert connect(folder).tables()


def _orbital(folder, *arguments):
    command = [sys.executable, "-m", "orbital_kernel", *arguments]
    environment = {**os.environ, "ORBITAL_HOME": str(folder), "COLUMNS": "400"}
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False
    )
