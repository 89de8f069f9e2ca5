"""Conflicts are for a person to resolve, and teardown retains data."""

import dataclasses

from storage_states import (
    DESIRED,
    SPACES,
    as_existing,
    cluster,
    everything,
    resource_of,
)

from orbital_kernel.model.observatory import observatories, site
from orbital_kernel.model.sizes import size_text
from orbital_kernel.storage.provision.desired import desired
from orbital_kernel.storage.provision.kinds import TABLE
from orbital_kernel.storage.provision.plan import diff
from orbital_kernel.storage.provision.resource import Actual
from orbital_kernel.storage.provision.teardown import teardown


def test_two_quotas_on_one_path_are_for_a_person_to_decide():
    actual = everything()
    double = dataclasses.replace(
        next(f for f in actual.existing if f.kind == "quota"), id=1000
    )
    plan = diff(DESIRED, Actual((*actual.existing, double)))

    (conflict,) = plan.conflicts
    assert "2 of this kind" in conflict.reason
    assert not plan.empty


def test_a_bucket_served_elsewhere_is_a_conflict():
    view = dataclasses.replace(
        as_existing(resource_of("view", "orbital-swift"), 5), identity="/old/swift"
    )
    plan = diff(DESIRED, Actual((cluster(), view)))

    assert ["bucket 'orbital-swift' is served by view /old/swift already"] == [
        c.reason.split(":")[0] for c in plan.conflicts
    ]


def test_a_bucket_cannot_be_renamed():
    plan = diff(DESIRED, everything(**{"view orbital-swift": {"bucket": "swift"}}))

    (conflict,) = plan.conflicts
    assert "cannot be changed to 'orbital-swift'" in conflict.reason


def test_a_quota_is_never_shrunk_below_its_use():
    raw_fields = {
        "hard_limit": 2 * 10**12,
        "soft_limit": 10**12,
        "used_capacity": 6 * 10**11,
    }
    plan = diff(DESIRED, everything(**{"quota orbital-swift": raw_fields}))

    (conflict,) = plan.conflicts
    assert "600 GB are in use" in conflict.reason


def test_a_table_with_other_columns_is_a_conflict_and_names_them():
    table = resource_of(TABLE, "swift.sources")
    columns = {k: v for k, v in table.fields["columns"].items() if k != "dec"}
    plan = diff(DESIRED, everything(**{"table swift.sources": {"columns": columns}}))

    (conflict,) = plan.conflicts
    assert "columns differ (dec)" in conflict.reason


def test_more_than_the_cluster_has_is_refused():
    existing = everything().existing[1:]
    plan = diff(DESIRED, Actual((cluster(free_usable_capacity=10**12), *existing)))

    (conflict,) = plan.conflicts
    promised = size_text(sum(space.quota.hard_bytes for space in SPACES))
    assert f"promise {promised}" in conflict.reason
    assert "1 TB may be promised" in conflict.reason


def test_more_bandwidth_than_the_cluster_has_is_refused():
    plan = diff(DESIRED, Actual((cluster(max_cluster_read_bw_mb=2000),)))

    (conflict,) = plan.conflicts
    promised = sum(space.qos.limit("min_reads_bw_mbps") for space in SPACES)
    assert f"{promised} MB/s read bandwidth are guaranteed" in conflict.reason


def test_a_cluster_that_is_named_may_be_over_committed_and_says_so():
    rule = dataclasses.replace(site().over_commit, named=("vast1",))
    resources = desired(
        observatories().values(), dataclasses.replace(site(), over_commit=rule)
    )
    plan = diff(resources, Actual((cluster(free_usable_capacity=10**12),)))

    assert () == plan.conflicts
    assert "vast1 may be over-committed" in plan.notes[0]


def test_an_unknown_capacity_is_noted():
    plan = diff(DESIRED, Actual((cluster(free_usable_capacity=None),)))

    assert ["vast1: free capacity is unknown, over-commit is not checked"] == list(
        plan.notes
    )


def test_teardown_is_in_reverse_order_and_retains_data():
    empty = {"logical_capacity": 0, "physical_capacity": 0}
    full = {"logical_capacity": 10, "physical_capacity": 5}
    actual = everything(
        **{
            "view orbital-swift": empty,
            "view orbital-chandra": full,
            "view orbital": full,
        }
    )
    plan = teardown(DESIRED, actual)

    gone = [(c.resource, c.name) for c in plan.changes]
    assert gone.index(("quota", "orbital-swift")) < gone.index(
        ("view", "orbital-swift")
    )
    assert gone.index(("view", "orbital-swift")) < gone.index(
        ("viewpolicy", "orbital-swift")
    )
    assert {"orbital-swift"} == {name for _, name in gone}
    assert {"quota", "view", "viewpolicy", "qospolicy"} <= {
        k.resource for k in plan.retained if k.name == "orbital-chandra"
    }


def test_a_view_that_may_hold_data_is_retained():
    plan = teardown(DESIRED, everything())

    assert [] == [c for c in plan.changes if c.resource == "view"]


def test_a_named_view_is_deleted_with_its_data():
    full = {"logical_capacity": 10}
    actual = everything(**{"view orbital-chandra": full})
    plan = teardown(DESIRED, actual, yes_delete=("orbital-chandra",))

    assert ("view", "orbital-chandra") in {(c.resource, c.name) for c in plan.changes}
    assert "orbital" not in {c.name for c in plan.changes}


def test_a_policy_of_another_view_is_retained():
    empty = {"logical_capacity": 0}
    actual = everything(**{"view orbital-swift": empty})
    guest = dataclasses.replace(
        as_existing(resource_of("view", "orbital-swift"), 500),
        identity="/guest",
        name="guest",
    )
    plan = teardown(DESIRED, Actual((*actual.existing, guest)))

    assert ("viewpolicy", "orbital-swift") in {
        (k.resource, k.name) for k in plan.retained
    }
