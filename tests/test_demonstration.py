"""The demonstration's page: each success criterion with a measured number."""

import json
import os
import re
import shutil
from datetime import UTC, datetime, timedelta

import pytest
from bs4 import BeautifulSoup

from orbital_kernel import reports
from orbital_kernel.errors import ReportError
from orbital_kernel.reports.criteria import KEYS
from orbital_kernel.reports.demonstration import demonstrate
from orbital_kernel.reports.pdf import BROWSERS
from orbital_kernel.reports.steps import operator_steps

FIELDS = {
    *("key", "asked", "achieved", "value", "unit", "measured_utc", "command"),
    *("source", "simulated"),
}


@pytest.fixture(scope="module")
def folder(stocked, home, tmp_path_factory):
    out = tmp_path_factory.mktemp("demonstration")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ORBITAL_HOME", str(home))
        reports.run(reports.find("demonstration"), out)
    return out


@pytest.fixture(scope="module")
def criteria(folder):
    return json.loads((folder / "demonstration.json").read_text())["criteria"]


def test_each_criterion_has_a_number_with_its_unit_and_origin(criteria):
    assert tuple(c["key"] for c in criteria) == KEYS
    for criterion in criteria:
        assert set(criterion) == FIELDS
        assert criterion["value"] > 0
        measured = datetime.fromisoformat(criterion["measured_utc"])
        assert datetime.now(UTC) - measured < timedelta(hours=1)


def test_the_page_shows_each_value_its_command_and_what_is_simulated(folder, criteria):
    page = BeautifulSoup((folder / "demonstration.html").read_text(), "html.parser")
    text = re.sub(r"\s+", " ", page.get_text())
    for criterion in criteria:
        marked = " (" + criterion["source"]
        marked += ", simulated rows)" if criterion["simulated"] else ")"
        assert f"{criterion['value']:,} {criterion['unit']}{marked}" in text
        assert criterion["achieved"] in text
        assert criterion["command"] in text


def test_what_is_modelled_says_so(criteria):
    sources = {c["key"]: c["source"] for c in criteria}
    assert {k for k, v in sources.items() if v == "modelled"} == {"exabyte", "cost"}


def test_a_database_without_sources_has_nothing_to_show(real):
    with pytest.raises(ReportError, match="ingest files first"):
        demonstrate(real)


@pytest.mark.skipif(
    os.environ.get("CI") != "true" and not any(map(shutil.which, BROWSERS)),
    reason="no browser: install Chromium (Debian: apt-get install chromium)",
)
def test_the_page_prints_on_one_sheet(folder):
    printed = reports.write_pdf(folder / "demonstration.html").read_bytes()

    assert printed.startswith(b"%PDF-")
    assert 1 == len(re.findall(rb"/Type\s*/Page\b", printed))


def test_without_a_browser_the_pdf_names_what_to_install(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(ReportError, match="install Chromium"):
        reports.write_pdf(folder / "demonstration.html")


def test_the_operators_changes_by_hand_are_those_of_the_plan(stocked):
    provision, growth, another = operator_steps(stocked).tasks
    desired = stocked.storage.desired()

    assert len(desired) == provision.by_hand
    assert sum(r.kind == "quota" for r in desired) == growth.by_hand
    assert len([r for r in desired if "swift" in r.name]) == another.by_hand
