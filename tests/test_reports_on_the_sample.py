"""Each report of the folder runs on the sample sky, in a page of at most 3 MB."""

import pytest
from bs4 import BeautifulSoup

from orbital_kernel import reports
from orbital_kernel.errors import ReportError
from orbital_kernel.reports import subjects

LARGEST_BYTES = 3_000_000


@pytest.mark.parametrize(
    ("name", "parameters", "words"),
    [
        ("burst", {"start": "2026-01-15T00:00:00", "days": 0.5}, "Position: RA"),
        ("source", {"object": "SIM GRB 120102S"}, "SIM GRB 120102S (simulated)"),
        ("joint", {}, "pairs of pointings"),
        ("storage", {}, "orbital-swift"),
        ("quality", {}, "holds simulated rows"),
    ],
)
def test_a_report_of_the_sample_sky(
    stocked, tmp_path, monkeypatch, name, parameters, words
):
    monkeypatch.setenv("ORBITAL_HOME", str(stocked.home))
    page = reports.run(reports.find(name), tmp_path, parameters)
    text = BeautifulSoup(page.read_text(), "html.parser").main.text

    assert words in text
    assert "SIMULATED" in text
    assert page.stat().st_size <= LARGEST_BYTES


def test_a_burst_that_is_not_stored_is_answered_with_those_that_are(stocked):
    with pytest.raises(ReportError, match="no burst 'GRB 000000Z'; it has"):
        subjects.burst_of(stocked, "GRB 000000Z")
