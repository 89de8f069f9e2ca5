"""VIP pools, tenants and buckets of a site are created, adopted and deleted."""

import pytest
from observatory_platform import POOL, SITE, TENANT, Platform, actions, observatory_file

from orbital_kernel import embedded


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    folder = tmp_path_factory.mktemp("vms")
    yield embedded.ensure(folder)
    embedded.stop(folder)


@pytest.fixture
def platform(settings, tmp_path):
    platform = Platform(settings, tmp_path)
    yield platform
    platform.clear()


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
