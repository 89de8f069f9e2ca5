"""Health is honest: unknown is never normal, and an alert is raised once."""

import pytest

from orbital_kernel.errors import ProvisionError
from orbital_kernel.storage.health.alerts import Alerts
from orbital_kernel.storage.health.checks import Check, graded, health_of
from orbital_kernel.storage.health.health import health, lag_check, latency_check
from orbital_kernel.storage.health.prometheus import text
from orbital_kernel.storage.listing import NotOffered

GB = 10**9


class FakeVms:
    """A VMS with the given resources; it does not offer any other."""

    def __init__(self, **resources):
        self.resources = resources

    def listing(self, resource, /, *, paged=False):
        return self.get(resource)

    def get(self, resource, /, **params):
        answer = self.resources.get(resource.replace("/", "_"))
        if answer is None:
            raise NotOffered(resource)
        if isinstance(answer, Exception):
            raise answer
        return answer


CLUSTER = {
    "name": "c",
    "state": "ONLINE",
    "physical_space": 100 * GB,
    "physical_space_in_use": 50 * GB,
    "drr": 2.0,
    "ssd_raid_state": "HEALTHY",
    "nvram_raid_state": "REBALANCE",
    "memory_raid_state": "HEALTHY",
}
QUOTA = {"name": "q", "state": "OK", "used_capacity": GB, "hard_limit": 100 * GB}


def state_of(name, **resources):
    report = health(FakeVms(**resources))
    return next((c.state for c in report.checks if c.name == name), report.state)


def test_a_healthy_vms_is_ok():
    assert "ok" == health(FakeVms(clusters=[CLUSTER], quotas=[QUOTA], alarms=[])).state


BAD = [
    ("cluster c", {"clusters": [CLUSTER | {"state": "FAILED"}]}, "bad"),
    ("cluster c", {"clusters": [CLUSTER | {"state": None}]}, "unknown"),
    ("cluster c", {"clusters": [CLUSTER | {"state": "NEW WORD"}]}, "unknown"),
    (
        "capacity c",
        {"clusters": [CLUSTER | {"physical_space_in_use": 85 * GB}]},
        "warn",
    ),
    ("capacity c", {"clusters": [CLUSTER | {"physical_space_in_use": 95 * GB}]}, "bad"),
    ("capacity c", {"clusters": [CLUSTER | {"physical_space": None}]}, "unknown"),
    ("raid ssd c", {"clusters": [CLUSTER | {"ssd_raid_state": "DEGRADED"}]}, "bad"),
    ("cluster", {"clusters": []}, "unknown"),
    ("cluster", {"clusters": ProvisionError("no answer")}, "unknown"),
    ("quota q state", {"quotas": [QUOTA | {"state": "GRACE_EXPIRED"}]}, "bad"),
    ("quota q state", {"quotas": [QUOTA | {"state": "SOFT_EXCEEDED"}]}, "warn"),
    ("quota q state", {"quotas": [{"name": "q"}]}, "unknown"),
    ("quota q use", {"quotas": [{"name": "q", "hard_limit": 1}]}, "unknown"),
    ("quota q use", {"quotas": [QUOTA | {"used_capacity": 96 * GB}]}, "bad"),
    ("quota q use", {"quotas": [QUOTA | {"hard_limit": None}]}, "unknown"),
    ("cnode n", {"cnodes": [{"name": "n", "state": "FAILED", "enabled": True}]}, "bad"),
    (
        "cnode n",
        {"cnodes": [{"name": "n", "state": "INACTIVE", "is_mgmt": True}]},
        "ok",
    ),
    (
        "dnode n",
        {"dnodes": [{"name": "n", "state": "ACTIVE", "enabled": False}]},
        "warn",
    ),
    ("vms", {"health": {"status": "error"}}, "bad"),
    ("vms", {"health": {}}, "unknown"),
]


@pytest.mark.parametrize(("name", "resources", "expected"), BAD)
def test_answers_of_the_vms_are_graded_and_missing_ones_are_unknown(
    name, resources, expected
):
    assert expected == state_of(name, **resources)


def test_a_view_has_no_quota_and_is_never_read_as_one():
    view = {"id": 1, "name": "v", "path": "/v", "logical_capacity": 5}
    report = health(FakeVms(views=[view], quotas=[]), quotas=["v"])

    assert "bad" == report.state


def test_a_vms_that_offers_nothing_is_unknown_and_not_normal():
    report = health(FakeVms())

    assert "unknown" == report.state
    assert {"absent"} == {check.state for check in report.checks}


def test_a_critical_alarm_is_bad_and_an_acknowledged_one_is_quiet():
    alarm = {"severity": "CRITICAL", "event_name": "E", "object_type": "view"}

    assert "bad" == health(FakeVms(alarms=[alarm], clusters=[CLUSTER])).state
    quiet = FakeVms(alarms=[alarm | {"acknowledged": True}], clusters=[CLUSTER])
    assert "ok" == health(quiet).state
    odd = FakeVms(alarms=[alarm | {"severity": "PURPLE"}], clusters=[CLUSTER])
    assert "unknown" == health(odd).state


PROPS = ["timestamp", "object_id"] + [
    f"ViewMetrics,{name}"
    for name in (
        "read_bw__rate",
        "write_bw__rate",
        "read_iops__rate",
        "write_iops__rate",
        "read_latency__avg",
        "write_latency__avg",
    )
]


def test_the_newest_sample_of_a_view_is_taken():
    rows = [
        ["12:05", 1, 1.0, 1.0, 1.0, 1.0, 70_000.0, 100.0],
        ["12:00", 1, 1.0, 1.0, 1.0, 1.0, 100.0, 100.0],
    ]
    vms = FakeVms(
        views=[{"id": 1, "name": "swift"}],
        monitors_ad_hoc_query={"prop_list": PROPS, "data": rows},
    )
    states = {check.name: check for check in health(vms).checks}

    assert "bad" == states["read_latency swift"].state
    assert 70.0 == states["read_latency swift"].value
    assert "ok" == states["write_latency swift"].state


@pytest.mark.parametrize(("iops", "expected"), [(0.0, "ok"), (3.0, "unknown")])
def test_an_idle_view_has_no_latency_and_a_busy_one_must_have_it(iops, expected):
    rows = [["12:05", 1, 0.0, 0.0, iops, 0.0, None, None]]
    vms = FakeVms(
        views=[{"id": 1, "name": "swift"}],
        monitors_ad_hoc_query={"prop_list": PROPS, "data": rows},
    )
    states = {check.name: check.state for check in health(vms).checks}

    assert expected == states["read_latency swift"]


def test_a_view_without_samples_is_unknown():
    vms = FakeVms(
        views=[{"id": 1, "name": "swift"}],
        monitors_ad_hoc_query={"prop_list": PROPS, "data": []},
    )
    assert "unknown" == next(c.state for c in health(vms).checks if c.name == "views")


def test_the_ledgers_latencies_are_held_to_their_budget():
    assert "ok" == latency_check("cone", [20.0] * 100).state
    assert "bad" == latency_check("cone", [20.0] * 98 + [5000.0] * 2).state
    assert "unknown" == latency_check("cone", []).state
    assert "unknown" == lag_check("swift", None).state


def look(state):
    return health_of([Check("capacity", state, "reason")])


def events(states, **options):
    alerts = Alerts(**options)
    return [[a.event for a in alerts.update(look(state))] for state in states]


def test_an_alarm_is_raised_once_and_cleared_after_a_while():
    alarms = events(["bad", "bad", "bad", "bad", "ok", "ok", "ok", "ok"])

    assert [[], ["raised"], [], [], [], [], ["cleared"], []] == alarms


def test_a_flickering_check_raises_no_alert():
    assert [[]] * 20 == events(["bad", "ok"] * 10)


def test_losing_sight_of_a_bad_check_does_not_clear_it():
    alerts = Alerts()
    for state in ["bad"] * 3 + ["unknown"] * 9:
        alerts.update(look(state))

    assert {"capacity": "bad"} == alerts.raised


def test_a_check_that_gets_worse_is_raised_again():
    alarms = events(["warn"] * 3 + ["bad"] * 3)

    assert [[], ["raised"], [], [], ["raised"], []] == alarms


def test_prometheus_gets_states_values_and_gaps():
    metrics = text(
        health_of(
            [
                graded("use", 85.0, warn=80, bad=95, unit="%", quantity="use"),
                Check('odd "name"', "unknown", "no value"),
            ]
        )
    )

    assert 'orbital_health{state="warn"} 1' in metrics
    assert 'orbital_check_value{check="use",unit="%"} 85.0' in metrics
    assert 'orbital_check{check="odd \\"name\\"",state="unknown"} 1' in metrics
    assert 'orbital_check_value{check="odd' not in metrics
