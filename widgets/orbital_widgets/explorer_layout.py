"""How the explorer is laid out: controls above, linked views below."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import ipywidgets as widgets

from orbital_widgets import controls, views
from orbital_widgets.explorer_files import ExplorerFiles
from orbital_widgets.history import History
from orbital_widgets.kernel_hint import kernel_hint
from orbital_widgets.results import Results
from orbital_widgets.selection import Selection

SWITCHES = {"bands": "band", "instruments": "instrument"}


@dataclass(frozen=True)
class Layout:
    """The explorer's widget, and the views in it that have threads of their own."""

    box: widgets.VBox
    sky: controls.SkyMap
    curve: views.CurveView
    histogram: views.HistogramView
    rows: views.RowsView

    def wait(self, timeout_s: float) -> None:
        """Block until what these views ask for has arrived."""
        self.sky.layers.wait(timeout_s)
        self.curve.asking.wait(timeout_s)

    def close(self) -> None:
        """Let their threads end."""
        self.sky.layers.close()
        self.curve.asking.close()


def laid_out(
    selection: Selection,
    results: Results,
    source: Callable[[], Any],
    *,
    go: Callable[[int], None],
    history: History,
    files: ExplorerFiles,
    status: views.StatusView,
) -> Layout:
    """Return the explorer's widget with its views."""
    toggles = [
        controls.Toggles(
            selection, "observatories", "Observatories", selection.available
        ),
        *(controls.Toggles(selection, trait, trait.capitalize()) for trait in SWITCHES),
    ]
    results.observe(lambda _: _offer(toggles[1:], selection, results), "outcome")
    _offer(toggles[1:], selection, results)
    fields: tuple[controls.Field | controls.Toggles, ...] = (
        *controls.table_choice(selection),
        controls.object_name(selection),
        *controls.position(selection),
        *controls.time_range(selection),
        *toggles,
    )
    ranges = controls.RangeFields(selection).widget
    rows = views.RowsView(results)
    tabs = widgets.Tab(
        (
            widgets.VBox(
                (
                    controls.Arrangement(selection, results).widget,
                    rows.widget,
                )
            ),
            views.ExplainView(results).widget,
            views.CodeView(selection).widget,
        ),
        titles=("Rows", "Explain", "Copy as code"),
    )
    sky = controls.SkyMap(selection, results, source)
    plot = views.PlotView(selection, results).widget
    curve = views.CurveView(selection, results, source)
    histogram = views.HistogramView(selection, results)
    for figure in (sky.widget, plot, curve.widget, histogram.widget):
        figure.layout = widgets.Layout(width="50%", min_width="320px")
    box = widgets.VBox(
        (
            kernel_hint().widget,
            _row(field.widget for field in fields),
            ranges,
            widgets.HBox((sky.widget, plot)),
            widgets.HBox((curve.widget, histogram.widget)),
            status.widget,
            _row((views.bar(go, history, results), views.FilesView(files).widget)),
            tabs,
        )
    )
    for name in ("orbital-explorer", "orbital-widget"):
        box.add_class(name)
    return Layout(box, sky, curve, histogram, rows)


def _row(children: Iterable[widgets.Widget]) -> widgets.Box:
    layout = widgets.Layout(flex_flow="row wrap", align_items="flex-start")
    return widgets.Box(tuple(children), layout=layout)


def _offer(
    toggles: list[controls.Toggles], selection: Selection, results: Results
) -> None:
    """Offer the bands and instruments that occur in the rows of this table."""
    frame = results.outcome.frame
    for toggle in toggles:
        column = SWITCHES[toggle.trait]
        names = (
            frame[column].drop_nulls().unique().sort().to_list()
            if column in frame.columns
            else []
        )
        same = getattr(selection, toggle.trait) != ()
        toggle.offer(tuple(names), only=not same)
