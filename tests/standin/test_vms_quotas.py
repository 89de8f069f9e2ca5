"""Quotas: all nine states from real usage, grace periods, and blocked writes."""

import time
from datetime import UTC, datetime

import botocore.exceptions
import pyarrow as pa
import pytest
import vastpy
from sql_calls import SqlCalls, SqlError
from tabular import connect
from vastdb.errors import InsufficientCapacity


@pytest.fixture
def held(standin, vms, s3):
    """Return a view at /held with a bucket, and remove all of it afterwards."""
    policy = vms.viewpolicies.get(name="default")[0]["id"]
    view = vms.views.post(
        path="/held/view",
        policy_id=policy,
        protocols=["S3", "DATABASE"],
        bucket="held",
        bucket_owner="standin",
        create_dir=True,
    )
    yield view
    for quota in vms.quotas.get():
        if quota["path"].startswith("/held"):
            vms.quotas[str(quota["id"])].delete()
    for row in vms.views.get(path="/held/view"):
        for entry in s3.list_objects_v2(Bucket="held").get("Contents", []):
            s3.delete_object(Bucket="held", Key=entry["Key"])
        vms.views[str(row["id"])].delete()


def put(s3, size, key="k"):
    s3.put_object(Bucket="held", Key=key, Body=bytes(size))


def refusal(call):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call()
    response = caught.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]


STATES = {
    "OK": {"soft_limit": 100, "hard_limit": 200},
    "SOFT_EXCEEDED": {"soft_limit": 99, "hard_limit": 200},
    "HARD_EXCEEDED": {"soft_limit": 50, "hard_limit": 100},
    "INODE_SOFT_EXCEEDED": {"soft_limit_inodes": 2},
    "INODE_HARD_EXCEEDED": {"hard_limit_inodes": 3},
    "SOFT_BOTH_EXCEEDED": {"soft_limit": 1, "soft_limit_inodes": 1},
    "HARD_BOTH_EXCEEDED": {"hard_limit": 1, "hard_limit_inodes": 1},
    "GRACE_EXPIRED": {"soft_limit": 1, "grace_period": "0s"},
}


@pytest.mark.parametrize(("state", "limits"), STATES.items(), ids=STATES)
def test_the_state_follows_what_is_held(vms, s3, held, state, limits):
    put(s3, 60, "a")
    put(s3, 40, "b")

    quota = vms.quotas.post(name="q", path="/held", **limits)

    assert (state, 100, 3) == (
        quota["state"],
        quota["used_capacity"],
        quota["used_inodes"],
    )
    assert quota == {
        **vms.quotas.get(name="q")[0],
        "time_to_block": quota["time_to_block"],
    }


def test_a_quota_whose_path_is_gone_has_failed(vms, held):
    quota = vms.quotas.post(name="q", path="/held/view", hard_limit=10)
    vms.views[str(held["id"])].delete()

    assert "FAILED" == vms.quotas[str(quota["id"])].get()["state"]


def test_percentages_are_of_the_hard_limit(vms, s3, held):
    put(s3, 51)

    quota = vms.quotas.post(
        name="q", path="/held", soft_limit=60, hard_limit=200, hard_limit_inodes=8
    )

    assert (25, 25) == (quota["percent_capacity"], quota["percent_inodes"])


def test_a_write_beyond_the_hard_limit_is_refused_and_nothing_changes(vms, s3, held):
    put(s3, 60)
    vms.quotas.post(name="q", path="/held", hard_limit=100)

    assert (507, "QuotaExceeded") == refusal(lambda: put(s3, 41, "more"))
    put(s3, 40, "fits")

    assert 100 == vms.quotas.get(name="q")[0]["used_capacity"]
    assert (507, "QuotaExceeded") == refusal(lambda: put(s3, 1, "one more"))
    s3.delete_object(Bucket="held", Key="k")
    put(s3, 1, "one more")


BLOCKING = {
    "HARD_EXCEEDED": {"hard_limit": 1},
    "INODE_HARD_EXCEEDED": {"hard_limit_inodes": 1},
    "HARD_BOTH_EXCEEDED": {"hard_limit": 1, "hard_limit_inodes": 1},
    "GRACE_EXPIRED": {"soft_limit": 1, "grace_period": "0s"},
}


@pytest.mark.parametrize(("state", "limits"), BLOCKING.items(), ids=BLOCKING)
def test_a_blocking_quota_blocks_rows_and_sql_too(
    standin, vms, s3, held, state, limits
):
    session = connect(standin)
    rows = pa.table({"a": [1, 2, 3]})
    with session.transaction() as tx:
        schema = tx.bucket("held").create_schema("s")
        schema.create_table("t", rows.schema).insert(rows)

    quota = vms.quotas.post(name="q", path="/held", **limits)
    with pytest.raises(InsufficientCapacity), session.transaction() as tx:
        tx.bucket("held").schema("s").table("t").insert(rows)
    sql = SqlCalls(standin.endpoint, standin.access, standin.secret)
    with pytest.raises(SqlError, match="QuotaExceeded"):
        sql.rows('INSERT INTO "held/s".t VALUES (4)')
    with session.transaction() as tx:
        table = tx.bucket("held").schema("s").table("t")
        remaining = len(table.select().read_all())
    sql.rows('DELETE FROM "held/s".t')
    sql.rows('DROP SCHEMA "held/s" CASCADE')

    assert (state, 3) == (quota["state"], remaining)


def test_grace_ends_in_a_block_and_can_be_begun_anew(vms, s3, held):
    put(s3, 50)
    quota = vms.quotas.post(name="q", path="/held", soft_limit=10, grace_period="00:01")
    endpoint = vms.quotas[str(quota["id"])]
    assert "SOFT_EXCEEDED" == quota["state"]
    put(s3, 1, "in grace")

    deadline = time.monotonic() + 5
    while endpoint.get()["state"] != "GRACE_EXPIRED" and time.monotonic() < deadline:
        time.sleep(0.05)

    assert "GRACE_EXPIRED" == endpoint.get()["state"]
    assert (507, "QuotaExceeded") == refusal(lambda: put(s3, 1, "late"))
    endpoint.patch(grace_period="1d")
    assert "SOFT_EXCEEDED" == endpoint.get()["state"]
    endpoint.patch(grace_period="00:01")
    endpoint.reset_grace_period.patch()
    put(s3, 1, "anew")


def test_a_raised_limit_lets_writes_through(vms, s3, held):
    quota = vms.quotas.post(name="q", path="/held", hard_limit=10)
    assert (507, "QuotaExceeded") == refusal(lambda: put(s3, 11))

    vms.quotas[str(quota["id"])].patch(hard_limit=11)

    put(s3, 11)
    assert "HARD_EXCEEDED" == vms.quotas[str(quota["id"])].get()["state"]


def test_a_full_quota_raises_an_alarm_that_ends_with_it(vms, s3, held):
    put(s3, 10)
    quota = vms.quotas.post(name="full", path="/held", hard_limit=10)

    (alarm,) = vms.alarms.get(object_type="Quota", object_id=quota["id"])
    assert "MAJOR" == alarm["severity"]
    assert "full" in alarm["alarm_message"]
    endpoint = vms.alarms[str(alarm["id"])]
    endpoint.patch(acknowledged=True)
    assert endpoint.get()["acknowledged"]

    vms.quotas[str(quota["id"])].patch(hard_limit=100)

    assert [] == vms.alarms.get(object_type="Quota", object_id=quota["id"])
    messages = [e["event_message"] for e in vms.events.get(object_type="Quota")]
    assert any(text.startswith("ended: ") for text in messages)


REFUSED = {
    "no name": {"name": None},
    "soft above hard": {"soft_limit": 20, "hard_limit": 10},
    "negative": {"hard_limit": -1},
    "text as number": {"hard_limit": "10"},
    "strange grace": {"grace_period": "soon"},
    "no such directory": {"path": "/elsewhere"},
    "unknown field": {"limit": 1},
    "read-only field": {"state": "OK"},
    "rules without user quotas": {"user_quotas": [{"name": "standin"}]},
    "a rule for nobody": {"is_user_quota": True, "user_quotas": [{"name": "who"}]},
    "a default of nonsense": {"default_user_quota": {"hard_limit": "10"}},
}


@pytest.mark.parametrize("changes", REFUSED.values(), ids=REFUSED)
def test_a_wrong_quota_is_refused(vms, held, changes):
    fields = {"name": "q", "path": "/held", "hard_limit": 10, **changes}

    with pytest.raises(vastpy.RESTFailure, match="400"):
        vms.quotas.post(**fields)

    assert [] == vms.quotas.get(name="q")


PERIODS = {"90m": 5400, "1d": 86400, "2 03:04:05": 183845, "10:00": 600, "45": 45}


@pytest.mark.parametrize(("text", "seconds"), PERIODS.items(), ids=PERIODS)
def test_grace_periods_are_read_as_the_vendor_writes_them(vms, s3, held, text, seconds):
    put(s3, 10)
    before = datetime.now(UTC)

    quota = vms.quotas.post(name="q", path="/held", soft_limit=1, grace_period=text)

    end = datetime.fromisoformat(quota["pretty_grace_period_expiration"])
    assert seconds == pytest.approx((end - before).total_seconds(), abs=5)
