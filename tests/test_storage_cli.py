"""health, quotas, cost and rollout from the shell: exit codes, JSON, metrics, watching."""

import json
import os
import subprocess
import sys

import pytest

from orbital_kernel import embedded
from orbital_kernel.model.observatory import observatories


def run(*arguments, home):
    environment = {
        k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "VMS_"))
    }
    command = [sys.executable, "-m", "orbital_kernel", *map(str, arguments)]
    return subprocess.run(
        command,
        env={**environment, "ORBITAL_HOME": str(home), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )


@pytest.fixture
def bare(tmp_path):
    """Return the folder of a platform nothing was provisioned on."""
    embedded.ensure(tmp_path)
    yield tmp_path
    embedded.stop(tmp_path)


def test_health_is_one_state_and_its_exit_code(home, orbital, tmp_path):
    metrics = tmp_path / "orbital.prom"
    result = run("health", "--json", "--prometheus", metrics, home=home)
    health = json.loads(result.stdout)

    exits = {"ok": 0, "warn": 0, "bad": 1, "unknown": 3}
    assert exits[health["state"]] == result.returncode, result.stderr
    assert f'orbital_health{{state="{health["state"]}"}} 1' in metrics.read_text()
    assert "cluster vast-standin" in {check["name"] for check in health["checks"]}
    assert [metrics] == list(tmp_path.iterdir())


def test_missing_quotas_are_bad_and_reported_once_while_watching(bare):
    result = run("health", "--json", "--watch", "0.6", "--looks", "4", home=bare)
    looks = [json.loads(line) for line in result.stdout.splitlines()]

    alerts = [[alert["name"] for alert in look["alerts"]] for look in looks]
    quotas = ["quota orbital", *(f"quota orbital-{name}" for name in observatories())]
    assert 1 == result.returncode, result.stderr
    assert ["bad"] * 4 == [look["state"] for look in looks]
    assert [[], quotas, [], []] == [
        [name for name in names if name.startswith("quota")] for names in alerts
    ]


def test_metrics_that_cannot_be_written_are_one_sentence(home, orbital, tmp_path):
    result = run("health", "--prometheus", tmp_path / "no" / "file.prom", home=home)

    assert 1 == result.returncode
    assert result.stderr.startswith("orbital: the metrics cannot be written to")
    assert "Traceback" not in result.stderr


def test_quotas_are_shown_with_forecast_and_decision(home, orbital):
    dry = json.loads(run("quotas", "--dry-run", "--json", home=home).stdout)
    done = run("quotas", "--watch", "0.1", "--looks", "2", home=home)
    unknown = run("quotas", "--approve", "nope", "1 TB", home=home)

    assert dry["dry_run"]
    assert {"orbital", *(f"orbital-{name}" for name in observatories())} == {
        row["quota"] for row in dry["quotas"]
    }
    assert {"keep"} == {row["action"] for row in dry["quotas"]}
    assert 2 == done.stdout.count("orbital-chandra"), done.stdout + done.stderr
    assert 1 == unknown.returncode
    assert "there is no quota nope to approve" in unknown.stderr


def test_cost_shows_bills_and_one_more_observatory(home, stocked):
    cost = json.loads(run("cost", "--json", home=home).stdout)
    guest = json.loads(
        run("cost", "--what-if", "nicer", "swift", "2", "--json", home=home).stdout
    )
    wrong = run("cost", "--what-if", "nicer", "hubble", "2", home=home)

    bills = {bill["owner"]: bill for bill in cost["bills"]}
    assert {*observatories(), "shared"} == bills.keys()
    assert all(bills[n]["total_a_month"] > 0 for n in ("swift", "chandra", "shared"))
    assert "third" == cost["what_if"]["name"]
    assert cost["to_come"] == [] or cost["to_come"][0]["likely_a_month"] >= 0
    swift = next(bill for bill in guest["bills"] if bill["owner"] == "swift")
    assert 2 * swift["total_a_month"] == guest["what_if"]["more_a_month"]
    assert 1 == wrong.returncode
    assert "there is no observatory 'hubble' to compare with" in wrong.stderr


def test_rollout_shows_what_is_missing_and_refuses_to_go_live(home, orbital, tmp_path):
    strict = tmp_path / "requirements.toml"
    strict.write_text(
        'days = 7\nleast_queries = 1000000\ndefault_p99_ms = 1.0\nreason = "never"\n'
        "[p99_ms]\ncone = 1.0\n"
    )
    result = run("rollout", "status", "--requirements", strict, "--json", home=home)
    refused = run(
        "rollout", "go-live", "swift", "--yes", "--requirements", strict, home=home
    )
    table = run("rollout", "status", "swift", home=home)

    rollouts = json.loads(result.stdout)["observatories"]
    assert list(observatories()) == [row["observatory"] for row in rollouts]
    for row in rollouts:
        done = {stage["name"]: stage["done"] for stage in row["stages"]}
        assert (True, True) == (done["storage"], done["tables"])
        assert (False, False) == (done["queries"], done["live"])
    assert 1 == refused.returncode
    assert "swift cannot go live yet" in refused.stderr
    assert "at least 1000000 are needed" in refused.stderr
    assert "swift: staged" in table.stdout
