"""A misspelt option, table, column, unit or kind is answered before anything is asked."""

from pathlib import Path

import polars as pl
import pytest

from orbital_kernel import Orbital, Query, TimeSpan
from orbital_kernel.config import Settings
from orbital_kernel.errors import QueryError, did_you_mean, shortened, unknown
from orbital_kernel.query import Largest


@pytest.fixture
def offline(tmp_path: Path) -> Orbital:
    """Return a session whose platform does not exist: asking it is an error."""
    return Orbital(Settings("http://127.0.0.1:9", "key", "secret"), home=tmp_path)


@pytest.mark.parametrize(
    ("call", "closest"),
    [
        (
            lambda o: o.cone("swift.source", ra=1, dec=1, radius_arcmin=1),
            r"unknown table 'swift.source' \(did you mean swift.sources",
        ),
        (lambda o: o.table("swfit.rates"), "did you mean swift.rates"),
        (lambda o: o.table("swift.rates", ["ratte"]), "did you mean rate"),
        (lambda o: o.units("swift.grb"), "did you mean swift.grbs"),
        (lambda o: o.query(Query("swift.sources", ("fluxx",))), "did you mean flux"),
        (lambda o: o.count(Query("swift.ratez")), "did you mean swift.rates"),
        (
            lambda o: o.query(Query("swift.grbs", time=TimeSpan("2020", column="tme"))),
            "did you mean time",
        ),
        (
            lambda o: o.query(Query("swift.grbs", where=pl.col("t_90_s") > 1)),
            "did you mean t90_s",
        ),
        (
            lambda o: o.query(
                Query("swift.sources", largest=Largest("signifcance", 3))
            ),
            "did you mean significance",
        ),
        (
            lambda o: o.between("swift.grbs", "2020", "2021", columns=["tim"]),
            "did you mean time",
        ),
        (
            lambda o: o.objects_observed_by("swfit", "chandra", within_arcmin=5),
            r"unknown observatory 'swfit' \(did you mean swift",
        ),
        (lambda o: o.simultaneous("swift", "chandr"), "did you mean chandra"),
        (lambda o: o.follow_ups(by="Chandra"), "did you mean chandra"),
        (lambda o: o.match("swift", "chandraa"), "did you mean chandra"),
        (lambda o: o.rare("transients"), "did you mean transient"),
        (lambda o: o.rare("transient", first="swft"), "did you mean swift"),
        (lambda o: o.ingest("x.fits", observatory="swif"), "did you mean swift"),
        (lambda o: o.light_curve("GRB 130427A", unit="erg / (cm2 ss)"), "ss"),
        (lambda o: o.light_curve("GRB 130427A", band_kev=(10, 0.3)), "low"),
    ],
)
def test_a_misspelt_name_is_answered_with_the_closest_one(offline, call, closest):
    with pytest.raises(QueryError, match=closest):
        call(offline)


@pytest.mark.parametrize(
    "call",
    [
        lambda o: o.cone("swift.sources", ra=1, dec=1, radius=1),
        lambda o: o.light_curve("GRB 130427A", units="mJy"),
        lambda o: o.simultaneous("swift", "chandra", within_arcmins=3),
        lambda o: o.ingest("x.fits", observatry="swift"),
        lambda o: o.known_at((1, 2), radius_arcmins=3),
        lambda o: o.rare("transient", third="fermi"),
        lambda o: o.between("swift.grbs", None, None, colums=["time"]),
    ],
)
def test_a_misspelt_option_is_a_type_error(offline, call):
    with pytest.raises(TypeError, match="unexpected keyword argument"):
        call(offline)


def test_the_message_has_the_closest_names_and_those_allowed():
    assert "unknown kind 'rde' (did you mean red?); choose from red, green" == unknown(
        "kind", "rde", ["red", "green"]
    )
    assert "unknown kind 'x'; choose from nothing" == unknown("kind", "x", [])
    assert " (did you mean Red?)" == did_you_mean("RED", ["Red", "blue"])
    assert shortened([str(n) for n in range(40)]).endswith("29, … 10 more")
