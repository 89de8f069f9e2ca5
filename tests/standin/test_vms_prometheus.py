"""The metrics Prometheus scrapes: valid text, and no sample without a value."""

import math
import uuid

import pytest
import urllib3
from prometheus_client.parser import text_string_to_metric_families

from vast_standin.meters import Counts
from vast_standin.vms import prometheus

PATHS = ("", "all", *prometheus.FAMILIES)


@pytest.fixture
def scrape(standin):
    """Return a call that answers the samples of one path, parsed as Prometheus does."""
    pool = urllib3.PoolManager(ca_certs=standin.cert_file)
    headers = urllib3.make_headers(basic_auth=f"{standin.user}:{standin.password}")
    url = f"https://{standin.vms_address}/api/prometheusmetrics/"

    def samples(path):
        reply = pool.request("GET", url + path, headers=headers)
        assert 200 == reply.status, reply.data
        return parsed(reply.data.decode())

    return samples


@pytest.fixture
def quota(vms):
    """Return a quota without any limit on inodes and without a soft limit."""
    name = f"bare{uuid.uuid4().hex[:8]}"
    row = vms.quotas.post(name=name, path=f"/{name}", create_dir=True, hard_limit=10**9)
    yield row
    vms.quotas[str(row["id"])].delete()


def parsed(text):
    return [
        s for family in text_string_to_metric_families(text) for s in family.samples
    ]


@pytest.mark.parametrize("path", PATHS)
def test_every_path_answers_with_a_quota_that_lacks_limits(scrape, quota, path):
    samples = scrape(path)

    if path in ("", "all", "quotas"):
        exported = {
            sample.name: sample.value
            for sample in samples
            if sample.labels.get("name") == quota["name"]
        }
        assert 10**9 == exported["vast_quota_hard_limit"]
        assert not [name for name in exported if name.endswith("limit_inodes")]


@pytest.mark.parametrize(
    ("lines", "names", "samples"),
    [
        (prometheus.quota_lines, prometheus.QUOTA_GAUGES, 0),
        (prometheus.cluster_lines, prometheus.CLUSTER_GAUGES, 1),
        (lambda row: prometheus.view_lines(row, None), prometheus.VIEW_GAUGES, 0),
        (
            lambda row: prometheus.view_lines(row, Counts()),
            prometheus.VIEW_GAUGES,
            len(vars(Counts())),
        ),
    ],
)
@pytest.mark.parametrize("null", ["null", "missing"])
def test_a_null_value_has_no_sample(lines, names, samples, null):
    fields = (*names, *prometheus.OBJECT_LABELS, "state")
    row = dict.fromkeys(fields) if null == "null" else {}

    assert samples == len(parsed(prometheus.text_of(lines(row))))


@pytest.mark.parametrize(
    ("lines", "names"),
    [
        (prometheus.quota_lines, prometheus.QUOTA_GAUGES),
        (prometheus.cluster_lines, prometheus.CLUSTER_GAUGES),
        (lambda row: prometheus.view_lines(row, None), prometheus.VIEW_GAUGES),
    ],
)
def test_every_value_that_is_not_null_has_its_sample(lines, names):
    for name in names:
        (sample,) = (
            s
            for s in parsed(prometheus.text_of(lines({name: 7})))
            if s.name.endswith(f"_{name}")
        )
        assert 7 == sample.value


def test_numbers_that_are_not_finite_and_odd_labels_are_written_as_prometheus_reads():
    label = 'a"b\\c\nd'
    values = (math.inf, -math.inf, math.nan, 1.5)
    text = prometheus.text_of(
        ("vast_x", {"path": label, "n": str(i)}, v) for i, v in enumerate(values)
    )

    samples = parsed(text)

    assert [str(v) for v in values] == [str(sample.value) for sample in samples]
    assert {label} == {sample.labels["path"] for sample in samples}
