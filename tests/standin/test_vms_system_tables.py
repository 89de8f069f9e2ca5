"""Catalogue, audit log and delta by the management side; sums over any table."""

import itertools
import json
import time

import pyarrow as pa
import pytest
import vastdb
import vastpy
from tabular import connect


def status(call):
    with pytest.raises(vastpy.RESTFailure) as caught:
        call()
    return caught.value.status


def rows_of(answer):
    return [
        dict(zip(answer["prop_list"], json.loads(row), strict=True))
        for row in answer["results"]
    ]


def renewed(vms, ask, right=bool, seconds=20):
    """Ask until an answer is right; changed settings rebuild the tables at once."""
    deadline = time.monotonic() + seconds
    (config,) = vms.bigcatalogconfig.get()
    days = itertools.count(2)
    while True:
        frames = [{"every": "1h", "keep-local": f"{next(days)}d"}]
        vms.bigcatalogconfig[str(config["id"])].patch(frames=frames)
        if right(state := ask()) or time.monotonic() > deadline:
            return state


def test_the_catalogue_lists_objects_and_their_owners(vms, s3, bucket):
    for key, size in (("a/x", 3), ("a/y", 5), ("z", 7)):
        s3.put_object(Bucket=bucket, Key=key, Body=bytes(size))

    def ask():
        return rows_of(
            vms.bigcatalogconfig.query_data.get(
                path=f"/{bucket}/a",
                fields="name,size,owner_name",
                ordering="-size",
                filters=json.dumps({"element_type": "FILE"}),
            )
        )

    assert [
        {"name": "y", "size": 5, "owner_name": "standin"},
        {"name": "x", "size": 3, "owner_name": "standin"},
    ] == renewed(vms, ask, lambda rows: len(rows) == 2)


def test_rows_come_in_pages_by_body_too(vms, s3, bucket):
    for number in range(5):
        s3.put_object(Bucket=bucket, Key=f"k{number}", Body=b"x")

    def post():
        return vms.bigcatalogconfig.query_data.post(
            path=f"/{bucket}",
            fields=["name"],
            filters={"name": [{"gt": "k0", "lt": "k3"}, {"eq": "k4"}]},
        )

    answer = renewed(vms, post, lambda page: page["count"] == 3)
    page = vms.bigcatalogconfig.query_data.get(
        path=f"/{bucket}", limit=2, page=2, ordering="name", fields="name"
    )

    assert ["k1", "k2", "k4"] == sorted(r["name"] for r in rows_of(answer))
    # The bucket itself comes before its objects.
    assert (6, ["k1", "k2"]) == (
        page["count"],
        [r["name"] for r in rows_of(page) if r["name"] != bucket],
    )
    assert "page=3" in page["next"]


def test_columns_and_size_of_the_system_tables_are_shown(vms):
    for resource in (vms.bigcatalogconfig, vms.vastauditlog):
        columns = resource.columns.get()
        counts = resource.stats.get()

        assert len(columns) == counts["count_columns"]
        assert counts["count_rows"] > 0
        assert {"database_name", "schema_name", "table_name"} <= columns[0].keys()


def test_the_audit_log_lists_requests_and_users(vms, s3, bucket):
    s3.put_object(Bucket=bucket, Key="audited", Body=b"12345")

    def ask():
        return rows_of(
            vms.vastauditlog.query_data.get(
                fields="user_name,method,status",
                filters=json.dumps({"path": {"contains": f"{bucket}/audited"}}),
            )
        )

    rows = renewed(vms, ask)

    assert [{"user_name": "standin", "method": "PUT", "status": 200}] == rows


def test_the_audit_log_forgets_what_is_too_old(fresh_standin):
    running = fresh_standin()
    vms = running.vms()
    running.s3().create_bucket(Bucket="audited")
    vms.clusters["1"].auditing.patch(max_retention_period=1, max_retention_timeunit="s")

    def ask():
        rows = rows_of(vms.vastauditlog.query_data.get(fields="time,path"))
        return [row for row in rows if "audited" in row["path"]]

    assert [] == renewed(vms, ask, lambda rows: not rows)
    vms.clusters["1"].auditing.patch(max_retention_period=0)
    assert 1 == len(renewed(vms, ask))


def test_catalogue_and_audit_log_can_be_switched_off(fresh_standin):
    running = fresh_standin()
    vms = running.vms()
    session = vastdb.connect(
        endpoint=running.endpoint, access=running.access, secret=running.secret
    )

    def read():
        with session.transaction() as tx:
            return tx.catalog().select().read_all(), tx.audit_log().select().read_all()

    assert read()
    (config,) = vms.bigcatalogconfig.get()
    endpoint = vms.bigcatalogconfig[str(config["id"])]
    endpoint.patch(enable=False)
    with pytest.raises(vastdb.errors.NotFound):
        read()
    assert 404 == status(vms.bigcatalogconfig.stats.get)
    endpoint.delete()
    assert [] == vms.bigcatalogconfig.get()
    running.stop()
    running = fresh_standin()
    vms = running.vms()
    assert [] == vms.bigcatalogconfig.get()
    created = vms.bigcatalogconfig.post(frames={"every": "30m", "keep-local": "2h"})

    assert [{"every": "30m", "keep-local": "2h"}] == created["frames"]
    assert 400 == status(lambda: vms.bigcatalogconfig.post(frames=created["frames"]))
    assert 400 == status(
        lambda: vms.bigcatalogconfig[str(created["id"])].patch(frames=[{"every": "1h"}])
    )
    assert vms.bigcatalogconfig.stats.get()["count_columns"] > 0
    audits = vms.clusters["1"].auditing
    assert "NONE" == audits.patch(enable_vast_db_audit=False)["vast_audit_log_state"]
    assert 404 == status(vms.vastauditlog.stats.get)
    assert 400 == status(lambda: audits.patch(enable_json_audit=True))
    assert 400 == status(lambda: audits.patch(max_retention_timeunit="moons"))


def test_catalogue_snapshots_are_taken_and_kept_as_configured(fresh_standin):
    running = fresh_standin()
    vms = running.vms()
    session = vastdb.connect(
        endpoint=running.endpoint, access=running.access, secret=running.secret
    )

    def names():
        with session.transaction() as tx:
            return {s.name for s in tx.catalog_snapshots()}

    (first,) = names()
    vms.bigcatalogconfig["1"].patch(frames=[{"every": "1s", "keep-local": "2s"}])
    deadline = time.monotonic() + 20
    while first in (snapshots := names()) and time.monotonic() < deadline:
        time.sleep(0.1)

    assert 1 <= len(snapshots) <= 3
    assert first not in snapshots


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


@pytest.fixture
def counted(standin, vms, s3, bucket):
    """Return where a table of counts is, and drop it afterwards."""
    rows = pa.table(
        {
            "at": pa.array([i * 1_000_000 for i in range(6)], pa.timestamp("us")),
            "user": ["ann", "ben", "ann", "cid", None, "ann"],
            "view": ["/a", "/a", "/b", "/b", "/b", "/a"],
            "READS": [1, 2, 4, 8, 16, 32],
            "WRITES": [0.5, 0.5, 0.5, 0.5, 0.5, None],
        }
    )
    session = connect(standin)
    with session.transaction() as tx:
        schema = tx.bucket(bucket).create_schema("s")
        schema.create_table("t", rows.schema).insert(rows)
    yield {"database_name": bucket, "schema_name": "s", "table_name": "t"}
    with session.transaction() as tx:
        schema = tx.bucket(bucket).schema("s")
        schema.table("t").drop()
        schema.drop()


AGGREGATES = {
    "all": ({"metrics": "READS,WRITES"}, {"__all__": {"__all__": [63, 2.5]}}),
    "mean": (
        {"metrics": "READS", "aggregate_function": "avg"},
        {"__all__": {"__all__": [10.5]}},
    ),
    "by user": (
        {"metrics": "READS", "sample_per": "user"},
        {
            "ann": {"__all__": [37]},
            "null": {"__all__": [16]},
            "cid": {"__all__": [8]},
            "ben": {"__all__": [2]},
        },
    ),
    "the first and the others": (
        {
            "metrics": "READS",
            "sample_per": "view",
            "sub_group_by": "user",
            "sub_groups_count": 1,
        },
        {
            "/a": {"ann": [33], "__others__": [2]},
            "/b": {"__others__": [24], "ann": [4]},
        },
    ),
    "top by another": (
        {
            "metrics": "READS",
            "topn_by": "WRITES",
            "sample_per": "view",
            "samples_count": 1,
        },
        {"/b": {"__all__": [28]}, "__others__": {"__all__": [35]}},
    ),
    "by time": (
        {"metrics": "READS", "sample_per": "at", "samples_count": 2},
        {"3__6": {"__all__": [56]}, "0__3": {"__all__": [7]}},
    ),
    "filtered": (
        {
            "metrics": "READS*READS-READS",
            "filters": '{"at": [{"gte": "1000", "lt": "3000"}, {"eq": "5000"}]}',
        },
        {"__all__": {"__all__": [2 + 12 + 992]}},
    ),
    "a sum": (
        {"metrics": "READS+WRITES", "filters": '{"user": "ben"}'},
        {"__all__": {"__all__": [2.5]}},
    ),
    "a filter that is no code": (
        {"metrics": "READS", "filters": json.dumps({"user": "x' OR '1'='1"})},
        {"__all__": {"__all__": []}},
    ),
}


@pytest.mark.parametrize(("query", "sums"), AGGREGATES.values(), ids=AGGREGATES)
def test_a_table_is_summed_up(vms, counted, query, sums):
    answer = vms.vastdbtable.aggregate.get(**counted, **query)

    actual = {
        sample: {group: list(values.values()) for group, values in groups.items()}
        for sample, groups in answer.items()
    }
    assert sums == actual


WRONG = {
    "no such column": {"metrics": "NONE"},
    "text": {"metrics": "user"},
    "no metric": {"metrics": ""},
    "no such function": {"metrics": "READS", "aggregate_function": "max"},
    "no JSON": {"metrics": "READS", "filters": "{"},
    "a strange filter": {"metrics": "READS", "filters": '{"user": {"like": "x"}}'},
    "no number": {"metrics": "READS", "filters": '{"READS": {"gt": "x"}}'},
    "no such sample": {"metrics": "READS", "sample_per": "none"},
    "no samples": {"metrics": "READS", "sample_per": "user", "samples_count": 0},
    "unknown": {"metrics": "READS", "imagined": 1},
}


@pytest.mark.parametrize("query", WRONG.values(), ids=WRONG)
def test_a_wrong_question_is_refused(vms, counted, query):
    assert 400 == status(lambda: vms.vastdbtable.aggregate.get(**counted, **query))
