"""The session's storage on a platform of its own: plan, watch, cost and rollout together."""

import time

import pytest

from orbital_kernel import connect, embedded
from orbital_kernel.errors import ConfigError, ProvisionError, StoreError
from orbital_kernel.model.observatory import observatories
from orbital_kernel.storage.growth.automation import quota_state
from orbital_kernel.storage.growth.growth import Decision
from orbital_kernel.storage.ledger import EXPANDED, Ledger
from orbital_kernel.storage.rollout.requirements import requirements

GB = 10**9
PATH = "/observatories/swift"
QUICK = """
days = 7
least_queries = 2
default_p99_ms = 60000.0
reason = "this machine is shared"

[p99_ms]
cone = 60000.0
"""


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """Return a session on a platform without provisioned storage."""
    folder = tmp_path_factory.mktemp("session")
    yield connect(folder)
    embedded.stop(folder)


@pytest.fixture(scope="module")
def provisioned(fresh):
    """Return the provisioned session, and the plan before it."""
    plan = fresh.storage.plan()
    fresh.storage.apply(plan)
    return fresh, plan


@pytest.fixture
def session(provisioned):
    return provisioned[0]


@pytest.fixture
def budgets(tmp_path):
    path = tmp_path / "requirements.toml"
    path.write_text(QUICK)
    return path


def quota(session, path=PATH):
    rows = session.storage._vms.listing("quotas", paged=True)
    (row,) = [row for row in rows if row["path"] == path]
    return row


def test_a_new_platform_is_planned_completely_and_then_as_planned(provisioned):
    session, before = provisioned

    assert {"create"} == {change.action for change in before.changes}
    assert "ops.actions" in {change.name for change in before.changes}
    assert session.storage.plan().empty


def test_the_owner_of_the_access_key_owns_the_buckets(provisioned):
    session, before = provisioned
    owner = session.storage._vms.owner_of(session.settings.access_key)

    owners = {c.after["bucket_owner"] for c in before.changes if c.resource == "view"}

    assert {owner} == owners
    assert owner == session.storage.site.bucket_owner


def test_a_limit_automation_raised_stays_raised_by_the_next_apply(session):
    row = quota(session)
    higher = {"soft_limit": 480 * GB, "hard_limit": 600 * GB}
    session.storage._vms.patch("quotas", row["id"], higher)
    drifted = session.storage.plan()
    decision = Decision(PATH, "expand", 480 * GB, 600 * GB, "more data", {})
    Ledger(session.store).act(EXPANDED, quota_state(row), decision, at_s=time.time())

    session.storage.apply()

    assert ["orbital-swift"] == [change.name for change in drifted.changes]
    assert session.storage.plan().empty
    assert 600 * GB == quota(session)["hard_limit"]


def test_a_quota_step_samples_every_quota_and_a_dry_run_none(session):
    count = session.store.rows("ops.storage")
    dry = session.storage.quotas(dry_run=True)
    between = session.store.rows("ops.storage")
    done = session.storage.quotas()

    assert {"keep"} == {decision.action for decision in (*dry, *done)}
    assert set(session.storage.quota_names()) == {decision.path for decision in done}
    assert count == between
    assert count + 1 + len(observatories()) == session.store.rows("ops.storage")


def test_approving_a_quota_nobody_has_is_refused(session):
    with pytest.raises(ConfigError, match="there is no quota nope to approve"):
        session.storage.quotas(approved={"nope": GB})


def test_health_includes_service_and_hardware(session):
    checks = {check.name: check for check in session.storage.health().checks}

    assert "absent" == checks["ingest"].state
    assert "ok" == checks["cluster vast-standin"].state
    assert "absent" == checks["queries"].state


def test_a_feed_that_never_sent_is_unknown_and_so_is_the_platform(session):
    health = session.storage.health(feeds=("swift",))
    check = next(c for c in health.checks if c.name == "ingest swift")

    assert "unknown" == check.state
    assert "ok" != health.state
    assert any("ingest swift unknown" in reason for reason in health.reasons)
    with pytest.raises(ConfigError, match="there is no observatory 'hubble'"):
        session.storage.health(feeds=("hubble",))


def test_going_live_is_refused_with_all_that_is_missing(session, budgets):
    with pytest.raises(ProvisionError) as refused:
        session.storage.go_live("chandra", required=budgets)

    assert "data: no file was ingested: orbital ingest PATH" in str(refused.value)
    assert "queries: 0 cone queries within 7 days" in str(refused.value)
    assert [] == [s for s in session.storage.rollout() if s.live]


def test_an_observatory_goes_live_once_with_its_evidence_kept(session, sample, budgets):
    session.ingest(sample.archive)
    for _ in range(3):
        session.cone("swift.sources", ra=83.6, dec=22.0, radius_arcmin=5)
    session.flush()

    live = session.storage.go_live("swift", required=budgets)
    row = next(
        row
        for row in session.table("ops.actions").to_dicts()
        if row["action"] == "declared live"
    )

    assert live.live
    assert [True] * 5 == [stage.done for stage in live.stages]
    assert "observatory swift" == row["resource"]
    assert '"p99_ms"' in row["evidence"]
    with pytest.raises(ProvisionError, match="swift is live already"):
        session.storage.go_live("swift", required=budgets)


def test_lost_rows_are_missing_data(session, sample, budgets):
    session.ingest(sample.archive)
    with session.store.transaction() as tx:
        lost = tx.delete("chandra.observations", [])
    (rollout,) = session.storage.rollout("chandra", required=budgets)

    data = next(stage for stage in rollout.stages if stage.name == "data")
    assert lost > 0
    assert f"chandra.observations holds 0 rows, the ledger counted {lost:,}" in str(
        data.missing
    )


def test_bytes_of_tables_are_billed_to_their_observatory(session, sample):
    session.ingest(sample.archive)
    uses = session.storage.uses(session.storage.queries(days=30))

    assert {*observatories(), "shared"} == uses.keys()
    assert all(uses[n].stored_bytes > 0 for n in ("swift", "chandra", "shared"))
    assert uses["swift"].node_seconds_a_month > 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (QUICK.replace("days = 7\n", ""), "days"),
        (QUICK.replace("cone = 60000.0", "cone = 0"), "cone must be milliseconds"),
        (QUICK + "[more]\n", "more"),
        ("days =", "cannot be read"),
    ],
)
def test_a_bad_requirements_file_is_refused_by_name(tmp_path, text, words):
    path = tmp_path / "requirements.toml"
    path.write_text(text)

    with pytest.raises(ConfigError, match=rf"requirements.toml.*{words}"):
        requirements(path)


def test_rows_count_for_the_observatory_of_their_table(session, archive, budgets):
    """A paper's table of Swift's points may have some of Chandra's."""
    papers = connect(session.home, database="papers")
    papers.storage.apply()
    table = archive / "joint/SN2010jl/Chandra2015_tab5.txt"
    papers.ingest(table, archive / "joint/GW170817/GRB170817A_chandra_flux.csv")
    stages = [
        stage
        for name in ("swift", "chandra")
        for rollout in papers.storage.rollout(name, required=budgets)
        for stage in rollout.stages
        if stage.name == "data"
    ]

    assert [(), ()] == [stage.missing for stage in stages]
    rows = {"ledger": 12, "stored": 12}
    assert rows == stages[1].evidence["rows"]["chandra.photometry"]


def test_a_table_of_a_database_without_a_view_is_refused_with_what_to_do(session):
    nowhere = connect(session.home, database="nowhere")

    with pytest.raises(StoreError, match=r"'nowhere' does not exist.*provision apply"):
        nowhere.store.create("swift.rates")
