"""The plan is the difference of values: desired minus actual state."""

import dataclasses
import io
import json

import pytest
from rich.console import Console

from orbital_kernel.model import schema
from orbital_kernel.model.observatory import observatories, site
from orbital_kernel.model.sizes import size_text
from orbital_kernel.storage.provision.desired import desired
from orbital_kernel.storage.provision.kinds import CLUSTER, KINDS, TABLE
from orbital_kernel.storage.provision.plan import diff
from orbital_kernel.storage.provision.resource import Actual, Existing
from orbital_kernel.storage.provision.teardown import teardown
from orbital_kernel.storage.table import plan_table, summary

AMPLE = {
    "free_usable_capacity": 10**16,
    "max_cluster_read_bw_mb": 100_000,
    "max_cluster_write_bw_mb": 100_000,
}
DESIRED = desired(observatories().values(), site())
SPACES = (site().database, *(o.storage for o in observatories().values()))


def cluster(**raw_fields):
    raw = {**AMPLE, **raw_fields}
    return Existing(CLUSTER, "vast1", None, "vast1", 1, raw, raw)


def as_existing(resource, number, **changes):
    fields = {**resource.fields, **changes}
    return Existing(
        resource.kind,
        resource.name,
        resource.tenant,
        resource.identity,
        number,
        fields,
        fields,
    )


def everything(**changes):
    """Return the desired state as the actual one; `changes` are by kind and name."""
    existing = [
        as_existing(
            resource, number, **changes.get(f"{resource.kind} {resource.name}", {})
        )
        for number, resource in enumerate(DESIRED, start=1)
        if resource.kind != CLUSTER
    ]
    return Actual((cluster(), *existing))


def resource(kind, name):
    return next(r for r in DESIRED if (r.kind, r.name) == (kind, name))


def test_an_empty_platform_needs_a_policy_a_qos_a_view_and_a_quota_an_observatory():
    plan = diff(DESIRED, Actual((cluster(),)))

    creations = {(c.action, c.resource, c.name) for c in plan.changes}
    for name in ("orbital", "orbital-swift", "orbital-chandra"):
        for kind in ("viewpolicy", "qospolicy", "view", "quota"):
            assert ("create", kind, name) in creations
    assert set(schema.tables(observatories())) == {
        c.name for c in plan.changes if c.resource == TABLE
    }


def test_a_resource_is_created_before_what_needs_it():
    kinds = [c.resource for c in diff(DESIRED, Actual((cluster(),))).changes]

    assert kinds.index("viewpolicy") < kinds.index("view") < kinds.index("quota")
    assert kinds.index("qospolicy") < kinds.index("view")
    assert kinds.index("view") < kinds.index(TABLE)


def test_the_plan_is_empty_if_all_is_as_desired():
    plan = diff(DESIRED, everything())

    assert plan.empty
    assert len(DESIRED) - 1 == plan.unchanged
    assert f"{plan.unchanged} as they should be" == summary(plan)


def test_the_database_is_a_view_with_both_protocols():
    fields = resource("view", "orbital").fields

    assert ("/orbital", "orbital") == (fields["path"], fields["bucket"])
    assert {"S3", "DATABASE"} == set(fields["protocols"])


def test_only_fields_the_vms_accepts_are_planned(vms_api):
    posts = {
        kind.name: vms_api["paths"][f"/{kind.resource}/"]["post"]["requestBody"]
        for kind in KINDS.values()
        if kind.name not in (CLUSTER, "vippool")
    }
    for resource in DESIRED:
        if resource.kind in posts:
            body = posts[resource.kind]["content"]["application/json"]["schema"]
            body = vms_api["components"]["schemas"].get(
                body.get("$ref", "/").split("/")[-1], body
            )
            accepted = set(body["properties"])
            sent = {
                r.wire if (r := KINDS[resource.kind].references.get(name)) else name
                for name in resource.fields
            }
            assert set() == sent - accepted, resource


def test_a_view_carries_no_quota_and_no_description():
    assert not {"quota", "description", "logical_size"} & set(
        resource("view", "orbital").fields
    )


def test_drift_names_the_field_that_differs():
    actual = everything(**{"quota orbital-swift": {"hard_limit": 5 * 10**12}})
    plan = diff(DESIRED, actual)

    (change,) = plan.changes
    assert ("update", "quota", "orbital-swift") == (
        change.action,
        change.resource,
        change.name,
    )
    assert {"hard_limit": 5 * 10**12} == change.before
    assert {"hard_limit": 500 * 10**9} == change.after
    assert "hard_limit is 5 TB, should be 500 GB" == change.reason


SAME = [
    ("view orbital-swift", {"protocols": ["NFS", "S3"]}),
    ("quota orbital-swift", {"grace_period": "7 00:00:00"}),
    ("quota orbital-swift", {"grace_period": "604800"}),
    ("quota orbital-swift", {"grace_period": "10080m"}),
    ("view orbital-swift", {"create_dir": None}),
    ("view orbital-swift", {"share": "somebody's own setting"}),
]


@pytest.mark.parametrize(("which", "raw_fields"), SAME)
def test_an_equivalent_value_is_not_drift(which, raw_fields):
    assert diff(DESIRED, everything(**{which: raw_fields})).empty


def test_an_unset_limit_is_zero_in_the_vms_and_not_drift():
    limits = dict(resource("qospolicy", "orbital-swift").fields["static_limits"])
    limits |= {"max_writes_iops": 0, "burst_reads_iops": 0}

    actual = everything(**{"qospolicy orbital-swift": {"static_limits": limits}})
    assert diff(DESIRED, actual).empty


def test_a_quota_is_found_by_exact_path_and_never_by_a_neighbour():
    quota = resource("quota", "orbital-swift")
    near = dataclasses.replace(
        as_existing(quota, 99, path="/observatories/swift-old"),
        identity="/observatories/swift-old",
    )
    others = tuple(f for f in everything().existing if f.kind != "quota")
    plan = diff(DESIRED, Actual((*others, near)))

    creations = [c for c in plan.changes if c.name == "orbital-swift"]
    assert [("create", "quota")] == [(c.action, c.resource) for c in creations]


def test_somebody_elses_tenant_is_not_touched():
    quota = resource("quota", "orbital-swift")
    foreign = dataclasses.replace(as_existing(quota, 7, hard_limit=1), tenant="other")
    others = tuple(
        f
        for f in everything().existing
        if f.name != "orbital-swift" or f.kind != "quota"
    )

    plan = diff(DESIRED, Actual((*others, foreign)))
    assert [("create", "quota")] == [(c.action, c.resource) for c in plan.changes]


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
        as_existing(resource("view", "orbital-swift"), 5), identity="/old/swift"
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


def test_what_automation_has_grown_is_no_drift():
    grown = {"/observatories/swift": (480 * 10**9, 600 * 10**9)}
    raw_fields = {"soft_limit": 480 * 10**9, "hard_limit": 600 * 10**9}
    actual = everything(**{"quota orbital-swift": raw_fields})

    assert diff(desired(observatories().values(), site(), grown=grown), actual).empty
    assert not diff(DESIRED, actual).empty


def test_a_table_with_other_columns_is_a_conflict_and_names_them():
    table = resource(TABLE, "swift.sources")
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


def test_a_kind_this_vms_does_not_offer_is_left_out_and_named():
    absent = frozenset({"protectionpolicy", "protectedpath"})
    plan = diff(DESIRED, Actual((cluster(),), absent))

    assert not {"protectionpolicy", "protectedpath"} & {
        c.resource for c in plan.changes
    }
    assert "offers no protectionpolicies" in plan.notes[0]


def test_a_plan_is_json_with_the_promised_keys():
    plan = json.loads(json.dumps(diff(DESIRED, Actual((cluster(),))).to_json()))

    assert {"action", "resource", "name"} <= set(plan["changes"][0])
    assert {"create"} == {change["action"] for change in plan["changes"]}


def test_a_plan_is_printed_as_a_table():
    console = Console(width=160, record=True, file=io.StringIO())
    raw_fields = {"hard_limit": 5 * 10**12}
    console.print(
        plan_table(diff(DESIRED, everything(**{"quota orbital-swift": raw_fields})))
    )

    text = console.export_text()
    assert "hard_limit: 5 TB → 500 GB" in text
    assert "1 to update" in text


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
        as_existing(resource("view", "orbital-swift"), 500),
        identity="/guest",
        name="guest",
    )
    plan = teardown(DESIRED, Actual((*actual.existing, guest)))

    assert ("viewpolicy", "orbital-swift") in {
        (k.resource, k.name) for k in plan.retained
    }
