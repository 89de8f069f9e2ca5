"""The sky map of many sources: counts, then dots; coverage; the view follows the browser."""

from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
from orbital_widgets import Explorer, Results, Selection, controls
from sky_in_memory import CRAB, fetch

from orbital_kernel.model.predicate import Clause, Equal
from orbital_kernel.model.sky import healpix
from orbital_kernel.plots import theme
from orbital_kernel.plots.equal_area import HIGH, WIDE, Field, Hammer

TAG = "MANY"
ROWS = 4_000


@pytest.fixture(scope="module")
def many(orbital):
    dice = np.random.default_rng(5)
    ra, dec = (
        dice.uniform(0, 360, ROWS),
        np.degrees(np.arcsin(dice.uniform(-1, 1, ROWS))),
    )
    ra[:200], dec[:200] = dice.normal(83.6, 0.2, 200), dice.normal(22.0, 0.2, 200)
    rows = pa.table(
        {
            "catalog": [TAG] * ROWS,
            "source_id": [f"{TAG} {n}" for n in range(ROWS)],
            "ra": ra,
            "dec": dec,
            "healpix": healpix(ra, dec),
        }
    )
    orbital.store.insert("swift.sources", rows)
    yield ra, dec
    with orbital.store.transaction() as tx:
        tx.delete("swift.sources", [Clause("catalog", (Equal(TAG),))])


@pytest.fixture
def crowded(orbital, many, monkeypatch):
    """Show an explorer of more sources than dots, so that they are counted."""
    for module in ("sky_sight", "sky_layers"):
        monkeypatch.setattr(f"orbital_widgets.{module}.MOST_DOTS", 500)
    explorer = Explorer(
        orbital, contains={"catalog": TAG}, observatories=("swift",), limit=100
    ).wait()
    sky = controls.SkyMap(explorer.selection, explorer.results, lambda: orbital)
    sky._arrived()
    settled(sky)
    yield sky
    sky.layers.close()
    explorer.close()


def settled(sky):
    sky.layers.wait(60)
    sky.layers.wait(60)


def moved(sky, window):
    (left, right), (low, high) = window
    sky._moved(SimpleNamespace(x0=left, x1=right, y0=low, y1=high))
    settled(sky)


def test_many_sources_are_an_image_of_counts_not_dots(crowded, many):
    image = crowded.map.counts.data["image"][0]
    density = crowded.layers.crowd.density

    assert (240, 480, np.uint8) == (*image.shape, image.dtype)
    assert ROWS == density.rows
    assert 0 == len(crowded.rows.data["x"])
    assert 255 == image.max()
    assert "4,000 rows counted" in crowded.words.value
    assert "none" == crowded.stop.layout.display


def test_zoomed_in_the_map_shows_dots_of_all_sources_there(crowded, many):
    x, y = Hammer().forward(83.6, 22.0)
    moved(crowded, ((x - 4, x + 4), (y - 2, y + 2)))

    ra, dec = many
    view = crowded.map.view
    near = np.hypot(*view.forward(ra, dec)) < 2
    assert isinstance(view, Field)
    assert (83.6, 22.0) == pytest.approx((view.ra, view.dec))
    assert [] == crowded.map.counts.data["image"]
    drawn = np.hypot(crowded.rows.data["x"], crowded.rows.data["y"]) < 2
    assert near.sum() == np.unique(np.asarray(crowded.rows.data["x"])[drawn]).size > 190


def test_a_dense_field_is_counted_in_finer_cells(crowded, many, monkeypatch):
    monkeypatch.setattr("orbital_widgets.sky_sight.MOST_DOTS", 20)
    x, y = Hammer().forward(83.6, 22.0)
    moved(crowded, ((x - 1, x + 1), (y - 0.5, y + 0.5)))

    assert crowded.sight.image is not None
    assert "arcsec" in crowded.words.value
    assert 0 < int(crowded.words.value.split()[0]) <= 210


def test_zoomed_out_again_it_is_the_whole_sky_and_another_selection_drops_it(crowded):
    moved(crowded, ((-4, 4), (-2, 2)))
    moved(crowded, ((-170, 170), (-85, 85)))
    view = crowded.map.view
    crowded.selection.point(83.6, 22.0, 6)
    crowded.results.arrive(crowded.results.outcome.__class__("sources"))

    assert Hammer() == view
    assert crowded.layers.crowd is None
    assert [] == crowded.map.counts.data["image"]


def test_counting_can_be_stopped(orbital, many, monkeypatch):
    monkeypatch.setattr("orbital_widgets.sky_layers.MOST_DOTS", 500)
    explorer = Explorer(orbital, contains={"catalog": TAG}, limit=100).wait()
    sky = controls.SkyMap(explorer.selection, explorer.results, lambda: orbital)
    real = orbital.sky_density

    def slow(queries, *, progress, stopped):
        sky.stop.click()
        return real(queries, progress=progress, stopped=stopped)

    monkeypatch.setattr(orbital, "sky_density", slow)
    sky._arrived()
    settled(sky)
    sky.layers.close()
    explorer.close()

    assert "counting was cancelled; the map shows the rows fetched" in sky.words.value
    assert 200 >= len(sky.rows.data["x"]) > 0


def test_few_rows_stay_dots_and_nothing_is_counted():
    explorer = Explorer(fetch).wait()
    sky = controls.SkyMap(explorer.selection, explorer.results, lambda: fetch)
    sky._arrived()
    explorer.close()

    assert sky.layers.crowd is None
    assert 240 == len(sky.rows.data["x"])


def test_coverage_is_outlined_in_the_colours_of_the_observatories(stocked):
    selection = Selection()
    sky = controls.SkyMap(selection, Results(), lambda: stocked)
    sky.coverage.value = True
    settled(sky)
    sky._cover()
    whole = dict(sky.map.covered.data)
    sky.coverage.value = False
    none = dict(sky.map.covered.data)
    sky.layers.close()

    assert len(selection.available) == len(whole["xs"]) == len(set(whole["color"]))
    drawn = dict(zip(whole["color"], whole["xs"], strict=True))
    for name in ("swift", "chandra"):
        assert np.isfinite(drawn[theme.OBSERVATORIES[name]]).sum() > 8
    assert [] == none["xs"]


def test_a_click_in_the_projection_is_a_position_and_a_drag_a_radius_on_the_sky():
    selection = Selection()
    sky = controls.SkyMap(selection, Results())
    x, y = Hammer().forward(*CRAB)
    sky._tapped(SimpleNamespace(x=x, y=y))
    clicked = (selection.ra, selection.dec)
    sky.zoom()
    box = {"type": "rect", "x0": -1, "x1": 1, "y0": -0.5, "y1": 0.5}
    sky._dragged(SimpleNamespace(geometry=box, final=True))
    dragged = (selection.ra, selection.dec, selection.radius_arcmin)
    sky._tapped(SimpleNamespace(x=WIDE, y=HIGH))

    assert CRAB == pytest.approx(clicked)
    assert (*CRAB, 60.0) == pytest.approx(dragged, abs=1e-2)
    assert dragged == (selection.ra, selection.dec, selection.radius_arcmin)


def test_the_map_has_hours_and_a_field_minutes():
    selection = Selection(ra=CRAB[0], dec=CRAB[1], radius_arcmin=30)
    sky = controls.SkyMap(selection, Results())
    whole = list(sky.map.labels.data["text"])
    sky.zoom()

    assert "12h" in whole
    assert any(text.startswith("5h 3") for text in sky.map.labels.data["text"])
    assert {"kind": "field", "ra": CRAB[0], "dec": CRAB[1]} == sky.figure.tags[0]
