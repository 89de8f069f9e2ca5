"""Metrics, health, nodes and Prometheus: numbers that follow from what was done."""

import re
import shutil
import time

import pytest
import urllib3
import vastpy

RATES = [
    f"ViewMetrics,{direction}_{unit}__rate"
    for direction in ("read", "write")
    for unit in ("bw", "iops")
]


def status(call):
    with pytest.raises(vastpy.RESTFailure) as caught:
        call()
    return caught.value.status


def samples(vms, view, *names):
    """Return the samples of a view: instant, view, then a value for each name."""
    answer = vms.monitors.ad_hoc_query.get(
        object_type="view",
        time_frame="10m",
        prop_list=[f"ViewMetrics,{name}" for name in names],
        object_ids=str(view["id"]),
    )
    assert [view["id"]] == answer["object_ids"]
    return answer["data"]


def test_view_metrics_show_what_was_written_and_read(vms, s3, bucket):
    (view,) = vms.views.get(bucket=bucket)

    def summed():
        names = ("write_latency__num_samples", "read_latency__num_samples")
        rows = samples(vms, view, *names, "write_bw__rate")
        return rows, sum(row[2] for row in rows), sum(row[3] for row in rows)

    summed()
    for number in range(5):
        s3.put_object(Bucket=bucket, Key=f"k{number}", Body=bytes(100_000))
    for number in range(3):
        s3.get_object(Bucket=bucket, Key=f"k{number}")["Body"].read()
    # A sample is taken at once where the last one is older than a second.
    deadline = time.monotonic() + 10
    rows, writes, reads = summed()
    while reads < 3 and time.monotonic() < deadline:
        rows, writes, reads = summed()

    assert (writes, reads) == (6, 3)
    assert sorted((row[0] for row in rows), reverse=True) == [row[0] for row in rows]
    assert max(row[4] for row in rows) > 0


def test_unmeasured_metrics_are_refused(vms):
    ask = vms.monitors.ad_hoc_query.get

    assert 400 == status(lambda: ask(object_type="view", prop_list=["Imagined,bw"]))
    assert 400 == status(lambda: ask(object_type="ssd", prop_list=RATES))
    assert 400 == status(lambda: ask(object_type="view"))
    assert 400 == status(
        lambda: ask(object_type="view", prop_list=RATES, time_frame="soon")
    )


def test_saved_reports_answer_like_ad_hoc_ones(vms):
    saved = vms.monitors.post(
        object_type="cluster",
        prop_list="Capacity,physical_space_in_use",
        time_frame="1h",
    )

    answer = vms.monitors[str(saved["id"])].query.get()

    assert ["timestamp", "object_id", "Capacity,physical_space_in_use"] == answer[
        "prop_list"
    ]
    vms.monitors[str(saved["id"])].delete()


def test_all_metrics_can_be_asked_for(vms):
    for metric in vms.metrics.get():
        vms.monitors.ad_hoc_query.get(
            object_type=metric["object_types"][0], prop_list=[metric["fqn"]]
        )


def test_the_clusters_space_is_the_disks(standin, vms):
    (cluster,) = vms.clusters.get()

    assert shutil.disk_usage(standin.data).total == cluster["physical_space"]
    assert 0 < cluster["physical_space_in_use"] < cluster["physical_space"]
    assert cluster["free_usable_capacity"] == pytest.approx(
        shutil.disk_usage(standin.data).free, rel=0.05
    )


def test_health_nodes_and_addresses_are_shown(standin, vms):
    assert vms.health.get()["status"] in ("ok", "warning")
    assert [True] == [node["is_mgmt"] for node in vms.cnodes.get(state="ACTIVE")]
    assert 1 == len(vms.dnodes.get())
    port = int(standin.endpoint.rpartition(":")[2])
    assert [{"vip": "127.0.0.1", "port": port}] == vms.vastdb.vips.get()
    assert 400 == status(
        lambda: vms.vippools.post(
            name="lan", subnet_cidr=24, ip_ranges=[["10.0.0.1", "10.0.0.9"]]
        )
    )


def test_prometheus_reads_the_exported_metrics(standin, vms, s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=bytes(1234))
    pool = urllib3.PoolManager(ca_certs=standin.cert_file)
    headers = urllib3.make_headers(basic_auth=f"{standin.user}:{standin.password}")
    url = f"https://{standin.vms_address}/api/prometheusmetrics/"

    def lines(family):
        answer = pool.request("GET", url + family, headers=headers)
        assert 200 == answer.status
        return answer.data.decode().splitlines()

    (line,) = (
        text
        for text in lines("views")
        if text.startswith("vast_view_logical_capacity{") and f'"/{bucket}"' in text
    )
    assert "1234.0" == line.rpartition(" ")[2]
    sample = re.compile(
        r'[a-z_]+\{([a-z_]+="[^"]*",?)*\} [-+.e0-9]+|# TYPE [a-z_]+ \w+|# HELP .+'
    )
    assert [] == [text for text in lines("all") if not sample.fullmatch(text)]
    assert 404 == pool.request("GET", url + "imagined", headers=headers).status


def test_a_quiet_definition_raises_no_alarm(vms, s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    (definition,) = (
        row
        for row in vms.eventdefinitions.get()
        if row["name"] == "QUOTA_HARD_EXCEEDED"
    )
    endpoint = vms.eventdefinitions[str(definition["id"])]
    endpoint.patch(enabled=False)
    quota = vms.quotas.post(name="quiet", path=f"/{bucket}", hard_limit=1)

    assert [] == vms.alarms.get(object_id=quota["id"], object_type="Quota")

    endpoint.patch(enabled=True, severity="CRITICAL")
    (alarm,) = vms.alarms.get(object_id=quota["id"], object_type="Quota")
    assert "CRITICAL" == alarm["severity"]
    endpoint.patch(severity="MAJOR")
    vms.quotas[str(quota["id"])].delete()


def test_metadata_is_counted_by_itself(vms, s3, bucket):
    (view,) = vms.views.get(bucket=bucket)

    def summed():
        rows = samples(
            vms,
            view,
            "read_md_latency__num_samples",
            "write_md_latency__num_samples",
            "read_latency__num_samples",
            "qos_wait_for_budget_time__sum",
        )
        return [sum(row[i] for row in rows) for i in range(2, 6)]

    summed()
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    s3.get_object(Bucket=bucket, Key="k")["Body"].read()
    s3.head_object(Bucket=bucket, Key="k")
    s3.list_objects_v2(Bucket=bucket)
    s3.get_object_tagging(Bucket=bucket, Key="k")
    deadline = time.monotonic() + 10
    while (values := summed())[2] < 4 and time.monotonic() < deadline:
        time.sleep(0.1)

    # The bucket's creation is the write.
    assert [3, 1, 4, 0] == values


def test_snapshots_are_counted(vms, bucket):
    name = "Capacity,snapshots_count"

    def query():
        ask = vms.monitors.ad_hoc_query.get
        return ask(object_type="cluster", time_frame="1m", prop_list=[name])["data"]

    snapshot = vms.snapshots.post(name="counted", path=f"/{bucket}")
    count = len(vms.snapshots.get())
    deadline = time.monotonic() + 10
    while (reported := query()[0][2]) != count and time.monotonic() < deadline:
        time.sleep(0.2)

    assert count == reported
    vms.snapshots[str(snapshot["id"])].delete()


@pytest.mark.parametrize("kind", ["bw", "iops", "md_iops", "latency"])
def test_the_top_of_every_key_is_shown(vms, s3, bucket, kind):
    s3.put_object(Bucket=bucket, Key="k", Body=bytes(100_000))
    s3.head_object(Bucket=bucket, Key="k")
    (pool,) = vms.vippools.get()
    titles = {
        "user": "standin",
        "client": "127.0.0.1",
        "view": f"/{bucket}",
        "vip": "127.0.0.1",
        "vippool": pool["name"],
        "cnode": "cnode-1",
    }

    for key, title in titles.items():
        answer = vms.monitors.topn.get(key=key, type=kind, count=1000)
        rows = {row["title"]: row for row in answer["data"][key][kind]}
        assert rows[title]["total"] > 0
        assert 1 == len(
            vms.monitors.topn.get(key=key, type=kind, count=1)["data"][key][kind]
        )
    none = vms.monitors.topn.get(key="volume", type=kind)

    assert [] == none["data"]["volume"][kind]


def test_the_top_of_what_is_not_counted_is_refused(vms):
    assert 400 == status(lambda: vms.monitors.topn.get(key="galaxy", type="bw"))
    assert 400 == status(lambda: vms.monitors.topn.get(key="view", type="rows"))
