"""An apply deletes what an earlier one created and no file names, except data."""

import json
from dataclasses import replace

import boto3
import polars as pl
import pytest
from memory_tables import MemoryTables

from orbital_kernel import connect, embedded
from orbital_kernel.errors import ProvisionError
from orbital_kernel.model.observatory import FOLDER, observatories, site
from orbital_kernel.storage.provision.change import Change
from orbital_kernel.storage.provision.created import ACTIONS, ACTOR, CreationLedger
from orbital_kernel.storage.provision.desired import desired
from orbital_kernel.storage.provision.provisioning import Provisioning
from orbital_kernel.storage.provision.resource import Existing, Resource
from orbital_kernel.storage.vms import Vms

OURS = (
    "protectedpaths",
    "protectionpolicies",
    "quotas",
    "views",
    "qospolicies",
    "viewpolicies",
    "vippools",
    "tenants",
)
KINDS = {"viewpolicy", "qospolicy", "view", "quota", "protectedpath"}
SITE = (FOLDER / "site.toml").read_text()
TENANT = """
[tenant]
name = "orbital-tenant"
max_views = 8
hard = "9 TB"
soft = "8 TB"
grace = "7 days"
reason = "one tenant for all observatories"
"""
POOL = """
[[vip_pools]]
name = "orbital-pool"
ip_ranges = [["127.0.0.8", "127.0.0.9"]]
subnet_cidr = 8
reason = "two addresses, one a node"
"""


def observatory_file(name):
    """Return Swift's file, renamed to another observatory."""
    text = (FOLDER / "swift.toml").read_text().replace('"swift"', f'"{name}"')
    text = text.replace("orbital-swift", f"orbital-{name}")
    return text.replace("/observatories/swift", f"/observatories/{name}")


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    folder = tmp_path_factory.mktemp("vms")
    yield embedded.ensure(folder)
    embedded.stop(folder)


class Platform:
    """A VMS of its own with one observatory's file, provisioned; a table in memory."""

    def __init__(self, settings, folder):
        self.settings, self.folder = settings, folder
        self.vms = Vms.connect(settings)
        self.tables = MemoryTables(ACTIONS)
        self.file = folder / "ixpe.toml"
        self.site = folder / "site.toml"
        self.file.write_text(observatory_file("ixpe"))
        self.site.write_text(SITE)
        self.storage.apply(self.storage.plan())

    @property
    def storage(self):
        def desired_resources(_tables):
            every = observatories(self.folder).values()
            return desired(every, site(self.site), tables=False)

        return Provisioning(self.vms, self.tables, desired_resources)

    def apply(self, **options):
        plan = self.storage.plan(**options)
        self.storage.apply(plan)
        return plan

    def row(self, resource, name):
        (match,) = [r for r in self.vms.listing(resource) if r["name"] == name]
        return match

    def named(self, text):
        rows = (row for kind in OURS for row in self.vms.listing(kind))
        return sorted(row["name"] for row in rows if text in row["name"])

    def bucket(self, name="orbital-ixpe"):
        settings = self.settings
        return boto3.resource(
            "s3",
            endpoint_url=settings.endpoint,
            aws_access_key_id=settings.access_key,
            aws_secret_access_key=settings.secret_key,
            region_name="us-east-1",
        ).Bucket(name)


@pytest.fixture
def platform(settings, tmp_path):
    yield Platform(settings, tmp_path)
    vms = Vms.connect(settings)
    for resource in OURS:
        for row in vms.listing(resource):
            if row["name"].startswith(("orbital", "/observatories")):
                vms.delete(resource, row["id"])


def actions(plan):
    return {(change.action, change.resource, change.name) for change in plan.changes}


def test_what_no_file_names_any_more_is_deleted(platform):
    platform.file.unlink()
    plan = platform.storage.plan()
    platform.storage.apply(plan)

    assert {"delete"} == {change.action for change in plan.changes}
    assert KINDS | {"protectionpolicy"} == {c.resource for c in plan.changes}
    assert {"orbital-ixpe"} == {change.name for change in plan.changes}
    assert [] == platform.named("ixpe")
    assert "orbital" in platform.named("orbital")
    assert platform.storage.plan().empty


def test_what_holds_data_is_retained_until_it_is_named(platform):
    platform.bucket().put_object(Key="raw.fits", Body=b"x" * 1000)
    platform.file.unlink()
    plan = platform.apply()
    again = platform.storage.plan()
    remaining = platform.named("ixpe")
    wrong = platform.storage.plan(yes_delete=("orbital-ixpi",))
    last = platform.apply(yes_delete=("orbital-ixpe",))

    reasons = {item.resource: item.reason for item in plan.retained}
    assert KINDS | {"protectionpolicy"} == reasons.keys()
    assert "--yes-delete orbital-ixpe" in reasons["view"]
    assert again.empty
    assert 6 == len(remaining)
    assert "nothing that would be deleted has that name" in wrong.notes[-1]
    assert {"delete"} == {change.action for change in last.changes}
    assert [] == platform.named("ixpe")


def test_what_was_adopted_is_not_pruned(platform):
    platform.file.unlink()
    platform.apply()
    policy = platform.row("viewpolicies", "default")
    platform.vms.request(
        "POST",
        "views",
        path="/observatories/ixpe",
        policy_id=policy["id"],
        create_dir=True,
    )
    platform.file.write_text(observatory_file("ixpe"))
    platform.apply()
    platform.file.unlink()
    plan = platform.storage.plan()

    assert ("delete", "view", "orbital-ixpe") not in actions(plan)
    assert "view orbital-ixpe stays and needs it" in {k.reason for k in plan.retained}


def test_another_resource_of_the_same_name_is_not_pruned(platform):
    vms = platform.vms
    other = platform.row("qospolicies", "orbital")
    view = platform.row("views", "orbital-ixpe")
    vms.patch("views", view["id"], {"qos_policy_id": other["id"]})
    vms.delete("qospolicies", platform.row("qospolicies", "orbital-ixpe")["id"])
    vms.request("POST", "qospolicies", name="orbital-ixpe")
    platform.file.unlink()
    plan = platform.apply()

    assert ("delete", "qospolicy", "orbital-ixpe") not in actions(plan)
    assert ("delete", "view", "orbital-ixpe") in actions(plan)
    assert ["orbital-ixpe"] == platform.named("ixpe")


def test_a_policy_of_a_new_name_takes_the_place_of_the_old_which_goes(platform):
    old = '[storage.qos]\nname = "orbital-ixpe"'
    platform.file.write_text(
        observatory_file("ixpe").replace(old, '[storage.qos]\nname = "orbital-ixpe-2"')
    )
    plan = platform.apply()

    assert {
        ("create", "qospolicy", "orbital-ixpe-2"),
        ("update", "view", "orbital-ixpe"),
        ("delete", "qospolicy", "orbital-ixpe"),
    } == actions(plan)
    assert platform.storage.plan().empty


def test_protection_taken_out_of_a_file_goes_and_its_view_stays(platform):
    text = observatory_file("ixpe")
    platform.file.write_text(text[: text.index("[storage.protection]")])
    plan = platform.apply()

    assert {
        ("delete", "protectedpath", "orbital-ixpe"),
        ("delete", "protectionpolicy", "orbital-ixpe"),
    } == actions(plan)
    assert platform.row("views", "orbital-ixpe")


def test_an_apply_that_died_midway_leaves_nothing_behind(platform):
    platform.file.unlink()
    platform.apply()
    platform.file.write_text(observatory_file("ixpe"))

    def die(change, state):
        if (change.resource, state) == ("quota", "doing"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        platform.storage.apply(platform.storage.plan(), progress=die)
    remaining = platform.named("ixpe")
    platform.file.unlink()
    platform.apply()

    assert ["orbital-ixpe"] * 3 == remaining
    assert [] == platform.named("ixpe")


def test_a_failed_apply_can_be_taken_back(platform):
    before = platform.named("orbital")
    broken = observatory_file("maxi").replace(
        'flavor = "S3_NATIVE"', 'flavor = "NO_SUCH"'
    )
    (platform.folder / "maxi.toml").write_text(broken)
    with pytest.raises(ProvisionError, match="changes were taken back") as failed:
        platform.storage.apply(platform.storage.plan(), rollback=True)
    (platform.folder / "maxi.toml").unlink()

    assert before == platform.named("orbital")
    assert "flavor" in str(failed.value)
    assert "remove the cause, then apply again" in str(failed.value)
    assert platform.storage.plan().empty


def test_a_vip_pool_is_created_used_extended_and_deleted(platform):
    platform.site.write_text(SITE.replace("[over_commit]", f"{POOL}\n[over_commit]", 1))
    used = '[storage.policy]\nvip_pools = ["orbital-pool"]\n'
    platform.file.write_text(
        observatory_file("ixpe").replace("[storage.policy]\n", used)
    )
    first = platform.apply()
    pool = platform.row("vippools", "orbital-pool")
    policy = platform.row("viewpolicies", "orbital-ixpe")
    platform.site.write_text(platform.site.read_text().replace("0.0.9", "0.0.10"))
    wider = platform.apply()
    platform.site.write_text(SITE)
    plan_without_pool = platform.storage.plan()
    platform.file.write_text(observatory_file("ixpe"))
    open_ = platform.row("viewpolicies", "orbital-ixpe")["id"]
    platform.vms.patch("viewpolicies", open_, {"vip_pools": []})
    last = platform.apply()

    assert {
        ("create", "vippool", "orbital-pool"),
        ("update", "viewpolicy", "orbital-ixpe"),
    } == actions(first)
    assert [pool["id"]] == policy["vip_pools"]
    assert {("update", "vippool", "orbital-pool")} == actions(wider)
    assert ("vippool", "orbital-pool") in {
        (k.resource, k.name) for k in plan_without_pool.retained
    }
    assert {("delete", "vippool", "orbital-pool")} == actions(last)


def test_addresses_that_another_pool_has_are_a_conflict(platform):
    overlapping = POOL.replace("127.0.0.8", "127.0.0.1")
    platform.site.write_text(
        SITE.replace("[over_commit]", f"{overlapping}\n[over_commit]", 1)
    )
    (conflict,) = platform.storage.plan().conflicts

    assert "overlap those of VIP pool main" in conflict.reason


def test_a_tenant_is_created_with_its_settings_and_deleted_when_empty(platform):
    platform.file.unlink()
    platform.apply()
    old = platform.storage.destroy()[1]
    lines = SITE.replace('tenant = "default"\n', "")
    platform.site.write_text(lines.replace("[over_commit]", f"{TENANT}\n[over_commit]"))
    first = platform.apply()
    tenant = platform.row("tenants", "orbital-tenant")
    view = platform.row("views", "orbital")
    platform.site.write_text(
        platform.site.read_text().replace("views = 8", "views = 9")
    )
    changed = platform.apply()
    platform.storage.destroy()

    assert old.ok
    assert ("create", "tenant", "orbital-tenant") in actions(first)
    assert (8, 9 * 10**12) == (
        tenant["max_views"],
        tenant["capacity_rules"]["hard_limit"],
    )
    assert tenant["id"] == view["tenant_id"]
    assert {("update", "tenant", "orbital-tenant")} == actions(changed)
    assert [] == platform.named("orbital")


def test_a_view_of_files_only_has_no_bucket(platform):
    text = observatory_file("ixpe").replace('bucket = "orbital-ixpe"\n', "")
    platform.file.unlink()
    platform.apply()
    platform.file.write_text(text.replace('["S3", "NFS"]', '["NFS"]'))
    platform.apply()

    view = platform.row("views", "orbital-ixpe")
    assert (["NFS"], None) == (view["protocols"], view["bucket"])
    assert platform.storage.plan().empty


def test_a_bucket_of_somebody_else_is_adopted_and_stays_theirs(platform):
    platform.file.unlink()
    platform.apply()
    vms = platform.vms
    guest = vms.request("POST", "users", name="guest", local_provider_id=1)
    policy = platform.row("viewpolicies", "default")
    vms.request(
        "POST",
        "views",
        path="/observatories/ixpe",
        policy_id=policy["id"],
        create_dir=True,
        protocols=["S3"],
        bucket="orbital-ixpe",
        bucket_owner="guest",
    )
    platform.file.write_text(observatory_file("ixpe"))
    platform.apply()
    plan = platform.storage.plan()
    view = platform.row("views", "orbital-ixpe")
    vms.delete("views", view["id"]) if platform.storage.destroy() else None

    assert plan.empty
    assert "guest" == view["bucket_owner"]
    assert "bucket_owner is guest, not standin, and stays so" in plan.notes[0]
    vms.delete("users", guest["id"])


def test_a_creation_that_took_effect_late_is_not_an_adoption():
    resource = Resource("quota", "one", "default", "/one", {})
    create = Change("create", "quota", "one", {}, {}, "", resource)
    existing = Existing("quota", "one", "default", "/one", 7, {})
    adopted = replace(create, action="update", existing=existing)
    tables = MemoryTables(ACTIONS)
    CreationLedger(tables, writable=True).begin([create])
    for _ in range(2):
        again = CreationLedger(tables, writable=True)
        again.begin([create])
        again.note(adopted)
        again.settle()

    assert ["one"] == [item.name for item in again.created()]
    late = MemoryTables(ACTIONS)
    only = CreationLedger(late, writable=True)
    only.begin([create])
    only.note(adopted)
    only.settle()
    assert () == only.created()


def test_a_creation_of_a_killed_run_is_known_without_its_id():
    resource = Resource("quota", "one", "default", "/one", {})
    create = Change("create", "quota", "one", {}, {}, "", resource)
    ledger = CreationLedger(MemoryTables(ACTIONS), writable=True)
    ledger.begin([create])
    ledger.note(
        replace(create, existing=Existing("quota", "one", "default", "/one", 7, {}))
    )
    ledger.settle()
    first = ledger.created()
    ledger.begin([create])

    assert [7] == [item.id for item in first]
    assert [None] == [item.id for item in ledger.created()]


def test_the_ledger_lists_what_was_created(platform):
    created = CreationLedger(platform.tables, writable=True).created()
    rows = platform.tables.stored[ACTIONS]

    assert {"orbital-ixpe", "orbital"} == {item.name for item in created}
    assert all(item.id for item in created)
    assert {ACTOR} == {row["actor"] for row in rows}
    assert {"create intended", "created"} == {row["action"] for row in rows}


def test_empty_tables_of_a_removed_observatory_are_dropped(
    tmp_path_factory, monkeypatch
):
    home = tmp_path_factory.mktemp("tables")
    folder = tmp_path_factory.mktemp("observatories")
    monkeypatch.setenv("ORBITAL_OBSERVATORIES", str(folder))
    (folder / "ixpe.toml").write_text(observatory_file("ixpe"))
    connect(home).storage.apply()
    rows = pl.DataFrame({"source_id": ["one"]}).to_arrow()
    connect(home).store.insert("ixpe.sources", rows)
    (folder / "ixpe.toml").unlink()
    session = connect(home)
    plan = session.storage.plan()
    session.storage.apply(plan)
    remaining = {name for name in session.store.actual() if name.startswith("ixpe.")}
    named = connect(home).storage.plan(yes_delete=("ixpe.sources",))
    connect(home).storage.apply(named)
    tables = connect(home).store.actual()
    embedded.stop(home)

    assert ("delete", "table", "ixpe.rates") in actions(plan)
    assert ("delete", "view", "orbital-ixpe") in actions(plan)
    assert "swift" not in json.dumps(plan.to_json()["changes"])
    assert {"ixpe.sources"} == remaining
    assert {("delete", "table", "ixpe.sources")} == actions(named)
    assert "ixpe.sources" not in tables
