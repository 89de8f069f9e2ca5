"""The plan is the difference of values: desired minus actual state."""

import dataclasses
import io
import json

import pytest
from rich.console import Console
from storage_states import (
    DESIRED,
    as_existing,
    cluster,
    everything,
    resource_of,
)

from orbital_kernel.commands.plan_table import plan_table, summary
from orbital_kernel.model import schema
from orbital_kernel.model.observatory import observatories, site
from orbital_kernel.storage.provision.desired import desired
from orbital_kernel.storage.provision.kinds import CLUSTER, KINDS, TABLE
from orbital_kernel.storage.provision.plan import diff
from orbital_kernel.storage.provision.resource import Actual


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
    fields = resource_of("view", "orbital").fields

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
        resource_of("view", "orbital").fields
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
    limits = dict(resource_of("qospolicy", "orbital-swift").fields["static_limits"])
    limits |= {"max_writes_iops": 0, "burst_reads_iops": 0}

    actual = everything(**{"qospolicy orbital-swift": {"static_limits": limits}})
    assert diff(DESIRED, actual).empty


def test_a_quota_is_found_by_exact_path_and_never_by_a_neighbour():
    quota = resource_of("quota", "orbital-swift")
    near = dataclasses.replace(
        as_existing(quota, 99, path="/observatories/swift-old"),
        identity="/observatories/swift-old",
    )
    others = tuple(f for f in everything().existing if f.kind != "quota")
    plan = diff(DESIRED, Actual((*others, near)))

    creations = [c for c in plan.changes if c.name == "orbital-swift"]
    assert [("create", "quota")] == [(c.action, c.resource) for c in creations]


def test_somebody_elses_tenant_is_not_touched():
    quota = resource_of("quota", "orbital-swift")
    foreign = dataclasses.replace(as_existing(quota, 7, hard_limit=1), tenant="other")
    others = tuple(
        f
        for f in everything().existing
        if f.name != "orbital-swift" or f.kind != "quota"
    )

    plan = diff(DESIRED, Actual((*others, foreign)))
    assert [("create", "quota")] == [(c.action, c.resource) for c in plan.changes]


def test_what_automation_has_grown_is_no_drift():
    grown = {"/observatories/swift": (480 * 10**9, 600 * 10**9)}
    raw_fields = {"soft_limit": 480 * 10**9, "hard_limit": 600 * 10**9}
    actual = everything(**{"quota orbital-swift": raw_fields})

    assert diff(desired(observatories().values(), site(), grown=grown), actual).empty
    assert not diff(DESIRED, actual).empty


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
