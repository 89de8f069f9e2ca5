"""A look at the health of a dead platform is unknown, and ends in its time."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest
from orbital_widgets import HealthPanel

from orbital_kernel import connect, embedded
from orbital_kernel.errors import ProvisionError, StoreError
from orbital_kernel.storage.health.checks import Check, health_of
from orbital_kernel.storage.health.health import health
from orbital_kernel.storage.health.service import service_checks
from orbital_kernel.storage.patience import LastAnswer, Patience, TooSlow
from orbital_kernel.storage.vms import Vms

pytestmark = pytest.mark.timeout(120)


class Clock:
    """A clock that only pauses move."""

    def __init__(self):
        self.now = 0.0
        self.pauses = []

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.pauses.append(seconds)
        self.now += seconds


class NeverAnswering:
    """Somebody who counts what is asked, after a time, and drops it."""

    def __init__(self, clock, takes_s):
        self.clock, self.takes_s, self.asked = clock, takes_s, 0

    def __getitem__(self, _part):
        return self

    def get(self, **_fields):
        self.asked += 1
        self.clock.now += self.takes_s
        raise ConnectionRefusedError("nobody listens")


@pytest.fixture
def dead(tmp_path):
    """Return a session whose platform answered once and was then killed."""
    session = connect(tmp_path / "home")
    session.storage.apply()
    assert "unknown" not in session.health().checks[0].state
    pid = embedded.status(session.home).pid
    os.kill(pid, signal.SIGKILL)
    while embedded.status(session.home).running:
        pass
    yield session
    embedded.stop(session.home)


def test_a_killed_platform_is_unknown_with_the_age_of_its_last_answer(dead):
    state = dead.health(within_s=5)

    assert "unknown" == state.state
    silent = {check.name: check for check in state.checks if check.name != "watcher"}
    assert {"unknown"} == {check.state for check in silent.values()}
    assert "its last answer is" in silent["vms"].reason
    assert "its last answer is" in silent["queries"].reason
    assert "2 attempts" in silent["vms"].reason


def test_the_command_says_unknown_of_a_killed_platform(dead):
    ended = subprocess.run(
        [sys.executable, "-m", "orbital_kernel", "health", "--json"],
        env={**os.environ, **dead.settings.environment()},
        capture_output=True,
        text=True,
        check=False,
    )

    document = json.loads(ended.stdout)
    assert 3 == ended.returncode, ended.stderr
    assert "unknown" == document["state"]
    assert "cannot connect to the database" in document["checks"][0]["reason"]


def test_a_platform_that_hangs_is_unknown_and_does_not_hold_the_look(tmp_path):
    session = connect(tmp_path / "home")
    session.storage.apply()
    pid = embedded.status(session.home).pid
    os.kill(pid, signal.SIGSTOP)
    try:
        state = session.storage.health(within_s=1)
    finally:
        os.kill(pid, signal.SIGCONT)
        embedded.stop(session.home)

    reasons = {check.name: check.reason for check in state.checks}
    assert "unknown" == state.state
    assert "no answer within" in reasons["vms"]
    assert "the time for all requests is over" in reasons["alarms"]


@pytest.mark.parametrize("takes_s", [0.0, 0.7, 4.0])
def test_all_questions_of_a_look_share_one_deadline(takes_s):
    clock = Clock()
    client = NeverAnswering(clock, takes_s)
    patience = Patience(sleep=clock.sleep, clock=clock)
    vms = Vms(client, "vms.example", patience).within(10, attempts=2)

    state = health(vms, quotas=("orbital",))

    assert "unknown" == state.state
    assert client.asked <= 2 * len(state.checks)
    assert clock.now <= 10 + takes_s
    if takes_s == 4.0:
        assert 3 == client.asked


def test_without_a_deadline_every_attempt_is_made():
    clock = Clock()
    client = NeverAnswering(clock, 0.0)
    vms = Vms(client, "vms.example", Patience(sleep=clock.sleep, clock=clock))

    with pytest.raises(ProvisionError, match="after 7 attempts"):
        vms.get("health")
    assert (7, 6) == (client.asked, len(clock.pauses))


def test_a_pause_that_would_last_beyond_the_deadline_is_not_begun():
    clock = Clock()
    patience = Patience(sleep=clock.sleep, clock=clock).ending_in(1.0, attempts=7)

    for pause in patience.pauses():
        clock.sleep(pause)

    assert clock.now < 1.0
    assert len(clock.pauses) < 6


def test_a_refusal_is_an_answer():
    clock = Clock()
    heard = LastAnswer(clock)

    assert "it has not answered in this session" == str(heard)
    heard.note()
    clock.now = 12.4
    assert "its last answer is 12 s old" == str(heard)


def test_a_database_that_fails_is_asked_once():
    asked = []

    def tables():
        asked.append(1)
        raise StoreError("nobody listens")

    checks = service_checks(SimpleNamespace(), tables, now_s=0.0)

    assert 1 == len(asked)
    assert {"unknown"} == {check.state for check in checks}
    assert all("nobody listens; it has not" in check.reason for check in checks)


def test_nothing_is_asked_when_the_time_is_over():
    clock = Clock()
    patience = Patience(clock=clock).ending_in(0.0, attempts=1)
    asked = []

    with pytest.raises(TooSlow, match="was not asked"):
        patience.within(lambda: asked.append(1))
    assert [] == asked


def test_a_panel_gives_its_period_to_a_look_that_can_end_in_time():
    given = []

    def look(*, within_s):
        given.append(within_s)
        return health_of([Check("vms", "ok", "answers")])

    HealthPanel(look, every_s=3.0).wait().close()

    assert [3.0] == given


def test_a_panel_shows_unknown_while_a_look_does_not_end():
    released = threading.Event()
    looks = []

    def look():
        looks.append(1)
        if len(looks) > 1:
            released.wait(60)
        return health_of([Check("vms", "ok", "answers")])

    async def watch():
        panel = HealthPanel(look, every_s=0.2)
        states = []
        while "unknown" not in states:
            await asyncio.sleep(0.01)
            states.append(panel.health.state if panel.health else None)
        reason = panel.health.checks[0].reason
        released.set()
        panel.close()
        return states, reason

    states, reason = asyncio.run(watch())

    assert "ok" in states
    assert "no answer within 0.2 s; the last answer is" in reason
