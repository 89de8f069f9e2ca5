"""The dashboard over our metrics: a real Prometheus answers every expression of it."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
import yaml

FOLDER = Path(__file__).resolve().parent.parent / "deploy" / "prometheus"
sys.path.insert(0, str(FOLDER))
import dashboard  # noqa: E402 - a script of the checkout

EXPRESSIONS = [
    target["expr"]
    for panel in json.loads(dashboard.FILE.read_text())["panels"]
    for target in panel["targets"]
]
ANSWER_S = 60


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


@pytest.fixture(scope="module")
def binary():
    """Return the Prometheus of this machine."""
    path = shutil.which("prometheus")
    if path is None:
        pytest.skip("no Prometheus: install it (Debian: apt-get install prometheus)")
    return path


@pytest.fixture(scope="module")
def exporter(stocked):
    """Run `orbital health --listen` on the platform of the sample sky; return its port."""
    stocked.cone("swift.sources", ra=0.8, dec=-0.5, radius_arcmin=5)
    stocked.flush()
    port = free_port()
    command = [sys.executable, "-m", "orbital_kernel", "health"]
    process = subprocess.Popen(
        [*command, "--watch", "1", "--listen", str(port)],
        env={**os.environ, "ORBITAL_HOME": str(stocked.home)},
        stdout=subprocess.DEVNULL,
    )
    yield port
    process.terminate()
    process.wait()


@pytest.fixture(scope="module")
def prometheus(binary, exporter, stocked, tmp_path_factory):
    """Run Prometheus with our scrape configuration; return its address."""
    folder = tmp_path_factory.mktemp("prometheus")
    settings = stocked.settings
    (folder / "vms-password").write_text(settings.vms_password)
    shutil.copy(settings.vms_cert_file, folder / "vms-ca.pem")
    config = yaml.safe_load((FOLDER / "prometheus.yml").read_text())
    config["global"]["scrape_interval"] = "1s"
    ours, vast = config["scrape_configs"]
    ours["static_configs"] = [{"targets": [f"127.0.0.1:{exporter}"]}]
    vast["static_configs"] = [{"targets": [settings.vms_address]}]
    vast["basic_auth"]["username"] = settings.vms_user
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    port = free_port()
    log = (folder / "log").open("wb")
    process = subprocess.Popen(
        [
            binary,
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
        ],
        stdout=log,
        stderr=log,
    )
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.wait()
    log.close()


def series(address, expression):
    """Return the series of an expression; none while Prometheus does not answer yet."""
    query = urllib.parse.urlencode({"query": expression})
    try:
        with urllib.request.urlopen(f"{address}/api/v1/query?{query}") as reply:
            return json.load(reply)["data"]["result"]
    except OSError:
        return []


def test_prometheus_answers_every_expression_of_the_dashboard(prometheus):
    deadline = time.monotonic() + ANSWER_S
    silent = EXPRESSIONS
    while silent and time.monotonic() < deadline:
        silent = [text for text in silent if not series(prometheus, text)]
        time.sleep(0.2)

    assert [] == silent
    assert 2 == sum(int(s["value"][1]) for s in series(prometheus, "up"))


def test_the_dashboard_is_the_one_that_its_script_writes():
    assert dashboard.text() == dashboard.FILE.read_text()


def test_every_panel_has_its_place_and_a_unit():
    panels = dashboard.dashboard()["panels"]
    places = {(p["gridPos"]["x"], p["gridPos"]["y"]) for p in panels}

    assert len(panels) == len(places)
    assert all(p["fieldConfig"]["defaults"]["unit"] for p in panels)
