"""Lists are filtered by any field that answers carry, as the vendor's own tools ask."""

import pytest
import vastpy

from vast_standin.vms.kinds import RESOURCES
from vast_standin.vms.published import published

NAMED = sorted(
    name
    for name, kind in RESOURCES.items()
    if "list" in kind.calls and "name" in published()[name]
)


@pytest.mark.parametrize("resource", NAMED)
def test_every_list_is_filtered_by_name(vms, resource):
    rows = vms[resource].get()
    names = [row["name"] for row in rows]

    assert [] == vms[resource].get(name="none-of-this-name")
    for name in set(names) - {None}:
        found = vms[resource].get(name=name)
        assert names.count(name) == len(found)
        assert {name} == {row["name"] for row in found}


def test_the_quota_of_a_path_is_one_query(vms):
    policy = vms.viewpolicies.get(name="default")[0]["id"]
    views = [
        vms.views.post(path=path, policy_id=policy, create_dir=True)
        for path in ("/filtered", "/filtered2")
    ]
    quotas = [
        vms.quotas.post(name=f"q{view['path']}", path=view["path"], hard_limit=10**9)
        for view in views
    ]

    assert ["/filtered"] == [q["path"] for q in vms.quotas.get(path="/filtered")]
    assert ["/filtered", "/filtered2"] == sorted(
        quota["path"] for quota in vms.quotas.get(path__startswith="/filtered")
    )
    assert ["/filtered2"] == [
        q["path"] for q in vms.quotas.get(path__in="/filtered2,/x", hard_limit=10**9)
    ]
    for resource, rows in (("quotas", quotas), ("views", views)):
        for row in rows:
            vms[resource][str(row["id"])].delete()


@pytest.mark.parametrize("name", ["imagined", "name__any", "name__like", "__in"])
def test_a_filter_of_no_field_is_refused_with_those_there_are(vms, name):
    with pytest.raises(vastpy.RESTFailure) as caught:
        vms.quotas.get(**{name: "x"})

    assert 400 == caught.value.status
    assert b"hard_limit" in caught.value.data


@pytest.mark.parametrize("resource", sorted(RESOURCES))
def test_a_record_has_every_published_field(vms, resource):
    for row in vms[resource].get() if resource != "columns" else []:
        assert set() == set(published()[resource]) - set(row)


def test_the_nodes_say_that_they_are_in_step(vms):
    assert ["SYNCED", "SYNCED"] == [
        vms[nodes].get()[0]["sync"] for nodes in ("cnodes", "dnodes")
    ]
