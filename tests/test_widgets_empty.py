"""An answer without rows says why there are none, and what is near."""

import pytest
from orbital_widgets import Explorer, LightCurveExplorer
from orbital_widgets.views._status import status_html


@pytest.fixture
def said(stocked):
    """Return what an explorer says about a selection."""

    def say(**parameters):
        explorer = Explorer(stocked, **parameters).wait()
        text = status_html(explorer.results, "")
        explorer.close()
        return text

    return say


@pytest.fixture(scope="module")
def source(stocked):
    """Return the place of a Chandra source, deg."""
    return stocked.table("chandra.sources", ["ra", "dec"]).row(0)


def beside(source, arcmin):
    return {"ra": source[0], "dec": source[1] + arcmin / 60, "radius_arcmin": 0.001}


def test_an_empty_cone_says_how_far_the_nearest_row_is(said, source):
    text = said(observatories=("chandra",), **beside(source, 0.05))

    assert "No row of chandra.sources is within 0.001" in text
    assert "The nearest row, of chandra.sources, is 0.05" in text


def test_a_limit_beside_the_cone_is_named_and_the_row_without_it(said, source):
    near = {"ra": source[0], "dec": source[1], "radius_arcmin": 1.0}
    text = said(observatories=("chandra",), ranges={"flux": (1e9, None)}, **near)

    assert "and of flux from 1e+09." in text
    assert "Without the other limits, a row of chandra.sources is 0" in text


def test_nothing_within_64_radii_is_said_too(said, source):
    text = said(observatories=("chandra",), **beside(source, 1.0))

    assert "No row is within 0.064" in text


def test_limits_on_the_whole_sky_can_be_cleared(said):
    text = said(observatories=("chandra",), ranges={"flux": (1e9, 1e10)})

    assert "is of flux from 1e+09 to 1e+10. Clear one of these, or widen it." in text


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"start": "2020-01-01"}, "chandra.sources holds no times"),
        (
            {"table": "photometry", "start": "2020-01-02", "stop": "2019-01-01"},
            "the time range starts 2020-01-02, after its end 2019-01-01",
        ),
        ({"object": "NGC 1068"}, "no position of &#x27;NGC 1068&#x27; is known"),
        ({"object": "SIM AGN 99"}, "names that begin alike: SIM AGN 1"),
        ({"object": "<script>hacked()</script>"}, "&lt;script&gt;"),
    ],
)
def test_what_cannot_be_answered_is_a_sentence(said, parameters, words):
    assert words in said(observatories=("chandra",), **parameters)


def test_a_unit_that_no_point_has_is_not_a_misspelt_name(stocked):
    explorer = LightCurveExplorer(stocked, "SIM AGN 1", unit="mag").wait()
    text = explorer._status.value
    explorer.close()

    assert "is neither an energy flux, a photon flux" in text
    assert "begin alike" not in text
