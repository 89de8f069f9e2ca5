"""The health panel without a browser: it checks repeatedly, shows each alert once, and stops."""

import asyncio
import threading

import pytest
from orbital_widgets import HealthPanel

from orbital_kernel.errors import ProvisionError
from orbital_kernel.storage.health.checks import Check, health_of


def health(state, name="quota orbital-swift"):
    return health_of([Check(name, state, "a <made-up> look"), Check("vms", "ok", "ok")])


def test_what_is_not_ok_is_shown_and_strangers_text_is_escaped():
    panel = HealthPanel(lambda: health("bad")).wait()
    panel.close()

    assert ">bad<" in panel._state.value
    assert "1 of 2 checks are ok" in panel._state.value
    assert "&lt;made-up&gt;" in panel._checks.value
    assert "vms" not in panel._checks.value


def test_a_look_that_fails_is_unknown_and_never_normal():
    def fail():
        raise ProvisionError("the VMS did not answer")

    panel = HealthPanel(fail).wait()
    panel.close()

    assert "unknown" == panel.health.state
    assert "the VMS did not answer" in panel._checks.value


def test_an_alert_is_shown_once():
    panel = HealthPanel(lambda: health("bad")).wait()
    for _ in range(4):
        panel.refresh()
        panel.wait()
    panel.close()

    assert 1 == panel._alert_lines.value.count("raised")


def test_it_looks_by_itself_off_the_loops_thread_until_it_is_closed():
    threads, enough = [], threading.Event()

    def look():
        threads.append(threading.current_thread())
        if len(threads) == 4:
            enough.set()
        return health("ok")

    async def watch():
        panel = HealthPanel(look, every_s=0.01)
        await asyncio.to_thread(enough.wait, 30)
        panel.close()
        looks = len(threads)
        await asyncio.sleep(0.1)
        return looks

    seen = asyncio.run(watch())

    assert seen >= 3
    assert len(threads) <= seen + 1
    assert threading.current_thread() not in threads


def test_every_check_can_be_shown():
    panel = HealthPanel(lambda: health("warn")).wait()
    panel._every_check.value = True
    panel.close()

    assert "vms" in panel._checks.value


def test_in_a_report_it_is_html_without_a_kernel():
    panel = HealthPanel(lambda: health("warn"), static=True)
    bundle = panel._repr_mimebundle_()
    panel.close()

    assert "HealthPanel(every 10 s)" == bundle["text/plain"]
    assert "orbital-swift" in bundle["text/html"]


def test_a_pause_of_nothing_is_refused():
    with pytest.raises(ValueError, match="above 0"):
        HealthPanel(lambda: health("ok"), every_s=0)
