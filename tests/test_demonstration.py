"""The demonstration's page: each success criterion with a measured number."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from bs4 import BeautifulSoup

from orbital_kernel import reports
from orbital_kernel.errors import ReportError
from orbital_kernel.reports.criteria import KEYS
from orbital_kernel.reports.demonstration import demonstrate

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
