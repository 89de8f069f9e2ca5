"""Rows over an image survey: an extra, whose error names it, and nothing of text is run."""

import sys

import pytest
from orbital_widgets import Explorer, aladin
from sky_in_memory import CRAB, fetch

from orbital_kernel.errors import ConfigError, QueryError


@pytest.fixture
def explorer():
    explorer = Explorer(fetch, ra=CRAB[0], dec=CRAB[1], radius_arcmin=30).wait()
    yield explorer
    explorer.close()


def test_without_the_extra_the_error_names_it(explorer, monkeypatch):
    monkeypatch.setitem(sys.modules, "ipyaladin", None)

    with pytest.raises(ConfigError, match=r"pip install 'orbital\[aladin\]'"):
        aladin(explorer)


def test_rows_are_a_catalogue_per_observatory_over_the_field_of_the_cone(explorer):
    pytest.importorskip("ipyaladin")
    shown = aladin(explorer, survey="CDS/P/DSS2/red")
    names = shown._overlay_manager["swift"]["table"]["name"]

    assert {"swift", "chandra"} == set(shown.overlays)
    assert pytest.approx(CRAB) == (shown.target.ra.deg, shown.target.dec.deg)
    assert pytest.approx(1.25) == shown.fov.deg
    assert not any("<" in name for name in names)
    shown.close()


def test_rows_without_a_position_are_refused_in_words():
    pytest.importorskip("ipyaladin")
    explorer = Explorer(fetch, table="rates").wait()
    explorer.close()

    with pytest.raises(QueryError, match="no row has a position"):
        aladin(explorer)
