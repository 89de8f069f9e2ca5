"""Selection: values it refuses, its queries, and the equivalent code."""

import numpy as np
import pytest
from orbital_widgets import Selection
from orbital_widgets.outline import outline
from traitlets import TraitError

from orbital_kernel import Cone, Query, TimeSpan
from orbital_kernel.errors import QueryError
from orbital_kernel.model.observatory import observatories
from orbital_kernel.model.sky import separation_deg

REFUSED = [
    ("ra", 360.1, "0 to 360 deg"),
    ("ra", float("nan"), "0 to 360 deg"),
    ("dec", -90.5, "-90 to 90 deg"),
    ("dec", "22", "-90 to 90 deg"),
    ("radius_arcmin", 0, "10800 arcmin"),
    ("start", "27/04/2013", "not a date and time"),
    ("stop", 56409.3, "UTC as text"),
    ("bands", "hard", "tuple of names"),
    ("limit", 0, "should not be less than 1"),
    ("table", "spectra", "sources"),
]


@pytest.mark.parametrize(("name", "value", "words"), REFUSED)
def test_values_that_mean_nothing_are_refused_in_words(name, value, words):
    selection = Selection()
    before = getattr(selection, name)

    with pytest.raises(TraitError, match=words):
        setattr(selection, name, value)

    assert before == getattr(selection, name)


def test_an_unknown_keyword_is_a_type_error():
    with pytest.raises(TypeError, match="raduis_arcmin"):
        Selection(raduis_arcmin=3)


def test_a_new_selection_asks_every_observatory_for_the_whole_sky():
    selection = Selection()

    assert tuple(f"{name}.sources" for name in sorted(observatories())) == tuple(
        query.table for query in selection.queries()
    )
    assert {None} == {query.cone for query in selection.queries()}


def test_every_part_reaches_the_query():
    selection = Selection(
        table="photometry",
        observatories=("swift",),
        ra=173.1367,
        dec=27.6989,
        radius_arcmin=2,
        start="2013-04-27T07:47",
        stop="2013-05-01",
        bands=("0.3-10",),
        instruments=("XRT",),
        limit=50,
    )

    assert Query(
        "swift.photometry",
        cone=Cone(173.1367, 27.6989, 2.0),
        time=TimeSpan("2013-04-27T07:47", "2013-05-01"),
        sets={"band": ("0.3-10",), "instrument": ("XRT",)},
        limit=50,
    ) == selection.query("swift")


CONTRADICTIONS = [
    ({"observatories": ()}, "choose an observatory: chandra"),
    ({"observatories": ("hubble",)}, "unknown observatory hubble"),
    ({"ra": 10.0}, "needs RA, Dec and a radius"),
    ({"table": "rates", "ra": 1.0, "dec": 2.0}, "holds no positions"),
    ({"table": "sources", "instruments": ("XRT",)}, "no column instrument"),
    ({"start": "2014-01-01", "stop": "2013-01-01"}, "after its end 2013"),
    ({"object": "Crab"}, "'Crab' has not been looked up"),
]


@pytest.mark.parametrize(("traits", "words"), CONTRADICTIONS)
def test_parts_that_contradict_each_other_raise_when_queried(traits, words):
    with pytest.raises(QueryError, match=words):
        Selection(**traits).queries()


def test_setting_a_position_by_hand_forgets_the_object():
    selection = Selection()
    selection.point(83.6, 22.0, name="Crab")

    named = selection.object
    selection.dec = 23.0

    assert ("Crab", "") == (named, selection.object)


def test_another_table_forgets_bands_and_instruments():
    selection = Selection(table="photometry", bands=("b",), instruments=("ACIS",))

    selection.table = "sources"

    assert ((), ()) == (selection.bands, selection.instruments)


def test_a_refused_point_leaves_the_cone_where_it_was():
    selection = Selection(ra=10.0, dec=20.0)

    with pytest.raises(TraitError):
        selection.point(11.0, 200.0)

    assert (10.0, 20.0) == (selection.ra, selection.dec)


def test_the_code_makes_the_same_queries():
    selection = Selection(
        table="photometry", start="2013-04-27", instruments=("XRT",), limit=7
    )
    selection.point(83.63308, 22.0145, 30, name="Crab")

    queries = []
    code = selection.code().replace("orbital = connect()", "")
    exec(code, {"orbital": _Recorder(queries)})

    assert list(selection.queries()) == queries
    assert "'Crab'" in code


class _Recorder:
    def __init__(self, queries):
        self.queries = queries
        self.frame = None

    def query(self, query):
        self.queries.append(query)
        return self


@pytest.mark.parametrize("centre", [(83.6, 22.0), (0.1, -45.0), (200.0, 89.9)])
def test_every_point_of_an_outline_is_a_radius_from_the_centre(centre):
    ra, dec = outline(*centre, 30.0)
    drawn = np.isfinite(ra)

    separations = separation_deg(*centre, ra[drawn], dec[drawn])

    assert pytest.approx(0.5, abs=1e-9) == separations.min()
    assert pytest.approx(0.5, abs=1e-9) == separations.max()


def test_a_selection_is_saved_and_restored_as_json():
    selection = Selection(
        table="grbs",
        ra=83.63,
        dec=22.01,
        bands=("a",),
        ranges={"t90_s": (None, 2)},
        start="2012-01-01",
    )
    restored = Selection.from_json(selection.to_json())

    assert selection.values() == restored.values()


@pytest.mark.parametrize("text", ["nonsense", "[1]", '{"colour": "red"}'])
def test_what_is_no_saved_selection_is_refused_in_words(text):
    with pytest.raises(QueryError, match="saved selection"):
        Selection.from_json(text)
