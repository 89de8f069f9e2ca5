"""Quota automation on a real platform: objects written, quotas raised, actions kept."""

import dataclasses

import boto3
import pytest
from botocore.exceptions import ClientError

from orbital_kernel import connect, embedded
from orbital_kernel.model.observatory import observatories, site
from orbital_kernel.model.storage_spec import Growth, Quota
from orbital_kernel.storage.growth.automation import Controller, Watched
from orbital_kernel.storage.ledger import EXPANDED, INTENDED, Ledger
from orbital_kernel.storage.provision.desired import desired
from orbital_kernel.storage.provision.execute import apply
from orbital_kernel.storage.provision.plan import diff
from orbital_kernel.storage.provision.reading import actual
from orbital_kernel.storage.vms import Vms

PATH = "/observatories/swift"
BUCKET = "orbital-swift"
KB = 1000
QUOTA = Quota(
    name=BUCKET,
    soft_bytes=80 * KB,
    hard_bytes=100 * KB,
    grace_s=7 * 86400,
    reason="small enough to fill here",
    growth=Growth(
        step_bytes=20 * KB,
        ceiling_bytes=400 * KB,
        approval_bytes=300 * KB,
        headroom_s=86400,
        cool_down_s=3600,
        reason="small steps",
    ),
)


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    folder = tmp_path_factory.mktemp("automation")
    session = connect(folder)
    session.storage.apply()
    yield session
    embedded.stop(folder)


@pytest.fixture
def vms(session):
    vms = Vms.connect(session.settings)
    limits = {"soft_limit": QUOTA.soft_bytes, "hard_limit": QUOTA.hard_bytes}
    vms.patch("quotas", row(vms)["id"], limits)
    return vms


@pytest.fixture
def bucket(session):
    settings = session.settings
    bucket = boto3.resource(
        "s3",
        endpoint_url=settings.endpoint,
        aws_access_key_id=settings.access_key,
        aws_secret_access_key=settings.secret_key,
        region_name="us-east-1",
    ).Bucket(BUCKET)
    yield bucket
    for item in bucket.objects.all():
        item.delete()


def row(vms):
    (match,) = [q for q in vms.listing("quotas", paged=True) if q["path"] == PATH]
    return match


def test_a_filling_quota_is_raised_before_it_blocks_and_the_reason_is_kept(
    session, vms, bucket
):
    ledger = Ledger(session.store)
    controller = Controller(vms, ledger, (Watched(PATH, QUOTA),), promise=False)
    for number in range(24):
        bucket.put_object(Key=f"{number}.lc", Body=b"x" * (8 * KB))
        controller.step()

    now = row(vms)
    assert 24 * 8 * KB == now["used_capacity"]
    assert now["hard_limit"] <= QUOTA.growth.approval_bytes
    expansions = [a for a in ledger.actions(PATH) if a["action"] == EXPANDED]
    assert now["hard_limit"] == expansions[-1]["after"]["hard"]
    assert all(a["evidence"]["reason"] for a in expansions)
    assert 24 == len(ledger.samples(PATH))
    intended = [a for a in ledger.actions(PATH) if a["action"] == INTENDED]
    assert len(intended) == len(expansions)

    grown = ledger.grown([PATH])
    swift_file = observatories()["swift"]
    space = dataclasses.replace(swift_file.storage, quota=QUOTA)
    small = dataclasses.replace(swift_file, storage=space)
    resources = desired([small], site(), grown=grown, tables=False)
    swift = [r for r in resources if (r.kind, r.identity) == ("quota", PATH)]
    drift = diff(swift, actual(vms, swift))
    assert [["grace_period"]] * len(drift.changes) == [
        list(c.after) for c in drift.changes
    ]


def test_without_automation_the_same_writes_are_blocked(vms, bucket):
    for number in range(12):
        bucket.put_object(Key=f"{number}.lc", Body=b"x" * (8 * KB))

    with pytest.raises(ClientError, match="QuotaExceeded"):
        bucket.put_object(Key="one more.lc", Body=b"x" * (8 * KB))


def test_a_person_must_approve_what_is_above_the_line(session, vms, bucket):
    limits = {"soft_limit": 240 * KB, "hard_limit": 300 * KB}
    vms.patch("quotas", row(vms)["id"], limits)
    bucket.put_object(Key="big.lc", Body=b"x" * (299 * KB))
    ledger = Ledger(session.store)
    watched = Watched(PATH, QUOTA)
    (decision,) = Controller(vms, ledger, (watched,), promise=False).step()
    limit_after_asking = row(vms)["hard_limit"]
    approved = dataclasses.replace(watched, approved_bytes=400 * KB)
    (done,) = Controller(vms, ledger, (approved,), promise=False).step()

    assert ("ask", 300 * KB) == (decision.action, limit_after_asking)
    assert "above 300 kB a person must approve" in decision.reason
    assert "expand" == done.action
    assert done.hard_bytes == row(vms)["hard_limit"] > 300 * KB


def test_provisioning_puts_the_files_limits_back(session, vms):
    session.storage.apply()

    assert 500 * 10**9 == row(vms)["hard_limit"]
    assert apply(session.storage.plan(), vms, tables=session.store).ok
