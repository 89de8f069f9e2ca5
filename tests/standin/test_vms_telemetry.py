"""Metrics, health, nodes and Prometheus: numbers that follow from what was done."""

import re
import shutil
import time

import pytest
import urllib3
import vastpy

RATES = [
    f"ViewMetrics,{way}_{what}__rate"
    for way in ("read", "write")
    for what in ("bw", "iops")
]


def status(call):
    with pytest.raises(vastpy.RESTFailure) as caught:
        call()
    return caught.value.status


def test_view_metrics_show_what_was_written_and_read(vms, s3, bucket):
    (view,) = vms.views.get(bucket=bucket)

    def summed():
        answer = vms.monitors.ad_hoc_query.get(
            object_type="view",
            time_frame="10m",
            prop_list=[
                "ViewMetrics,write_latency__num_samples",
                "ViewMetrics,read_latency__num_samples",
                "ViewMetrics,write_bw__rate",
            ],
            object_ids=str(view["id"]),
        )
        rows = answer["data"]
        assert [view["id"]] == answer["object_ids"]
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


def test_health_nodes_and_addresses_are_told(standin, vms):
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


def test_prometheus_reads_what_is_told(standin, vms, s3, bucket):
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
        r'[a-z_]+\{([a-z_]+="[^"]*",?)*\} [-+.e0-9]+|# TYPE [a-z_]+ \w+'
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
    here = vms.eventdefinitions[str(definition["id"])]
    here.patch(enabled=False)
    quota = vms.quotas.post(name="quiet", path=f"/{bucket}", hard_limit=1)

    assert [] == vms.alarms.get(object_id=quota["id"], object_type="Quota")

    here.patch(enabled=True, severity="CRITICAL")
    (alarm,) = vms.alarms.get(object_id=quota["id"], object_type="Quota")
    assert "CRITICAL" == alarm["severity"]
    here.patch(severity="MAJOR")
    vms.quotas[str(quota["id"])].delete()
