"""User quotas: what each user holds below a path, and writes that are blocked for one user."""

import contextlib
import sqlite3

import botocore.exceptions
import pyarrow as pa
import pytest
import vastpy
from tabular import connect
from vastdb.errors import InsufficientCapacity


def status(call):
    with pytest.raises(vastpy.RESTFailure) as caught:
        call()
    return caught.value.status


def refused(client, bucket, size, key="more"):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        client.put_object(Bucket=bucket, Key=key, Body=bytes(size))
    return caught.value.response["Error"]["Code"]


@pytest.fixture
def visitor(standin, vms):
    """Return an S3 client of another user, of group 4711, who may write everywhere."""
    user = vms.users.post(
        name="visitor",
        uid=4242,
        leading_gid=4711,
        local_provider_id=1,
        s3_superuser=True,
    )
    pair = vms.users[str(user["id"])].access_keys.post()
    client = standin.s3(pair["access_key"], pair["secret_key"])
    yield client
    client.close()
    vms.users[str(user["id"])].delete()


@pytest.fixture
def quota(vms, bucket):
    """Return a quota of the bucket with user quotas, deleted afterwards."""
    quota = vms.quotas.post(name="users", path=f"/{bucket}", is_user_quota=True)
    yield quota
    vms.quotas[str(quota["id"])].delete()


def held(vms, quota, **filters):
    rows = vms.userquotas.get(quota_id=quota["id"], **filters)
    return {row["name"]: row["used_capacity"] for row in rows}


def test_bytes_are_counted_for_who_wrote_them(vms, s3, bucket, visitor, quota):
    s3.put_object(Bucket=bucket, Key="a", Body=bytes(70))
    visitor.put_object(Bucket=bucket, Key="b", Body=bytes(30))
    assert {"standin": 70, "visitor": 30, "4711": 30} == held(vms, quota)

    visitor.put_object(Bucket=bucket, Key="a", Body=bytes(5))
    visitor.copy_object(
        Bucket=bucket, Key="c", CopySource={"Bucket": bucket, "Key": "a"}
    )
    upload = visitor.create_multipart_upload(Bucket=bucket, Key="d")["UploadId"]
    where = {"Bucket": bucket, "Key": "d", "UploadId": upload}
    part = visitor.upload_part(**where, PartNumber=1, Body=bytes(11))
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    visitor.complete_multipart_upload(**where, MultipartUpload=parts)
    s3.put_object_tagging(
        Bucket=bucket, Key="d", Tagging={"TagSet": [{"Key": "k", "Value": "v"}]}
    )
    s3.delete_object(Bucket=bucket, Key="b")

    assert {"standin": 0, "visitor": 21, "4711": 21} == held(vms, quota)
    assert {"4711": 21} == held(vms, quota, entity__is_group=True)
    assert 21 == vms.quotas[str(quota["id"])].get()["used_capacity"]


def test_a_rule_blocks_its_user_and_nobody_else(vms, s3, bucket, visitor, quota):
    rule = vms.userquotas.post(quota_id=quota["id"], name="visitor", hard_limit=100)
    visitor.put_object(Bucket=bucket, Key="k", Body=bytes(60))

    assert "QuotaExceeded" == refused(visitor, bucket, 41)
    s3.put_object(Bucket=bucket, Key="other", Body=bytes(1000))
    visitor.put_object(Bucket=bucket, Key="fits", Body=bytes(40))

    endpoint = vms.userquotas[str(rule["id"])]
    row = endpoint.get()
    now = vms.quotas[str(quota["id"])].get()
    assert ("HARD_EXCEEDED", 100, 100, 2) == (
        row["state"],
        row["used_capacity"],
        row["percent_capacity"],
        row["used_inodes"],
    )
    assert ("OK", 1, 1) == (
        now["state"],
        now["num_exceeded_users"],
        now["num_blocked_users"],
    )
    endpoint.patch(hard_limit=200)
    visitor.put_object(Bucket=bucket, Key="more", Body=bytes(41))
    endpoint.delete()
    visitor.put_object(Bucket=bucket, Key="many", Body=bytes(1000))
    assert [] == vms.userquotas.get(quota_id=quota["id"], is_accountable=True)


def test_tables_are_their_buckets_owners(standin, vms, bucket, quota):
    vms.userquotas.post(quota_id=quota["id"], name="standin", hard_limit_inodes=3)
    session = connect(standin)
    rows = pa.table({"a": [1, 2, 3]})
    with session.transaction() as tx:
        schema = tx.bucket(bucket).create_schema("s")
        schema.create_table("one", rows.schema).insert(rows)
        schema.create_table("two", rows.schema)

    with pytest.raises(InsufficientCapacity), session.transaction() as tx:
        tx.bucket(bucket).schema("s").table("one").insert(rows)

    (row,) = vms.userquotas.get(quota_id=quota["id"])
    size = vms.quotas[str(quota["id"])].get()["used_capacity"]
    assert ("INODE_HARD_EXCEEDED", 3, size) == (
        row["state"],
        row["used_inodes"],
        row["used_capacity"],
    )
    with session.transaction() as tx:
        schema = tx.bucket(bucket).schema("s")
        for name in ("one", "two"):
            schema.table(name).drop()
        schema.drop()


def test_the_default_rule_is_for_who_has_none(vms, s3, bucket, visitor, quota):
    endpoint = vms.quotas[str(quota["id"])]
    endpoint.patch(
        default_user_quota={"hard_limit": 50},
        user_quotas=[{"name": "standin", "hard_limit": 500}],
    )

    assert "QuotaExceeded" == refused(visitor, bucket, 51)
    s3.put_object(Bucket=bucket, Key="k", Body=bytes(500))

    (rule,) = endpoint.get()["user_quotas"]
    assert ("standin", 500, "HARD_EXCEEDED") == (
        rule["name"],
        rule["hard_limit"],
        rule["state"],
    )
    endpoint.patch(user_quotas=[])
    assert "QuotaExceeded" == refused(s3, bucket, 1)
    assert 400 == status(lambda: endpoint.patch(is_user_quota=False))


def test_a_groups_rule_is_for_whom_it_leads(vms, s3, bucket, visitor, quota):
    vms.userquotas.post(
        quota_id=quota["id"],
        is_group=True,
        identifier_type="gid",
        identifier="4711",
        hard_limit=10,
    )

    assert "QuotaExceeded" == refused(visitor, bucket, 11)
    s3.put_object(Bucket=bucket, Key="k", Body=bytes(11))


def test_a_users_grace_ends_in_a_block_and_an_alarm(vms, s3, bucket, quota):
    vms.userquotas.post(
        quota_id=quota["id"],
        identifier="1000",
        identifier_type="uid",
        soft_limit=10,
        grace_period="0s",
    )
    s3.put_object(Bucket=bucket, Key="k", Body=bytes(11))

    (row,) = vms.userquotas.get(quota_id=quota["id"])
    (alarm,) = vms.alarms.get(object_type="UserQuota", object_id=quota["id"])

    assert ("standin", "GRACE_EXPIRED") == (row["name"], row["state"])
    assert "QuotaExceeded" == refused(s3, bucket, 1)
    assert "standin" in alarm["alarm_message"]


def test_writers_are_known_after_a_start(fresh_standin):
    running = fresh_standin()
    client = running.s3()
    client.create_bucket(Bucket="kept")
    client.put_object(Bucket="kept", Key="k", Body=bytes(9))
    running.vms().quotas.post(
        name="q",
        path="/kept",
        is_user_quota=True,
        user_quotas=[{"name": "standin", "hard_limit": 10}],
    )

    running.stop()
    again = fresh_standin()

    (row,) = again.vms().userquotas.get(is_accountable=True)
    assert (9, 90) == (row["used_capacity"], row["percent_capacity"])
    assert "QuotaExceeded" == refused(again.s3(), "kept", 2)


def test_objects_of_an_older_format_are_their_buckets_owners(fresh_standin):
    running = fresh_standin()
    client = running.s3()
    client.create_bucket(Bucket="kept")
    client.put_object(Bucket="kept", Key="k", Body=bytes(9), Metadata={"m": "n"})
    running.vms().quotas.post(name="q", path="/kept", is_user_quota=True)
    running.stop()
    with contextlib.closing(
        sqlite3.connect(running.data / "objects/index.sqlite", isolation_level=None)
    ) as index:
        index.execute("UPDATE objects SET said=json_remove(said, '$[4]')")
        index.executescript("DROP TABLE sums; DROP TABLE row_sums")
        index.execute("PRAGMA user_version=1")

    again = fresh_standin()

    (row,) = again.vms().userquotas.get()
    reply = again.s3().head_object(Bucket="kept", Key="k")
    assert ("standin", 9) == (row["name"], row["used_capacity"])
    assert {"m": "n"} == reply["Metadata"]


REFUSED = {
    "nobody": {"name": "imagined"},
    "no name": {"name": None},
    "soft above hard": {"soft_limit": 2, "hard_limit": 1},
    "negative": {"hard_limit": -1},
    "a group by name": {"name": "staff", "is_group": True},
    "a strange identifier": {"identifier_type": "badge"},
    "strange grace": {"grace_period": "soon"},
    "no such quota": {"quota_id": 10**6},
    "read-only": {"state": "OK"},
}


@pytest.mark.parametrize("changes", REFUSED.values(), ids=REFUSED)
def test_a_wrong_rule_is_refused(vms, quota, changes):
    fields = {"quota_id": quota["id"], "name": "standin", **changes}

    assert 400 == status(lambda: vms.userquotas.post(**fields))


def test_a_second_rule_for_one_is_refused(vms, quota):
    vms.userquotas.post(quota_id=quota["id"], name="standin", hard_limit=10)

    assert 400 == status(
        lambda: vms.userquotas.post(quota_id=quota["id"], identifier="1000")
    )


def test_a_plain_quota_has_no_rules(vms, bucket):
    plain = vms.quotas.post(name="plain", path=f"/{bucket}", hard_limit=10)

    assert 400 == status(
        lambda: vms.userquotas.post(quota_id=plain["id"], name="standin")
    )
    vms.quotas[str(plain["id"])].delete()
