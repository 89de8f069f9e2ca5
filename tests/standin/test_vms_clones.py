"""Clones of snapshots through vastpy; their contents through the database SDK."""

import pyarrow as pa
import pytest
import vastdb
import vastpy

pytest_plugins = ("snapshot_fixtures",)


def status(call):
    with pytest.raises(vastpy.RESTFailure) as caught:
        call()
    return caught.value.status


@pytest.fixture
def cloned(vms, bucket, table):
    """Return a function that makes a clone and a view of it; all of it goes at the end."""
    snapshot = vms.snapshots.post(name="origin", path=f"/{bucket}")
    (policy,) = vms.viewpolicies.get(name="s3_default_policy")

    def make(name, *, view=True):
        endpoint = vms.snapshots[str(snapshot["id"])].clone
        clone = endpoint.post(name=name, loanee_root_path=f"/{name}")
        if view:
            vms.views.post(
                path=f"/{name}",
                policy_id=policy["id"],
                protocols=["DATABASE"],
                bucket=name,
                bucket_owner="standin",
            )
        return clone

    yield make
    for clone in vms.globalsnapstreams.get():
        vms.globalsnapstreams[str(clone["id"])].delete(remove_dir=True)
        for view in vms.views.get(path=clone["loanee_root_path"]):
            vms.views[str(view["id"])].delete()
    for row in vms.snapshots.get(name__contains="origin"):
        vms.snapshots[str(row["id"])].delete()


def rows_of(session, bucket):
    with session.transaction() as tx:
        rows = tx.bucket(bucket).schema("s").table("t").select().read_all()
    return sorted(rows["a"].to_pylist())


def test_a_clone_begins_with_what_the_snapshot_holds(vms, bucket, table, cloned):
    def ours(tx, name):
        return tx.bucket(name).schema("s").table("t")

    with table.transaction() as tx:
        target = ours(tx, bucket)
        first = target.select(internal_row_id=True).read_all()
        target.update(first.slice(0, 1).set_column(0, "a", [[10]]))
        target.delete(first.slice(2, 1))
    assert [2, 10] == rows_of(table, bucket)

    clone = cloned("clone")

    assert ("clone", 0) == (clone["name"], clone["sync_progress"])
    # The fixture took its snapshot before these changes.
    assert [1, 2, 3] == rows_of(table, "clone")
    with table.transaction() as tx:
        target = ours(tx, "clone")
        ids = target.select(internal_row_id=True).read_all()
        target.delete(ids.slice(0, 1))
        target.insert(pa.table({"a": [4, 5]}))
    assert [2, 3, 4, 5] == rows_of(table, "clone")
    assert [2, 10] == rows_of(table, bucket)
    (listed,) = vms.globalsnapstreams.get()
    assert (100, "origin", f"/{bucket}") == (
        listed["sync_progress"],
        listed["source_snapshot"],
        listed["source_path"],
    )


def test_a_clone_has_the_objects_too(vms, s3, bucket, table, cloned):
    s3.put_object(Bucket=bucket, Key="a/k", Body=b"object")
    (old,) = vms.snapshots.get(name__contains="origin")
    vms.snapshots[str(old["id"])].delete()
    snapshot = vms.snapshots.post(name="origin-2", path=f"/{bucket}")
    endpoint = vms.snapshots[str(snapshot["id"])].clone
    endpoint.post(name="objects", loanee_root_path="/cloned-objects")
    (policy,) = vms.viewpolicies.get(name="s3_default_policy")
    vms.views.post(
        path="/cloned-objects",
        policy_id=policy["id"],
        protocols=["S3"],
        bucket="cloned-objects",
        bucket_owner="standin",
    )
    vms.snapshots[str(snapshot["id"])].delete()
    s3.delete_object(Bucket=bucket, Key="a/k")

    reply = s3.get_object(Bucket="cloned-objects", Key="a/k")

    assert b"object" == reply["Body"].read()


def test_a_clones_tables_outlive_snapshot_and_source(vms, bucket, table, cloned):
    cloned("outliving")
    (snapshot,) = vms.snapshots.get(name__contains="origin")
    vms.snapshots[str(snapshot["id"])].delete()
    with table.transaction() as tx:
        tx.bucket(bucket).schema("s").table("t").drop()
        tx.bucket(bucket).schema("s").create_table("t", pa.schema([("a", pa.int64())]))

    assert [1, 2, 3] == rows_of(table, "outliving")
    with table.transaction() as tx:
        ours = tx.bucket("outliving").schema("s").table("t")
        assert 0 == ours.imports_table().select().read_all().num_rows


def test_a_snapshot_with_a_waiting_clone_stays(vms, bucket, table, cloned):
    clone = cloned("waiting", view=False)
    (snapshot,) = vms.snapshots.get(name__contains="origin")

    assert 409 == status(vms.snapshots[str(snapshot["id"])].delete)

    vms.globalsnapstreams[str(clone["id"])].delete()
    vms.snapshots[str(snapshot["id"])].delete()
    vms.folders.delete_folder.delete(path="/waiting")


def test_a_wrong_clone_is_refused(vms, bucket, table, cloned):
    cloned("first", view=False)
    (snapshot,) = vms.snapshots.get(name__contains="origin")
    endpoint = vms.snapshots[str(snapshot["id"])].clone

    for wrong in (
        {"name": "x"},
        {"loanee_root_path": "/x"},
        {"name": "first", "loanee_root_path": "/x"},
        {"name": "x", "loanee_root_path": "/first"},
        {"name": "x", "loanee_root_path": f"/{bucket}"},
        {"name": "x", "loanee_root_path": "x"},
        {"name": "x", "loanee_root_path": "/x", "loanee_tenant_id": 10**6},
        {"name": "x", "loanee_root_path": "/x", "remote_target": "far"},
    ):
        assert 400 == status(lambda wrong=wrong: endpoint.post(**wrong))
    assert 404 == status(
        lambda: vms.snapshots["999999"].clone.post(name="x", loanee_root_path="/x")
    )


def test_a_clone_is_there_after_a_crash(fresh_standin):
    running = fresh_standin()
    running.s3().create_bucket(Bucket="source")
    session = vastdb.connect(
        endpoint=running.endpoint, access=running.access, secret=running.secret
    )
    with session.transaction() as tx:
        schema = tx.bucket("source").create_schema("s")
        table = schema.create_table("t", pa.schema([("a", pa.int64())]))
        table.insert(pa.table({"a": list(range(1000))}))
    vms = running.vms()
    snapshot = vms.snapshots.post(name="kept", path="/source")
    vms.snapshots[str(snapshot["id"])].clone.post(name="c", loanee_root_path="/c")
    (policy,) = vms.viewpolicies.get(name="s3_default_policy")
    vms.views.post(
        path="/c",
        policy_id=policy["id"],
        protocols=["DATABASE"],
        bucket="clone",
        bucket_owner="standin",
    )
    vms.folders.delete_folder.delete(path="/source")
    vms.snapshots[str(snapshot["id"])].delete()
    running.kill()

    again = fresh_standin()

    session = vastdb.connect(
        endpoint=again.endpoint, access=again.access, secret=again.secret
    )
    assert list(range(1000)) == rows_of(session, "clone")
