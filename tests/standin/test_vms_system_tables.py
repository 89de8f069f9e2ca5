"""Catalogue and audit log by the management side."""

import itertools
import json
import time

import pytest
import vastdb
import vastpy


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
