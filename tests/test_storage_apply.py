"""The vendor's client, unmodified, against a real stand-in: plan, apply, drift, destroy."""

import dataclasses

import boto3
import pytest
import vastpy
from memory_tables import MemoryTables
from vms_resources import DESIRED, GB, OURS, plan, row, rows, wipe

from orbital_kernel import embedded
from orbital_kernel.errors import ProvisionError
from orbital_kernel.model import schema
from orbital_kernel.model.observatory import observatories, site
from orbital_kernel.storage.health.health import health
from orbital_kernel.storage.provision.desired import desired
from orbital_kernel.storage.provision.execute import apply, destroy
from orbital_kernel.storage.provision.kinds import KINDS
from orbital_kernel.storage.provision.reading import actual
from orbital_kernel.storage.provision.teardown import undo
from orbital_kernel.storage.vms import Vms

DRIFTS = [
    ("quota", {"hard_limit": 5 * 10**12}, ["hard_limit"]),
    ("quota", {"grace_period": "90m"}, ["grace_period"]),
    ("view", {"protocols": ["S3"]}, ["protocols"]),
    ("view", {"select_for_live_monitoring": False}, ["select_for_live_monitoring"]),
    ("viewpolicy", {"nfs_read_write": ["*"]}, ["nfs_read_write"]),
    ("qospolicy", {"is_gold": False}, ["is_gold"]),
]


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    folder = tmp_path_factory.mktemp("vms")
    yield embedded.ensure(folder)
    embedded.stop(folder)


@pytest.fixture
def client(settings):
    """Return the vendor's client on a VMS on which nothing of ours is."""
    client = vastpy.VASTClient(
        user=settings.vms_user,
        password=settings.vms_password,
        address=settings.vms_address,
        cert_file=settings.vms_cert_file,
    )
    wipe(client)
    return client


@pytest.fixture
def vms(settings, client):
    return Vms.connect(settings)


@pytest.fixture
def s3(settings):
    return boto3.client(
        "s3",
        endpoint_url=settings.endpoint,
        aws_access_key_id=settings.access_key,
        aws_secret_access_key=settings.secret_key,
        region_name="us-east-1",
    )


def test_an_empty_platform_is_brought_up_and_stays_as_it_is(vms, client):
    first = plan(vms)
    applied = apply(first, vms)
    second = plan(vms)

    assert applied.ok
    assert {1 + len(observatories())} == {len(rows(client, kind)) for kind in OURS}
    assert second.empty
    assert () == apply(second, vms).done


def test_the_view_is_attached_to_its_own_policies(vms, client):
    apply(plan(vms), vms)
    view = row(client, "view", "orbital-swift")

    assert row(client, "viewpolicy", "orbital-swift")["id"] == view["policy_id"]
    assert row(client, "qospolicy", "orbital-swift")["id"] == view["qos_policy_id"]
    assert view["select_for_live_monitoring"]


def test_views_beyond_the_limit_are_not_monitored_live_and_named(vms, client):
    policy = next(p for p in client.viewpolicies.get() if p["name"] == "default")
    for number in range(9):
        client.views.post(
            name=f"guest-{number}",
            path=f"/guest/{number}",
            policy_id=policy["id"],
            create_dir=True,
            select_for_live_monitoring=True,
        )
    first = plan(vms)
    apply(first, vms).require()
    live = {v["name"] for v in rows(client, "view") if v["select_for_live_monitoring"]}
    slower = [note for note in first.notes if "every 5 minutes" in note]

    wanted = [r.name for r in DESIRED if r.fields.get("select_for_live_monitoring")]
    assert wanted[:1] == list(live)
    assert wanted[1:] == [note.split()[1] for note in slower]
    assert plan(vms).empty


def test_limits_arrive_to_the_byte(vms, client):
    apply(plan(vms), vms)
    quota = row(client, "quota", "orbital-chandra")

    assert 1_000_000_000_000 == quota["hard_limit"]
    assert 800_000_000_000 == quota["soft_limit"]


@pytest.mark.parametrize(("kind", "edit", "fields"), DRIFTS)
def test_an_edit_by_hand_is_drift_and_is_set_back(vms, client, kind, edit, fields):
    apply(plan(vms), vms)
    client[KINDS[kind].resource][row(client, kind, "orbital-swift")["id"]].patch(**edit)
    drift = plan(vms)

    assert [("update", kind, fields)] == [
        (c.action, c.resource, list(c.after)) for c in drift.changes
    ]
    assert apply(drift, vms).ok
    assert plan(vms).empty


def test_a_deleted_resource_is_created_again(vms, client):
    apply(plan(vms), vms)
    client.quotas[row(client, "quota", "orbital-swift")["id"]].delete()
    drift = plan(vms)

    assert [("create", "quota")] == [(c.action, c.resource) for c in drift.changes]
    assert apply(drift, vms).ok
    assert plan(vms).empty


def test_an_existing_resource_is_adopted_and_not_duplicated(vms, client):
    policy = next(p for p in client.viewpolicies.get() if p["name"] == "default")
    client.views.post(
        path="/observatories/swift", policy_id=policy["id"], create_dir=True
    )
    client.quotas.post(name="guest", path="/observatories/swift", hard_limit=GB)
    apply(plan(vms), vms).require()

    views = [v for v in client.views.get() if v["path"] == "/observatories/swift"]
    quotas = [q for q in client.quotas.get() if q["path"] == "/observatories/swift"]
    assert [("orbital-swift", "orbital-swift")] == [
        (v["name"], v["bucket"]) for v in views
    ]
    assert [("orbital-swift", 500 * GB)] == [
        (q["name"], q["hard_limit"]) for q in quotas
    ]


def test_a_quota_next_to_ours_is_left_alone(vms, client):
    guest = client.quotas.post(
        name="guest", path="/observatories/swift2", hard_limit=GB, create_dir=True
    )
    apply(plan(vms), vms).require()

    assert GB == client.quotas[guest["id"]].get()["hard_limit"]
    assert guest["id"] != row(client, "quota", "orbital-swift")["id"]


def test_a_plan_with_a_conflict_touches_nothing(vms, client):
    user = next(u for u in client.users.get())
    policy = next(p for p in client.viewpolicies.get() if p["name"] == "default")
    client.views.post(
        name="guest",
        path="/elsewhere",
        policy_id=policy["id"],
        create_dir=True,
        protocols=["S3"],
        bucket="orbital-swift",
        bucket_owner=user["name"],
    )
    conflicted = plan(vms)

    with pytest.raises(
        ProvisionError, match="bucket 'orbital-swift' is served by view"
    ):
        apply(conflicted, vms)
    assert [] == rows(client, "viewpolicy")


def test_a_failure_stops_only_what_depends_on_it_and_the_rest_resumes(vms, client):
    broken = tuple(
        dataclasses.replace(r, fields={**r.fields, "bucket_owner": "nobody"})
        if (r.kind, r.name) == ("view", "orbital-swift")
        else r
        for r in DESIRED
    )
    applied = apply(plan(vms, broken), vms)

    assert ["orbital-swift"] == [f.change.name for f in applied.failed]
    assert "there is no user 'nobody'" in applied.failed[0].reason
    assert len(observatories()) == len(rows(client, "view"))
    with pytest.raises(ProvisionError, match="apply again"):
        applied.require()
    assert apply(plan(vms), vms).ok
    assert plan(vms).empty


def test_a_change_that_waits_for_a_failed_one_is_skipped_and_names_it(vms):
    broken = tuple(
        dataclasses.replace(r, fields={**r.fields, "flavor": "VANILLA"})
        if (r.kind, r.name) == ("viewpolicy", "orbital-swift")
        else r
        for r in DESIRED
    )
    applied = apply(plan(vms, broken), vms)

    skipped = {(f.change.resource, f.reason) for f in applied.skipped}
    assert {("view", "waits for viewpolicy orbital-swift")} == skipped


def test_a_run_can_be_taken_back(vms, client):
    partly = tuple(r for r in DESIRED if "swift" not in r.name)
    apply(plan(vms, partly), vms).require()
    quota = row(client, "quota", "orbital")
    client.quotas[quota["id"]].patch(hard_limit=900 * GB)
    applied = apply(plan(vms), vms)
    assert 1000 * GB == row(client, "quota", "orbital")["hard_limit"]
    back = undo(applied.done, actual(vms, DESIRED))
    apply(back, vms).require()

    assert 900 * GB == row(client, "quota", "orbital")["hard_limit"]
    remaining = {r["name"] for kind in OURS for r in rows(client, kind)}
    others = {f"orbital-{name}" for name in observatories() if name != "swift"}
    assert {"orbital", *others} == remaining


def test_the_vms_lists_the_endpoints_of_the_database(vms, settings):
    assert (settings.endpoint.removeprefix("http://"),) == vms.endpoints()


def test_tables_are_part_of_the_plan(vms):
    tables = MemoryTables()
    desired_resources = desired(observatories().values(), site())
    apply(
        plan(vms, desired_resources, tables=tables.actual()), vms, tables=tables
    ).require()

    assert set(schema.tables(observatories())) == set(tables.stored)
    assert plan(vms, desired_resources, tables=tables.actual()).empty


def test_destroy_takes_down_what_is_empty(vms, client):
    apply(plan(vms), vms)
    planned, applied = destroy(DESIRED, vms)

    assert applied.ok
    assert () == planned.retained
    assert {0} == {len(rows(client, kind)) for kind in OURS}
    assert "default" in {p["name"] for p in client.viewpolicies.get()}


def test_destroy_keeps_what_came_to_hold_data_after_the_plan(vms, s3):
    apply(plan(vms), vms)

    def write(change, state):
        if (change.resource, state) == (
            "quota",
            "doing",
        ) and change.name == "orbital-swift":
            s3.put_object(Bucket="orbital-swift", Key="raw.fits", Body=b"x" * 1000)

    _, applied = destroy(DESIRED, vms, progress=write)
    failed = [f.change.name for f in applied.failed if f.change.resource == "view"]
    assert ["orbital-swift"] == failed
    assert "--yes-delete orbital-swift" in applied.failed[0].reason

    again, _ = destroy(DESIRED, vms)
    assert "orbital-swift" in {k.name for k in again.retained}
    s3.delete_object(Bucket="orbital-swift", Key="raw.fits")


def test_a_provisioned_platform_has_healthy_quotas(vms):
    apply(plan(vms), vms)
    names = [r.name for r in DESIRED if r.kind == "quota"]
    report = health(vms, quotas=names)

    states = {check.name: check.state for check in report.checks}
    assert "ok" == states["cluster vast-standin"]
    assert {"ok"} == {states[f"quota {name} state"] for name in names}


def test_a_quota_near_its_limit_alarms(vms, client, s3):
    apply(plan(vms), vms)
    s3.put_object(Bucket="orbital-swift", Key="raw.fits", Body=b"x" * 9700)
    quota = client.quotas[row(client, "quota", "orbital-swift")["id"]]
    quota.patch(soft_limit=8000, hard_limit=10_000)
    report = health(vms, quotas=["orbital-swift"])

    states = {check.name: check.state for check in report.checks}
    assert "warn" == states["quota orbital-swift state"]
    assert "bad" == states["quota orbital-swift use"]
    assert "bad" == report.state
    s3.delete_object(Bucket="orbital-swift", Key="raw.fits")


def test_a_missing_quota_is_bad_and_not_normal(vms):
    report = health(vms, quotas=["orbital-swift"])

    assert "bad" == report.state
    assert any("does not exist: provision it" in reason for reason in report.reasons)
