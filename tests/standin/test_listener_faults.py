"""Faults on demand: off by default, each reaches the client as from a real cluster."""

import time

import botocore.exceptions
import pytest
import vastpy


@pytest.fixture
def faults(vms):
    yield vms.standin_faults
    vms.standin_faults.delete()


def refusal(call):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call()
    response = caught.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]


KINDS = {
    "slowdown": (503, "SlowDown"),
    "unavailable": (503, "ServiceUnavailable"),
    "conflict": (409, "Conflict"),
    "full": (507, "InsufficientCapacity"),
}


@pytest.mark.parametrize(("kind", "expected"), KINDS.items(), ids=KINDS)
def test_a_fault_happens_as_often_as_asked(s3, faults, kind, expected):
    faults.post(kind=kind, method="GET", times=2, skip=1)

    s3.list_buckets()
    assert [expected] * 2 == [refusal(s3.list_buckets) for _ in range(2)]
    s3.list_buckets()
    assert [] == faults.get()


def test_a_slow_answer_comes_late(s3, faults):
    faults.post(kind="slow", seconds=0.5)

    start = time.monotonic()
    s3.list_buckets()

    assert time.monotonic() - start >= 0.5


def test_a_cut_stream_ends_in_a_broken_connection(s3, bucket, faults):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x" * 5_000_000)
    faults.post(kind="cut", target="/k", after_bytes=1_000_000)

    with pytest.raises(botocore.exceptions.BotoCoreError):
        s3.get_object(Bucket=bucket, Key="k")["Body"].read()

    assert 5_000_000 == len(s3.get_object(Bucket=bucket, Key="k")["Body"].read())


@pytest.mark.parametrize(("kind", "code"), [("throttle", 429), ("unavailable", 503)])
def test_the_management_side_can_be_busy(vms, faults, kind, code):
    faults.post(kind=kind, port="vms", target="/views/")

    with pytest.raises(vastpy.RESTFailure) as caught:
        vms.views.get()

    assert code == caught.value.status
    assert isinstance(vms.views.get(), list)


def test_nonsense_is_refused(faults):
    for fields in ({"kind": "meteor"}, {}, {"kind": "slow", "colour": "red"}):
        with pytest.raises(vastpy.RESTFailure, match="400"):
            faults.post(**fields)


def test_faults_are_off_by_default(fresh_standin):
    vms = fresh_standin().vms()

    with pytest.raises(vastpy.RESTFailure, match="404"):
        vms.standin_faults.post(kind="slow")
