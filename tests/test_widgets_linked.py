"""Linked views: what is picked in sky, table, light curve or histogram is picked in all."""

from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from orbital_widgets import Explorer, curve_link
from orbital_widgets.views._histogram import BINS, edges_of
from sky_in_memory import CRAB, fetch, frame_of, resolve

from orbital_kernel.errors import QueryError


class Session:
    """The sky in memory, with one light curve."""

    objects = SimpleNamespace(position=resolve)

    def query(self, query, *, kind="query", estimate=False):
        return fetch(query)

    def light_curve(self, name):
        if name != "GRB 130427A":
            raise QueryError(f"no light curve of {name!r}")
        points = pl.concat(
            frame_of(f"{observatory}.photometry").select(
                pl.lit(observatory).alias("observatory"), pl.all()
            )
            for observatory in ("chandra", "swift")
        )
        return SimpleNamespace(points=points)


@pytest.fixture
def explorer():
    explorer = Explorer(Session(), table="photometry")
    assert explorer.widget is not None
    explorer.wait()
    yield explorer
    explorer.close()


def views_of(explorer):
    layout = explorer._layout
    return layout.sky, layout.curve, layout.histogram, layout.rows


def test_a_row_picked_in_the_table_is_picked_in_sky_curve_and_histogram(explorer):
    sky, curve, histogram, rows = views_of(explorer)
    rows._list.value = (4,)
    explorer.wait()

    picked = explorer.frame.row(4, named=True)
    (at,) = curve.source.selected.indices
    assert [4] == [int(sky.rows.data["row"][i]) for i in sky.rows.selected.indices]
    point = curve.curve.points.row(at, named=True)
    assert (picked["time"], picked["value"]) == (point["time"], point["value"])
    assert 1 == np.sum(histogram.source.data["picked"])
    bar = int(np.argmax(histogram.source.data["picked"]))
    assert histogram.source.data["left"][bar] <= picked["value"]
    assert "GRB 130427A" in curve.figure.title.text


def test_points_picked_in_the_curve_are_rows_of_the_table(explorer):
    sky, curve, histogram, rows = views_of(explorer)
    rows._list.value = (4,)
    explorer.wait()
    curve.source.selected.indices = [0, 7]

    points = curve.curve.points[[0, 7]]
    assert set(points["value"]) == set(
        explorer.frame[list(explorer.results.picked)]["value"]
    )
    assert (
        2 == np.sum(histogram.source.data["picked"]) == len(sky.rows.selected.indices)
    )


def test_bars_picked_in_the_histogram_are_rows_in_all_views(explorer):
    sky, _curve, histogram, rows = views_of(explorer)
    explorer.selection.table = "sources"
    explorer.wait()
    histogram.column.value = "significance"
    histogram.source.selected.indices = [0, 1]
    high = histogram.source.data["right"][1]

    values = explorer.frame["significance"]
    assert set(np.flatnonzero(values <= high)) == set(explorer.results.picked)
    assert len(rows.frame) == len(sky.rows.selected.indices) > 0
    assert sum(histogram.source.data["top"]) == 240 == len(explorer.frame)


def test_the_histogram_counts_one_unit_and_says_how_many_rows_have_others(explorer):
    _, _, histogram, _ = views_of(explorer)
    units = explorer.frame["unit"]
    plot_unit = explorer.results.unit

    assert "value" == histogram.column.value
    assert sum(histogram.source.data["top"]) == (units == plot_unit).sum() == 180
    assert "60 in other units" in histogram.words.value
    assert "value (erg cm⁻² s⁻¹)" == histogram.figure.xaxis.axis_label

    explorer.results.unit = "count / s"
    assert 60 == sum(histogram.source.data["top"])
    assert "180 in other units" in histogram.words.value
    assert "value (counts s⁻¹)" == histogram.figure.xaxis.axis_label


@pytest.mark.parametrize("name", ["flux", "significance", "ra"])
def test_every_bar_of_the_histogram_is_within_its_axes(explorer, name):
    _, _, histogram, _ = views_of(explorer)
    explorer.selection.table = "sources"
    explorer.wait()
    histogram.column.value = name
    bars, x, y = (
        histogram.source.data,
        histogram.figure.x_range,
        histogram.figure.y_range,
    )

    assert x.start < min(bars["left"]) < max(bars["right"]) < x.end
    assert (x.start, x.end) == (x.reset_start, x.reset_end)
    assert 0 == y.start < max(bars["top"]) < y.end


def test_the_range_of_picked_bars_limits_the_selection_in_the_store(explorer):
    _, _, histogram, _ = views_of(explorer)
    explorer.selection.table = "sources"
    explorer.wait()
    histogram.column.value = "flux"
    histogram.source.selected.indices = [30, 31]
    low, high = histogram.source.data["left"][30], histogram.source.data["right"][31]
    histogram.limit.click()
    explorer.wait()

    assert {"flux": (low, high)} == explorer.selection.ranges
    assert explorer.frame["flux"].is_between(low, high).all()
    assert "ranges={'flux'" in explorer.selection.code()


def test_a_tap_in_the_sky_picks_the_row_and_draws_the_curve_near_it(explorer):
    sky, curve, _, rows = views_of(explorer)
    sky.picks.value = True
    x, y = sky.map.view.forward(173.1367, 27.6989)
    sky._tapped(SimpleNamespace(x=float(x), y=float(y)))
    explorer.wait()

    assert 240 == len(explorer.results.picked) == len(rows.frame)
    assert "points of GRB 130427A" in curve.words.value
    assert 180 == len(curve.source.data["x"])
    assert "60 more in other units" in curve.words.value


def test_a_source_without_a_curve_says_so_and_one_at_its_place_is_found(explorer):
    _, curve, _, _rows = views_of(explorer)
    explorer.selection.table = "sources"
    explorer.wait()
    explorer.results.picked = (3,)
    explorer.wait()
    place = curve_link.Subject("2CXO J1", 173.1367, 27.6989)

    assert "none within 12 arcsec" in curve.words.value
    assert "GRB 130427A" == curve_link.linked(Session(), place).name


def test_observations_taken_at_the_time_of_a_point_are_picked():
    start = np.datetime64("2013-04-27T07:00", "ns")
    hours = start + np.arange(3) * np.timedelta64(1, "h")
    frame = pl.DataFrame(
        {
            "observatory": ["swift", "swift", "chandra"],
            "time": hours,
            "time_stop": hours + np.timedelta64(30, "m"),
        }
    )
    at = np.array([start + np.timedelta64(70, "m")])
    points = pl.DataFrame({"observatory": ["swift"], "time": at, "value": [1.0]})

    assert (1,) == curve_link.rows_of(points, frame)


@pytest.mark.parametrize(
    ("values", "scale", "bars"),
    [
        ([1.0, 1e4], "log", BINS),
        ([-1.0, 1.0], "linear", BINS),
        ([3.0, 3.0], "linear", 1),
        ([np.nan], "linear", 0),
    ],
)
def test_bars_span_the_values_whatever_they_are(values, scale, bars):
    edges, kind = edges_of(np.array(values))

    assert (scale, bars) == (kind, max(len(edges) - 1, 0))


def test_the_crab_is_no_light_curve_of_this_sky():
    with pytest.raises(QueryError, match="within 12 arcsec"):
        curve_link.linked(Session(), curve_link.Subject("Crab", *CRAB))
