"""An apply deletes what an earlier one created and no file names, except data."""

import json

import polars as pl
import pytest
from observatory_platform import (
    KINDS,
    Platform,
    actions,
    observatory_file,
)

from orbital_kernel import connect, embedded
from orbital_kernel.errors import ProvisionError
from orbital_kernel.storage.provision.created import ACTIONS, ACTOR, CreationLedger


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
