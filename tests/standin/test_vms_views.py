"""Views, policies and buckets through vastpy: what is accepted, refused and shown."""

import contextlib

import pytest
import vastpy


def status(call):
    with pytest.raises(vastpy.RESTFailure) as caught:
        call()
    return caught.value.status


@pytest.fixture
def policy(vms):
    return vms.viewpolicies.get(name="default")[0]["id"]


@pytest.fixture
def create(vms):
    """Create records that are deleted afterwards, the last first."""
    rows = []

    def make(resource, **fields):
        row = vms[resource].post(**fields)
        rows.append((resource, row["id"]))
        return row

    yield make
    for resource, number in reversed(rows):
        with contextlib.suppress(vastpy.RESTFailure):
            vms[resource][str(number)].delete()


def database(policy, path="/views/db", bucket="views-db", **more):
    return {
        "path": path,
        "policy_id": policy,
        "protocols": ["S3", "DATABASE"],
        "bucket": bucket,
        "bucket_owner": "standin",
        "create_dir": True,
        **more,
    }


def test_a_fresh_cluster_has_its_defaults(vms):
    assert ["default"] == [row["name"] for row in vms.tenants.get()]
    names = {row["name"] for row in vms.viewpolicies.get()}
    assert {"default", "s3_default_policy"} <= names
    (cluster,) = vms.clusters.get()
    assert "ONLINE" == cluster["state"]
    assert "standin" in {row["name"] for row in vms.users.get()}


def test_a_database_view_makes_its_bucket(vms, s3, policy, create):
    view = create("views", **database(policy))

    assert "views-db" in [b["Name"] for b in s3.list_buckets()["Buckets"]]
    assert view == vms.views[str(view["id"])].get()
    assert [view] == vms.views.get(path="/views/db")
    assert [view] == vms.views.get(bucket="views-db")
    assert ["S3", "DATABASE"] == view["protocols"]
    assert "default" == view["policy"]


def test_a_bucket_of_s3_is_a_view(vms, s3):
    s3.create_bucket(Bucket="from-s3")

    (view,) = vms.views.get(bucket="from-s3")
    assert ("/from-s3", "standin") == (view["path"], view["bucket_owner"])

    s3.delete_bucket(Bucket="from-s3")
    assert [] == vms.views.get(bucket="from-s3")


REFUSED = {
    "unknown field": {"quota": 5},
    "description": {"description": "x"},
    "no bucket": {"bucket": None},
    "no owner": {"bucket_owner": None},
    "unknown owner": {"bucket_owner": "nobody"},
    "bad bucket": {"bucket": "Not_A_Bucket"},
    "slash at the end": {"path": "/views/db/"},
    "relative": {"path": "views"},
    "dots": {"path": "/views/../etc"},
    "empty part": {"path": "/views//db"},
    "unknown policy": {"policy_id": 4711},
    "unknown qos": {"qos_policy_id": 4711},
    "unknown tenant": {"tenant_id": 4711},
    "unknown protocol": {"protocols": ["FTP"]},
    "no directory": {"create_dir": False},
    "versions": {"s3_versioning": True},
    "wrong kind": {"policy_id": "1"},
    "boolean as number": {"policy_id": True},
    "null where required": {"path": None},
    "read-only field": {"logical_capacity": 1},
}


@pytest.mark.parametrize("changes", REFUSED.values(), ids=REFUSED)
def test_a_wrong_view_is_refused_and_leaves_nothing(vms, s3, policy, changes):
    fields = {**database(policy), **changes}

    assert 400 == status(lambda: vms.views.post(**fields))

    assert [] == vms.views.get(bucket="views-db")
    assert "views-db" not in [b["Name"] for b in s3.list_buckets()["Buckets"]]


def test_path_and_policy_are_required(vms):
    assert 400 == status(lambda: vms.views.post(path="/x", create_dir=True))
    assert 400 == status(lambda: vms.views.post(policy_id=1, create_dir=True))


def test_a_second_view_of_path_or_bucket_is_refused(vms, policy, create):
    create("views", **database(policy))

    assert 400 == status(lambda: vms.views.post(**database(policy, bucket="other")))
    assert 400 == status(lambda: vms.views.post(**database(policy, path="/o")))


def test_a_view_can_be_patched_but_its_bucket_stays(vms, policy, create):
    view = create("views", **database(policy))
    gold = create("qospolicies", name="views-gold", static_limits={"max_reads_iops": 5})
    endpoint = vms.views[str(view["id"])]

    endpoint.patch(qos_policy_id=gold["id"], select_for_live_monitoring=True)

    assert "views-gold" == endpoint.get()["qos_policy"]
    assert endpoint.get()["select_for_live_monitoring"]
    assert 400 == status(lambda: endpoint.patch(bucket="renamed"))
    assert 400 == status(lambda: endpoint.patch(path="/moved"))
    assert 400 == status(lambda: endpoint.patch(logical_capacity=0))
    assert 409 == status(vms.qospolicies[str(gold["id"])].delete)
    endpoint.patch(qos_policy_id=None)


def test_limits_that_are_unset_are_answered_as_0(create):
    some = create("qospolicies", name="views-some", static_limits={"max_reads_iops": 5})
    none = create("qospolicies", name="views-none")

    limits = dict(some["static_limits"])
    assert 5 == limits.pop("max_reads_iops")
    assert [0] * 15 == list(limits.values())
    assert none["static_limits"] is None
    assert some["capacity_limits"] is None


def test_a_view_that_holds_data_is_not_deleted(vms, s3, policy, create):
    view = create("views", **database(policy))
    endpoint = vms.views[str(view["id"])]
    s3.put_object(Bucket="views-db", Key="k", Body=b"12345")

    assert 5 == endpoint.get()["logical_capacity"]
    assert 409 == status(endpoint.delete)
    assert b"12345" == s3.get_object(Bucket="views-db", Key="k")["Body"].read()

    s3.delete_object(Bucket="views-db", Key="k")
    assert b"" == endpoint.delete()
    assert 404 == status(endpoint.get)


def test_only_ten_views_are_monitored_live(vms, policy, create):
    for number in range(10):
        create(
            "views",
            path=f"/live/{number}",
            policy_id=policy,
            create_dir=True,
            select_for_live_monitoring=True,
        )
    eleventh = create("views", path="/live/10", policy_id=policy, create_dir=True)

    endpoint = vms.views[str(eleventh["id"])]
    assert 400 == status(lambda: endpoint.patch(select_for_live_monitoring=True))


def test_lists_are_filtered_paged_and_refuse_what_they_do_not_know(vms, policy, create):
    for number in range(5):
        create("views", path=f"/paged/{number}", policy_id=policy, create_dir=True)

    everything = vms.views.get(policy__name="default")
    page = vms.views.get(policy__name="default", page=2, page_size=2)

    assert len(everything) == page["count"]
    assert everything[2:4] == page["results"]
    assert "page=3" in page["next"]
    assert "page=1" in page["previous"]
    assert 400 == status(lambda: vms.views.get(qux="1"))
    assert [] == vms.quotas.get(path="/paged-not")
    assert 404 == status(lambda: vms.views.get(page=99, page_size=2))
    assert 404 == status(vms.nothing.get)
    assert 404 == status(vms.views["4711"].get)
    assert 405 == status(lambda: vms.views["4711"].put(path="/x"))


def test_tenants_separate_what_they_own(standin, vms, policy, create):
    other = create("tenants", name="guests")
    guest = standin.vms(tenant="guests")
    theirs = guest.viewpolicies.post(name="default")
    made_there = guest.views.post(path="/t", policy_id=theirs["id"], create_dir=True)
    create("views", path="/t", policy_id=policy, create_dir=True)

    assert "guests" == made_there["tenant_name"]
    assert [made_there["id"]] == [row["id"] for row in guest.views.get()]
    assert 2 == len(vms.views.get(path="/t"))
    assert 1 == len(vms.views.get(path="/t", tenant_id=other["id"]))
    assert 409 == status(vms.tenants[str(other["id"])].delete)
    assert 403 == status(standin.vms(tenant="nobody").views.get)

    guest.views[str(made_there["id"])].delete()
    guest.viewpolicies[str(theirs["id"])].delete()


def test_a_policy_in_use_or_badly_limited_is_refused(vms, create):
    policy = create("viewpolicies", name="mine", flavor="S3_NATIVE")
    create("views", path="/uses", policy_id=policy["id"], create_dir=True)

    assert 1 == vms.viewpolicies[str(policy["id"])].get()["count_views"]
    assert 409 == status(vms.viewpolicies[str(policy["id"])].delete)
    assert 400 == status(lambda: vms.viewpolicies.post(name="mine"))
    assert 400 == status(lambda: vms.viewpolicies.post(name="x", flavor="BEST"))
    assert 400 == status(
        lambda: vms.qospolicies.post(name="q", static_limits={"max_speed": 1})
    )
    assert 400 == status(
        lambda: vms.qospolicies.post(
            name="q", static_limits={"min_reads_iops": 9, "max_reads_iops": 5}
        )
    )


def test_capacity_shows_a_path_and_its_children(vms, s3, policy, create):
    for name, size in (("one", 100), ("two", 300)):
        create("views", **database(policy, f"/sum/{name}", f"sum-{name}"))
        s3.put_object(Bucket=f"sum-{name}", Key="k", Body=bytes(size))

    report = vms.capacity.get(path="/sum")

    capacities = {path: detail["data"][0] for path, detail in report["details"]}
    assert {"/sum": 400, "/sum/two": 300, "/sum/one": 100} == capacities
    assert [400, 400, 400] == report["root_data"]
    assert 400 == status(lambda: vms.capacity.get(type="imagined"))

    for name in ("one", "two"):
        s3.delete_object(Bucket=f"sum-{name}", Key="k")
