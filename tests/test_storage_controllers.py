"""Controllers raise quotas before they block writes, once, and record why."""

import dataclasses
import random
import threading

import pytest
from memory_tables import MemoryTables
from quota_cluster import START, Cluster, Late

from orbital_kernel.model.observatory import observatories, observatory, site
from orbital_kernel.storage.growth.automation import Controller, quota_state, watch
from orbital_kernel.storage.growth.forecast import (
    Trend,
    reach,
)
from orbital_kernel.storage.ledger import (
    EXPANDED,
    INTENDED,
    RAISED_BY_OTHER,
    REFUSED,
    Ledger,
)

GB = 10**9

DAY = 86400.0

HOUR = 3600.0

LEDGER = ("ops.storage", "ops.actions")

QUOTA = observatory("swift").storage.quota

PATH = "/observatories/swift"


@pytest.fixture
def cluster():
    cluster = Cluster()
    for space in (site().database, *(o.storage for o in observatories().values())):
        cluster.add(space.view.path, space.quota)
    return cluster


@pytest.fixture
def controller(cluster):
    spaces = (site().database, *(o.storage for o in observatories().values()))
    return Controller(
        cluster, Ledger(MemoryTables(*LEDGER)), watch(spaces), clock=lambda: cluster.now
    )


def grow(cluster, controllers, *, days=30, seed=1, campaign=6, after_hour=None):
    """Write for a month: a daily rhythm, and a campaign of a day now and then.

    `after_hour` is called at the end of each hour, and gives the controllers to come.
    """
    rng = random.Random(seed)
    rates = {
        path: rng.uniform(2, 12)
        * GB
        / 24
        * min(1, row["hard_limit"] / QUOTA.hard_bytes)
        for path, row in cluster.rows.items()
    }
    for hour in range(24 * days):
        for path, rate in rates.items():
            times = campaign if (hour // 24 + len(path)) % 11 == 0 else 1
            cluster.write(path, int(rate * times * rng.uniform(0, 2)))
        cluster.now += HOUR
        for controller in controllers if hour % 4 == 0 else ():
            controller.step()
        if after_hour:
            controllers = after_hour(controllers)


def expansions(controller):
    """Return (quota, action) of every expansion done."""
    return [
        (watched.quota, action)
        for watched in controller.watched
        for action in controller.ledger.actions(watched.path)
        if action["action"] == EXPANDED
    ]


def was_least(quota, action):
    """Return whether one step less would have been too little, by its evidence."""
    evidence, hard = action["evidence"], action["after"]["hard"]
    fewer = hard - quota.growth.step_bytes
    used = evidence["now"]["used_bytes"]
    early = reach(Trend(**evidence["trend"]), fewer).early_s
    return (
        fewer <= action["before"]["hard"]
        or used >= 0.8 * fewer
        or (early is not None and early < evidence["ahead_s"])
    )


@pytest.mark.parametrize("seed", range(3))
def test_in_a_month_of_growth_no_write_is_blocked_and_each_expansion_is_explained(
    cluster, controller, seed
):
    for path, row in cluster.rows.items():
        row["used_capacity"] = int(0.7 * row["soft_limit"])
        assert path
    grow(cluster, [controller], seed=seed)

    assert 0 == cluster.blocked
    done = expansions(controller)
    assert len(cluster.patches) == len(done) > 0
    for quota, action in done:
        assert action["evidence"]["reason"]
        assert action["after"]["hard"] > action["before"]["hard"]
        assert was_least(quota, action)
    for path, row in cluster.rows.items():
        quota = next(w.quota for w in controller.watched if w.path == path)
        steps = (row["hard_limit"] - quota.hard_bytes) / quota.growth.step_bytes
        assert steps == int(steps)
        assert row["hard_limit"] - row["used_capacity"] < quota.hard_bytes


@pytest.mark.parametrize("seed", range(2))
def test_a_day_of_ten_times_the_growth_blocks_no_write(cluster, controller, seed):
    for row in cluster.rows.values():
        row["used_capacity"] = int(0.7 * row["soft_limit"])
    grow(cluster, [controller], seed=seed, campaign=10)

    assert 0 == cluster.blocked
    assert all(was_least(quota, action) for quota, action in expansions(controller))


def test_at_the_ceiling_a_person_is_asked_once_a_day_and_nothing_grows(
    cluster, controller
):
    swift = next(w for w in controller.watched if w.path == PATH)
    alone = dataclasses.replace(
        controller, watched=(dataclasses.replace(swift, approved_bytes=10**15),)
    )
    near = {
        "used_capacity": 1600 * GB,
        "soft_limit": 1520 * GB,
        "hard_limit": 1900 * GB,
    }
    cluster.rows[PATH].update(near)
    for hour in range(24 * 8):
        cluster.write(PATH, 3 * GB)
        cluster.now += HOUR
        if hour % 4 == 0:
            alone.step()

    ceiling = swift.quota.growth.ceiling_bytes
    requests = [a for a in alone.ledger.actions(PATH) if a["action"] == REFUSED]
    days = {int(action["done"] // DAY) for action in requests}
    assert ceiling == cluster.rows[PATH]["hard_limit"]
    assert cluster.blocked > 0
    assert "the ceiling is 2 TB" in requests[-1]["evidence"]["reason"]
    assert len(requests) <= len(days) + 1
    assert "ask" == alone.step()[0].action


def test_a_controller_that_restarts_each_time_does_the_same(cluster, controller):
    alone = Cluster()
    for watched in controller.watched:
        alone.add(watched.path, watched.quota)
    for rows in (cluster.rows, alone.rows):
        for row in rows.values():
            row["used_capacity"] = int(0.85 * row["soft_limit"])
    single = dataclasses.replace(
        controller,
        vms=alone,
        ledger=Ledger(MemoryTables(*LEDGER)),
        clock=lambda: alone.now,
    )
    store = controller.ledger._store

    def restarted(_):
        spaces = (site().database, *(o.storage for o in observatories().values()))
        return [
            Controller(cluster, Ledger(store), watch(spaces), clock=lambda: cluster.now)
        ]

    grow(alone, [single], days=8, seed=4)
    grow(cluster, [controller], days=8, seed=4, after_hour=restarted)

    assert alone.patches == cluster.patches
    assert len(alone.patches) > 0


def test_two_controllers_in_threads_expand_once(cluster, controller):
    for row in cluster.rows.values():
        row["used_capacity"] = int(0.95 * row["hard_limit"])
    alone = {d.path: d.hard_bytes for d in controller.step(dry_run=True)}
    gate = threading.Barrier(4)

    def run():
        gate.wait(30)
        dataclasses.replace(controller).step()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    limits = {path: row["hard_limit"] for path, row in cluster.rows.items()}
    assert alone == limits


def test_without_automation_the_same_month_blocks_writes(cluster):
    for row in cluster.rows.values():
        row["used_capacity"] = int(0.99 * row["soft_limit"])
    grow(cluster, [])

    assert cluster.blocked > 0


def test_two_controllers_do_not_expand_twice(cluster, controller):
    alone = Cluster()
    for watched in controller.watched:
        alone.add(watched.path, watched.quota)
    single = dataclasses.replace(
        controller,
        vms=alone,
        ledger=Ledger(MemoryTables(*LEDGER)),
        clock=lambda: alone.now,
    )
    twin = dataclasses.replace(controller)
    for rows in (cluster.rows, alone.rows):
        for row in rows.values():
            row["used_capacity"] = int(0.7 * row["soft_limit"])
    grow(alone, [single], seed=7)
    grow(cluster, [controller, twin], seed=7)

    limits = {path: row["hard_limit"] for path, row in cluster.rows.items()}
    assert {path: row["hard_limit"] for path, row in alone.rows.items()} == limits
    assert len(alone.patches) == len(cluster.patches)


def test_a_controller_that_comes_second_sets_nothing(cluster, controller):
    controller = dataclasses.replace(controller, watched=controller.watched[:1])
    path = controller.watched[0].path
    cluster.rows[path]["used_capacity"] = int(0.95 * cluster.rows[path]["hard_limit"])
    late = dataclasses.replace(controller, vms=Late(cluster, controller))
    late.step()

    assert 1 == len(cluster.patches)
    done = [action["action"] for action in controller.ledger.actions(path)]
    assert (1, 1) == (done.count(EXPANDED), done.count(RAISED_BY_OTHER))


def test_a_dry_run_decides_and_touches_nothing(cluster, controller):
    cluster.rows[PATH]["used_capacity"] = 490 * GB
    decisions = {d.path: d for d in controller.step(dry_run=True)}

    assert "expand" == decisions[PATH].action
    assert [] == cluster.patches
    assert [] == controller.ledger.actions(PATH)
    assert [] == controller.ledger.samples(PATH)


def test_an_expansion_cut_short_is_found_and_written_down_once(cluster, controller):
    cluster.rows[PATH]["used_capacity"] = 490 * GB
    (decision,) = (d for d in controller.step(dry_run=True) if d.path == PATH)
    controller.ledger.act(
        INTENDED, quota_state(cluster.row_of(PATH)), decision, at_s=START
    )
    limits = {"soft_limit": decision.soft_bytes, "hard_limit": decision.hard_bytes}
    cluster.rows[PATH].update(limits)
    for _ in range(3):
        cluster.now += HOUR
        controller.step()

    assert [] == [p for p in cluster.patches if p[0] == cluster.rows[PATH]["id"]]
    kinds = [action["action"] for action in controller.ledger.actions(PATH)]
    assert [INTENDED, EXPANDED] == kinds
    assert {PATH: tuple(limits.values())} == controller.ledger.grown([PATH])


def test_a_quota_without_use_is_refused(cluster, controller):
    row = cluster.row_of(PATH) | {"used_capacity": None}

    with pytest.raises(Exception, match="has no used_capacity"):
        quota_state(row)
    assert controller
