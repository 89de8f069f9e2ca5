"""Snapshots and schedules through vastpy; what they hold through the database SDK."""

import pyarrow as pa
import pytest
import vastdb
import vastpy

pytest_plugins = ("snapshot_fixtures",)


def status(call):
    with pytest.raises(vastpy.RESTFailure) as caught:
        call()
    return caught.value.status


def test_a_snapshot_keeps_what_was_there(vms, bucket, table):
    snapshot = vms.snapshots.post(name="before", path=f"/{bucket}")
    with table.transaction() as tx:
        tx.bucket(bucket).schema("s").table("t").insert(pa.table({"a": [4]}))

    with table.transaction() as tx:
        (held,) = tx.bucket(bucket).snapshots()
        before = held.schema("s").table("t").select().read_all()
        now = tx.bucket(bucket).schema("s").table("t").select().read_all()

    assert ("SUCCEED", [1, 2, 3]) == (snapshot["state"], before["a"].to_pylist())
    assert [1, 2, 3, 4] == now["a"].to_pylist()
    vms.snapshots[str(snapshot["id"])].delete()
    with table.transaction() as tx:
        assert [] == tx.bucket(bucket).snapshots()


def test_database_objects_are_shown_as_stored(vms, bucket, table):
    (schema,) = vms.schemas.get(database_name=bucket)
    (shown,) = vms.tables.get(database_name=bucket, schema_name="s")
    columns = vms.columns.get(database_name=bucket, schema_name="s", table_name="t")

    assert "s" == schema["name"]
    assert ("t", 3) == (shown["name"], shown["num_rows"])
    assert ["a"] == [column["name"] for column in columns]
    assert vms.views.get(bucket=bucket)[0]["logical_capacity"] >= shown["size"] > 0
    assert 404 == status(
        lambda: vms.tables.get(database_name=bucket, schema_name="none")
    )
    assert 400 == status(lambda: vms.tables.get(database_name=bucket))


def test_a_quota_blocks_the_database_too(vms, bucket, table):
    quota = vms.quotas.post(name="tight", path=f"/{bucket}", hard_limit=1)

    with (
        pytest.raises(vastdb.errors.InsufficientCapacity),
        table.transaction() as tx,
    ):
        tx.bucket(bucket).schema("s").table("t").insert(pa.table({"a": [5]}))

    vms.quotas[str(quota["id"])].delete()
    with table.transaction() as tx:
        assert (
            3 == tx.bucket(bucket).schema("s").table("t").select().read_all().num_rows
        )


REFUSED = {
    "no such path": {"path": "/nowhere"},
    "slash in the name": {"name": "a/b"},
    "strange time": {"expiration_time": "soon"},
    "read-only": {"state": "SUCCEED"},
}


@pytest.mark.parametrize("changes", REFUSED.values(), ids=REFUSED)
def test_a_wrong_snapshot_is_refused(vms, bucket, changes):
    fields = {"name": "s", "path": f"/{bucket}", **changes}

    assert 400 == status(lambda: vms.snapshots.post(**fields))


def test_a_locked_snapshot_stays(vms, bucket):
    snapshot = vms.snapshots.post(name="held", path=f"/{bucket}", locked=True)
    endpoint = vms.snapshots[str(snapshot["id"])]

    assert 409 == status(endpoint.delete)
    assert 400 == status(lambda: vms.snapshots.post(name="held", path=f"/{bucket}"))
    endpoint.patch(locked=False)
    endpoint.delete()
    assert [] == vms.snapshots.get(name__contains="held")


FRAME = {"every": "90m", "start-at": "2025-07-27 20:10:35", "keep-local": "10h"}


def test_a_schedule_is_kept_with_dashed_keys(vms, bucket):
    policy = vms.protectionpolicies.post(
        name="hourly", prefix="auto", clone_type="LOCAL", frames=[FRAME]
    )
    path = vms.protectedpaths.post(
        name="p",
        source_dir=f"/{bucket}",
        tenant_id=1,
        target_exported_dir="",
        protection_policy_id=policy["id"],
        enabled=False,
    )

    assert [FRAME] == policy["frames"]
    assert str(policy["id"]) == path["protection_policy_id"]
    assert 409 == status(vms.protectionpolicies[str(policy["id"])].delete)
    assert 400 == status(
        lambda: vms.protectionpolicies.post(
            name="x", prefix="x", clone_type="LOCAL", frames=[{"every": "1h"}]
        )
    )
    assert 400 == status(
        lambda: vms.protectionpolicies.post(
            name="x", prefix="x", clone_type="NATIVE_REPLICATION", frames=[FRAME]
        )
    )
    vms.protectedpaths[str(path["id"])].delete()
    vms.protectionpolicies[str(policy["id"])].delete()


def test_a_snapshot_keeps_objects_as_they_were(vms, s3, bucket):
    for key in ("a/x", "a/y", "b"):
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode(), Metadata={"k": key})
    snapshots = [
        vms.snapshots.post(name=f"objects-{n}", path=f"/{bucket}") for n in (1, 2)
    ]
    s3.put_object(Bucket=bucket, Key="a/x", Body=b"changed")
    s3.delete_object(Bucket=bucket, Key="b")

    def read(key):
        return s3.get_object(Bucket=bucket, Key=key)["Body"].read()

    below = ".snapshot/objects-1/"
    reply = s3.get_object(Bucket=bucket, Key=f"{below}a/x")
    listed = s3.list_objects_v2(Bucket=bucket, Prefix=below, Delimiter="/")
    inner = s3.list_objects_v2(Bucket=bucket, Prefix=f"{below}a/", MaxKeys=1)
    following = s3.list_objects_v2(
        Bucket=bucket,
        Prefix=f"{below}a/",
        ContinuationToken=inner["NextContinuationToken"],
    )

    assert (b"a/x", {"k": "a/x"}) == (reply["Body"].read(), reply["Metadata"])
    assert (b"changed", b"b") == (read("a/x"), read(f"{below}b"))
    assert [f"{below}b"] == [entry["Key"] for entry in listed["Contents"]]
    assert [f"{below}a/"] == [entry["Prefix"] for entry in listed["CommonPrefixes"]]
    assert [f"{below}a/x", f"{below}a/y"] == [
        entry["Key"] for page in (inner, following) for entry in page["Contents"]
    ]
    assert ["a/x", "a/y"] == [
        entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]
    ]
    vms.snapshots[str(snapshots[0]["id"])].delete()
    with pytest.raises(s3.exceptions.NoSuchKey):
        read(f"{below}b")
    assert b"b" == read(".snapshot/objects-2/b")
    s3.copy_object(
        Bucket=bucket,
        Key="b",
        CopySource={"Bucket": bucket, "Key": ".snapshot/objects-2/b"},
    )
    vms.snapshots[str(snapshots[1]["id"])].delete()
    assert [b"b", b"changed", b"a/y"] == [read(key) for key in ("b", "a/x", "a/y")]


def test_what_a_snapshot_keeps_cannot_be_written(vms, s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"kept")
    snapshot = vms.snapshots.post(name="fixed", path=f"/{bucket}")
    place = {"Bucket": bucket, "Key": ".snapshot/fixed/k"}
    tags = {"TagSet": [{"Key": "k", "Value": "v"}]}

    for write in (
        lambda: s3.put_object(**place, Body=b"x"),
        lambda: s3.put_object_tagging(**place, Tagging=tags),
        lambda: s3.copy_object(**place, CopySource={"Bucket": bucket, "Key": "k"}),
    ):
        with pytest.raises(s3.exceptions.ClientError, match="AccessDenied"):
            write()
    s3.delete_object(**place)

    assert b"kept" == s3.get_object(**place)["Body"].read()
    vms.snapshots[str(snapshot["id"])].delete()


def test_kept_objects_are_there_after_a_start_and_their_space_comes_back(
    fresh_standin,
):
    running = fresh_standin()
    client = running.s3()
    client.create_bucket(Bucket="kept")
    client.put_object(Bucket="kept", Key="k", Body=b"then")
    snapshot = running.vms().snapshots.post(name="s", path="/kept")
    client.put_object(Bucket="kept", Key="k", Body=b"now")
    running.kill()

    again = fresh_standin()
    client = again.s3()
    content = client.get_object(Bucket="kept", Key=".snapshot/s/k")["Body"].read()
    files = list((again.data / "objects/data").glob("??/*"))
    again.vms().snapshots[str(snapshot["id"])].delete()

    assert (b"then", 2) == (content, len(files))
    assert 1 == len(list((again.data / "objects/data").glob("??/*")))
