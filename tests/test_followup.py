"""Follow-up: angles against known skies, limits of the observatories, reasons."""

import json
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest
from bokeh.models import HBar

from orbital_kernel.errors import QueryError
from orbital_kernel.model.observatory import FieldOfView, observatories
from orbital_kernel.monitor.knowledge import to_json
from orbital_kernel.plots.visibility import visibility as figure_of
from orbital_kernel.science import visibility

START = datetime(2013, 4, 27, 8, tzinfo=UTC)
EVERY = tuple(observatories().values())


def plan(ra=173.14, dec=27.70, **more):
    return visibility.plan(ra, dec, EVERY, **{"start": START, "days": 1.0, **more})


def test_the_sun_is_where_the_almanac_says():
    """At the 2013 March equinox (20 March, 11:02 UTC) it is at RA 0, Dec 0."""
    equinox = datetime(2013, 3, 20, 11, 2, tzinfo=UTC)
    track = plan(0.0, 0.0, start=equinox, days=0.1).track
    assert abs(track["sun_deg"][0]) < 0.25


def test_a_place_near_the_sun_is_visible_to_nobody_and_the_reason_is_stated():
    seen = plan(34.7, 13.9)
    assert 0 == seen.windows.height
    assert {0.0} == set(seen.ranking["visible_h"])
    assert all("not visible: Sun" in text for text in seen.ranking["reasons"])


def test_a_burst_opposite_the_sun_is_seen_and_the_ranking_gives_reasons():
    seen = plan(error_arcmin=3.0)
    best = seen.ranking.row(0, named=True)
    assert {"swift", "chandra"} == set(seen.windows["observatory"])
    assert "visible now" in best["reasons"]
    assert "covers 100%" in best["reasons"]
    assert list(range(1, seen.ranking.height + 1)) == seen.ranking["rank"].to_list()


def test_a_wide_error_circle_puts_the_wide_field_first():
    best = plan(error_arcmin=600.0).ranking.row(0, named=True)
    assert ("swift", "BAT") == (best["observatory"], best["instrument"])


def test_a_delay_moves_the_first_window():
    late = plan(delays_h={"chandra": 12.0}).windows
    begins = dict(late.group_by("observatory").agg(pl.col("begins_h").min()).rows())
    assert {"swift": 0.0, "chandra": 12.0} == begins


def test_the_earth_limb_is_unknown_without_an_orbit_and_judged_with_one():
    without = plan()
    assert "Earth limb unknown for swift: no orbit was given" in without.assumptions
    assert (
        144 == without.track.filter(observatory="swift")["earth_deg"].null_count() - 1
    )
    place = np.array(
        [
            np.cos(np.radians(27.7)) * np.cos(np.radians(173.14)),
            np.cos(np.radians(27.7)) * np.sin(np.radians(173.14)),
            np.sin(np.radians(27.7)),
        ]
    )
    span = np.array(["2013-04-27", "2013-04-30"], dtype="datetime64[ns]")
    behind = visibility.Orbit(span, np.stack([-6978.0 * place] * 2))
    above = visibility.Orbit(span, np.stack([6978.0 * place] * 2))
    hidden = plan(orbits={"swift": behind})
    free = plan(orbits={"swift": above})

    assert 0 == hidden.windows.filter(observatory="swift").height
    assert abs(free.track.filter(observatory="swift")["earth_deg"][0] - 113.93) < 0.1
    assert not any("Earth limb unknown for swift" in text for text in free.assumptions)


def test_an_orbit_that_ends_too_early_is_refused():
    span = np.array(["2013-04-27", "2013-04-28"], dtype="datetime64[ns]")
    orbit = visibility.Orbit(span, np.full((2, 3), 4000.0))
    with pytest.raises(QueryError, match="does not cover"):
        plan(days=3.0, orbits={"swift": orbit})


LINES = (
    "1 88888U          80275.98708465  .00073094  13844-3  66816-4 0    8",
    "2 88888  72.8435 115.9689 0086731  52.6988 110.5714 16.05824518  105",
)
SGP4_KM = {
    0: (2328.97048951, -5995.22076416, 1719.97067261),
    720: (2567.56195068, -6112.50384522, 713.96397400),
    1440: (2742.55133057, -6079.67144775, -326.38095856),
}
"""Minutes from the epoch, TEME km: the test case of Spacetrack Report No. 3 (1980)."""


def tle(path, *lines):
    """Write lines with their check digits."""
    digits = (sum(int(c) if c.isdigit() else c == "-" for c in line) for line in lines)
    checked = [f"{line}{digit % 10}" for line, digit in zip(lines, digits, strict=True)]
    path.write_text("\n".join(checked) + "\n")
    return path


def test_an_orbit_of_two_line_elements_is_where_spacetrack_report_3_says(tmp_path):
    elements = visibility.elements(tle(tmp_path / "case.tle", *LINES))
    minutes = np.array(list(SGP4_KM))

    _, km, _ = elements.satellite.sgp4_array(
        np.full(len(minutes), elements.satellite.jdsatepoch),
        elements.satellite.jdsatepochF + minutes / 1440,
    )

    assert "1980-10-01T23:41" == str(elements.epoch - np.timedelta64(51_184, "ms"))[:16]
    away = np.linalg.norm(km - np.array(list(SGP4_KM.values())), axis=1)
    assert away.max() < 0.1


def test_an_orbit_is_turned_to_the_axes_of_gcrs(tmp_path):
    """Precession since J2000 turns axes by 0.27 deg in 1980, and changes no distance."""
    elements = visibility.elements(tle(tmp_path / "case.tle", *LINES))

    position = visibility.orbit(
        elements, elements.epoch + np.zeros(1, "timedelta64[ns]")
    ).km[0]

    teme = np.array(SGP4_KM[0])
    assert abs(np.linalg.norm(position) - np.linalg.norm(teme)) < 0.1
    assert 0.001 < np.linalg.norm(position - teme) / np.linalg.norm(teme) < 0.006


def test_elements_make_the_earth_hide_a_place_part_of_the_time(tmp_path):
    elements = visibility.elements(tle(tmp_path / "case.tle", *LINES))
    start = datetime(1980, 10, 2, tzinfo=UTC)
    seen = plan(353.0, 0.0, start=start, orbits={"swift": elements})
    shares = seen.track.group_by("observatory").agg(pl.col("visible").mean())

    assert 0.2 < dict(shares.iter_rows())["swift"] < 0.8
    assert any("SGP4 orbit" in text for text in seen.assumptions)
    with pytest.raises(QueryError, match="get those of the time"):
        plan(orbits={"swift": elements})


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda text: text.replace("72.8435", "72.8436"), "check digit"),
        (lambda text: text.splitlines()[0], "begins with 2"),
        (lambda text: text + text, "one satellite"),
        (lambda _: "a letter to a friend", "begins with 1"),
    ],
)
def test_a_file_that_holds_no_elements_says_why(tmp_path, damage, message):
    path = tle(tmp_path / "case.tle", *LINES)
    path.write_text(damage(path.read_text()))
    with pytest.raises(QueryError, match=message):
        visibility.elements(path)


def test_a_field_covers_what_fits_into_it():
    circle = FieldOfView("circle", 8.5, "arcmin")
    assert 1.0 == visibility.coverage(circle, 8.5)
    assert abs(visibility.coverage(circle, 17.0) - 0.25) < 1e-12
    sky = visibility.field_radius_arcmin(FieldOfView("coded", 2.0, "sr")) / 60
    assert abs(sky - 47.0) < 0.1


@pytest.mark.parametrize("place", [(400.0, 0.0), (0.0, 91.0)])
def test_an_invalid_place_is_refused(place):
    with pytest.raises(QueryError, match="RA < 360"):
        plan(*place)


def test_the_timeline_has_a_line_an_observatory():
    drawn = figure_of(plan())
    assert ["swift", "chandra"] == list(drawn.y_range.factors)
    bars = [r.glyph for r in drawn.renderers if isinstance(r.glyph, HBar)]
    assert 4 == len(bars)
    assert "time (UTC)" == drawn.xaxis[0].axis_label


def test_a_burst_of_the_store_is_followed_up_from_its_catalogue_place(stocked):
    burst_rows = stocked.bursts.stored().filter(
        pl.col("matches").str.contains("coincident") & (pl.col("cause") == "burst")
    )
    follow_up = stocked.bursts.follow_up(
        burst_rows["burst_id"][0], start=START, days=0.5
    )

    names = [m["name"] for m in json.loads(burst_rows["matches"][0])]
    assert any(name in follow_up.place.source for name in names)
    assert set(observatories()) == set(follow_up.limits["observatory"])
    taking = [o for o in EVERY if o.pointing.steerable]
    assert sum(len(o.instruments) for o in taking) == follow_up.plan.ranking.height
    assert "swift" == follow_up.plan.ranking["observatory"][0]
    assert (
        "chandra begins no sooner than 24 h from the start"
        in follow_up.plan.assumptions
    )


def test_a_place_has_its_sources_exposures_and_limits(stocked):
    pointing = (
        stocked.table("swift.observations")
        .drop_nulls(["ra", "dec"])
        .filter(pl.col("exposure_s") > 0)
        .row(0, named=True)
    )
    follow_up = stocked.bursts.follow_up(
        ra=pointing["ra"], dec=pointing["dec"], error_arcmin=3.0, start=START, days=0.2
    )
    swift = follow_up.limits.filter(observatory="swift").row(0, named=True)

    assert pointing["obs_id"] in follow_up.exposures["obs_id"].to_list()
    assert swift["exposure_s"] >= pointing["exposure_s"]
    assert "possible from" in swift["upper_limit"]
    assert all(follow_up.sources["separation_arcmin"] <= 3.0)
    assert json.loads(json.dumps(to_json(follow_up)))["told_by"] == "given"


def test_a_burst_without_a_place_says_what_to_give(stocked):
    with pytest.raises(QueryError, match="no burst 'nobody'"):
        stocked.bursts.follow_up("nobody")
    alone = stocked.bursts.stored().filter(pl.col("matches") == "[]")
    with pytest.raises(QueryError, match="give ra, dec and error_arcmin"):
        stocked.bursts.follow_up(alone["burst_id"][0])
