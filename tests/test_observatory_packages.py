"""An installed package brings an observatory along: a distribution, its entry point, a store."""

import os
import subprocess
import sys

import pytest
from added_observatory import READER, fill

from orbital_kernel import config, connect, embedded
from orbital_kernel.commands.observatory_kit import scaffold

METADATA = "Metadata-Version: 2.1\nName: nova-for-orbital\nVersion: 1.0\n"
ENTRY = f"[{config.OBSERVATORIES_GROUP}]\nnova = nova_sky\n"


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Return a folder with an installed distribution in it, as pip would leave it."""
    site = tmp_path / "site"
    package, about = site / "nova_sky", site / "nova_for_orbital-1.0.dist-info"
    package.mkdir(parents=True)
    about.mkdir()
    monkeypatch.setenv(config.OBSERVATORIES_VARIABLE, str(package))
    fill(scaffold("nova"))
    monkeypatch.delenv(config.OBSERVATORIES_VARIABLE)
    (package / "__init__.py").touch()
    (package / "nova_counts.py").write_text(READER)
    (about / "METADATA").write_text(METADATA)
    (about / "entry_points.txt").write_text(ENTRY)
    names = sorted(p.relative_to(site) for p in site.rglob("*") if p.is_file())
    (about / "RECORD").write_text("".join(f"{name},,\n" for name in names))
    return site


@pytest.fixture
def older(tmp_path):
    """Return the folder of a platform provisioned before the package was installed."""
    session = connect(tmp_path / "home")
    session.storage.apply()
    yield session
    embedded.stop(session.home)


def orbital(home, site, *words):
    """Run the command with the distribution on the path; return what it printed."""
    environment = config.without_vendor_variables(os.environ)
    done = subprocess.run(
        [sys.executable, "-m", "orbital_kernel", *words],
        env=environment | {"ORBITAL_HOME": str(home), "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_a_store_made_before_the_package_gets_its_observatory_at_the_next_provision(
    installed, older, tmp_path
):
    counts = tmp_path / "a.txt"
    counts.write_text("#nova counts\n0.5 3\n1.5 4\n")
    assert "nova.rates" not in older.tables()

    before = orbital(older.home, installed, "ingest", str(counts))
    applied = orbital(older.home, installed, "provision", "apply", "--yes")
    after = orbital(older.home, installed, "ingest", str(counts))

    assert before[0] == 1, before
    assert "orbital provision apply" in " ".join(before[1].split())
    assert applied[0] == 0, applied
    assert after[0] == 0, after
    assert older.store.rows("nova.rates") == 2


def test_an_entry_point_to_a_missing_package_names_the_distribution(
    installed, tmp_path
):
    about = installed / "nova_for_orbital-1.0.dist-info" / "entry_points.txt"
    about.write_text(ENTRY.replace("nova_sky", "nowhere_at_all"))

    code, output = orbital(tmp_path, installed, "observatory", "check", "swift")

    assert code == 1
    assert "nova-for-orbital declares observatory files" in " ".join(output.split())
