"""The storage dashboard without a browser: what it shows, and that it asks before it acts."""

from types import SimpleNamespace

import pyarrow as pa
import pytest
from orbital_widgets import StorageDashboard

from orbital_kernel.errors import StoreError
from orbital_kernel.storage.growth.outlook import full_at


@pytest.fixture
def dashboard(orbital):
    shown = StorageDashboard(orbital, every_s=600).wait()
    yield shown
    shown.close()


def section(dashboard, name):
    return dashboard._parts[name].value


def test_each_quota_has_a_gauge_with_its_limits_and_forecast(dashboard):
    quotas = section(dashboard, "Quotas")
    for quota in dashboard.look.quotas:
        assert quota["quota"] in quotas
        assert full_at(quota["forecast"]) in quotas
    assert quotas.count('role="meter"') == len(dashboard.look.quotas)


def test_a_plan_without_changes_cannot_be_applied(dashboard):
    assert "nothing to change" in section(dashboard, "Plan")
    assert dashboard._consent.disabled
    assert dashboard._apply.disabled


def test_a_missing_quota_is_planned_and_made_only_with_consent(orbital):
    made = next(c for c in orbital.storage.desired() if c.kind == "quota")
    vms = orbital.storage._vms
    row = next(r for r in vms.listing("quotas") if r["name"] == made.name)
    vms.delete("quotas", row["id"])
    dashboard = StorageDashboard(orbital, every_s=600).wait()
    assert made.name in section(dashboard, "Plan")
    assert dashboard._apply.disabled
    dashboard._consent.value = True
    assert not dashboard._apply.disabled
    dashboard._apply.click()
    dashboard.wait()
    assert "nothing to change" in section(dashboard, "Plan")
    assert dashboard._apply.disabled
    dashboard.close()
    assert not orbital.storage.plan().changes


def test_actions_of_automation_are_shown_as_text_never_as_markup(orbital, holding):
    hostile = "<img src=x onerror=alert(1)>"
    rows = pa.table(
        {
            "done": pa.array([0], pa.timestamp("ns")),
            "actor": [hostile],
            "action": ["expand"],
            "resource": ["orbital-swift"],
            "before": ["1 TB"],
            "after": ["2 TB"],
            "evidence": [hostile],
        }
    )
    with holding("ops.actions", rows, "actor"):
        dashboard = StorageDashboard(orbital, every_s=600).wait()
        dashboard.close()
    assert "&lt;img src=x" in section(dashboard, "Actions")
    assert "<img" not in section(dashboard, "Actions")


def test_a_platform_that_is_gone_is_a_sentence_with_what_to_do(orbital):
    def gone(_query, *, kind):
        raise StoreError("the database does not answer")

    session = SimpleNamespace(storage=orbital.storage, flush=lambda: None, query=gone)
    dashboard = StorageDashboard(session, every_s=600).wait()
    dashboard.close()
    assert "the database does not answer" in dashboard._state.value
    assert "orbital up" in dashboard._state.value


def test_in_a_report_it_is_html_without_a_kernel(orbital):
    dashboard = StorageDashboard(orbital, every_s=600, static=True)
    page = dashboard._repr_mimebundle_()["text/html"]
    dashboard.close()
    for name in ("Quotas", "Health", "Query latency", "Actions", "Plan"):
        assert f"<h4>{name}</h4>" in page
