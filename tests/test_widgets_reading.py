"""What widgets show is read as it is meant: blanks, code in sentences, tables, buttons."""

from datetime import datetime

import polars as pl
import pytest
from orbital_widgets import Explorer, burst_html
from orbital_widgets.burst_look import BurstLook
from orbital_widgets.frame_html import frame_html
from orbital_widgets.paint import with_code
from sky_in_memory import fetch, resolve

EXCURSION = {
    "burst_id": "a",
    "time": datetime(2016, 4, 7, 6, 45, 58),  # noqa: DTZ001 - TT
    "cause": "saa",
    "significance": None,
    "timescale_s": None,
    "series": "sw1",
    "evidence": "rate climbs smoothly",
    "catalogue_burst": None,
    "payload": None,
}


@pytest.fixture
def explorer():
    explorer = Explorer(fetch, resolve)
    assert explorer.widget is not None
    explorer.wait()
    yield explorer
    explorer.close()


def buttons(explorer):
    """Return [Earlier selection] and [Later selection]."""
    stack, found = [explorer.widget], {}
    while stack:
        part = stack.pop()
        stack += getattr(part, "children", ())
        found[getattr(part, "description", "")] = part
    return found["Earlier selection"], found["Later selection"]


def test_an_excursion_without_significance_is_not_one_of_zero(monkeypatch):
    monkeypatch.setattr(burst_html, "coincidences", lambda row: "")
    answer = BurstLook(pl.DataFrame([EXCURSION]), {})
    line = burst_html.label(EXCURSION, answer)

    assert "  " not in line
    assert "sigma" not in line
    assert ">0.0<" not in burst_html.listing(answer)
    assert ">0<" not in burst_html.listing(answer)


def test_what_is_between_backticks_is_code_and_the_rest_is_text():
    assert "&lt;b&gt; <code>orbital up</code> &amp; more" == with_code(
        "<b> `orbital up` & more"
    )
    assert "one ` is a letter" == with_code("one ` is a letter")


def test_a_table_of_values_keeps_each_on_one_line_and_says_yes_or_no():
    html = frame_html(pl.DataFrame({"unit": ["erg / (cm2 s)"], "is_limit": [False]}))

    assert "white-space:nowrap" in html
    assert ">no<" in html
    assert "False" not in html


def test_history_is_offered_only_where_there_is_one(explorer):
    earlier, later = buttons(explorer)
    assert (True, True) == (earlier.disabled, later.disabled)

    explorer.selection.limit = 7
    explorer.wait()
    assert (False, True) == (earlier.disabled, later.disabled)

    earlier.click()
    explorer.wait()
    assert (True, False) == (earlier.disabled, later.disabled)
    assert 1000 == explorer.selection.limit


def test_a_refused_range_is_forgotten_with_the_table_that_has_it(explorer):
    ranges = next(
        p for p in explorer.widget.children if "orbital-ranges" in p._dom_classes
    )
    fields, problem = ranges.children
    fields.children[0].value = "big"
    assert "is written as 5 to 100" in problem.value

    explorer.selection.table = "photometry"
    explorer.wait()
    assert "" == problem.value
