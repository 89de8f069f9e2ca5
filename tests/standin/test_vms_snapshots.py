"""Snapshots and schedules through vastpy; what they hold through the database SDK."""

import pyarrow as pa
import pytest
import vastdb
import vastpy


def status(call):
    with pytest.raises(vastpy.RESTFailure) as caught:
        call()
    return caught.value.status


@pytest.fixture
def table(standin, bucket):
    """Return a session and a table of three rows, dropped afterwards."""
    session = vastdb.connect(
        endpoint=standin.endpoint, access=standin.access, secret=standin.secret
    )
    with session.transaction() as tx:
        schema = tx.bucket(bucket).create_schema("s")
        made = schema.create_table("t", pa.schema([("a", pa.int64())]))
        made.insert(pa.table({"a": [1, 2, 3]}))
    yield session
    with session.transaction() as tx:
        schema = tx.bucket(bucket).schema("s")
        schema.table("t").drop()
        schema.drop()


def test_a_snapshot_keeps_what_was_there(vms, bucket, table):
    snapshot = vms.snapshots.post(name="before", path=f"/{bucket}")
    with table.transaction() as tx:
        tx.bucket(bucket).schema("s").table("t").insert(pa.table({"a": [4]}))

    with table.transaction() as tx:
        (kept,) = tx.bucket(bucket).snapshots()
        then = kept.schema("s").table("t").select().read_all()
        now = tx.bucket(bucket).schema("s").table("t").select().read_all()

    assert ("SUCCEED", [1, 2, 3]) == (snapshot["state"], then["a"].to_pylist())
    assert [1, 2, 3, 4] == now["a"].to_pylist()
    vms.snapshots[str(snapshot["id"])].delete()
    with table.transaction() as tx:
        assert [] == tx.bucket(bucket).snapshots()


def test_database_objects_are_told_as_they_are(vms, bucket, table):
    (schema,) = vms.schemas.get(database_name=bucket)
    (found,) = vms.tables.get(database_name=bucket, schema_name="s")
    columns = vms.columns.get(database_name=bucket, schema_name="s", table_name="t")

    assert "s" == schema["name"]
    assert ("t", 3) == (found["name"], found["num_rows"])
    assert ["a"] == [column["name"] for column in columns]
    assert vms.views.get(bucket=bucket)[0]["logical_capacity"] >= found["size"] > 0
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
    here = vms.snapshots[str(snapshot["id"])]

    assert 409 == status(here.delete)
    assert 400 == status(lambda: vms.snapshots.post(name="held", path=f"/{bucket}"))
    here.patch(locked=False)
    here.delete()
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
