"""Delta: changes of management objects since a generation."""

import json

import pytest
import vastpy


def status(call):
    with pytest.raises(vastpy.RESTFailure) as caught:
        call()
    return caught.value.status


def test_delta_lists_created_changed_and_deleted_objects(vms):
    begin = vms.delta.get(sequence="none", generation=0)
    since = {
        "sequence": begin["current_sequence"],
        "generation": begin["current_generation"],
    }
    policy = vms.qospolicies.post(name="told", mode="STATIC")
    endpoint = vms.qospolicies[str(policy["id"])]
    endpoint.patch(is_gold=True)
    endpoint.delete()

    answer = vms.delta.get(**since, object__type="qospolicy")

    assert ("reset", "ok") == (begin["status"], answer["status"])
    assert ["created", "modified", "deleted"] == [
        row["op_type"] for row in answer["records"]
    ]
    assert [{"is_gold": True}] == [
        row["changes"] for row in answer["records"] if "changes" in row
    ]
    assert {policy["id"]} == {row["object"]["id"] for row in answer["records"]}
    assert [] == [
        row
        for row in vms.delta.get(sequence=since["sequence"], generation=0)["records"]
        if '"secret' in json.dumps(row)
    ]
    assert 400 == status(lambda: vms.delta.get(generation=0))


def test_delta_can_be_switched_off_and_leave_names_out(vms):
    def changes():
        return vms.delta.get(**since, object__type="qospolicy")["records"]

    begin = vms.delta.get(sequence="none", generation=0)
    since = {
        "sequence": begin["current_sequence"],
        "generation": begin["current_generation"],
    }
    # vastpy ends every path with a slash; the description's has none.
    settings = vms.delta.config
    settings.patch(ignored_objects_prefix="quiet")
    policy = vms.qospolicies.post(name="quiet-one")
    settings.patch(enabled=False, ignored_objects_prefix="")
    two = vms.qospolicies.post(name="two")
    assert not settings.get()["enabled"]
    settings.patch(enabled=True)

    assert ["quiet-one"] == [row["data"]["name"] for row in changes()]
    settings.patch(ignored_objects_prefix="quiet")
    assert [] == changes()
    settings.patch(ignored_objects_prefix="")
    for row in (policy, two):
        vms.qospolicies[str(row["id"])].delete()
