"""How the explorer is laid out: controls above, linked views below."""

from collections.abc import Callable, Iterable

import ipywidgets as widgets

from orbital_widgets import controls, views
from orbital_widgets.explorer_files import ExplorerFiles
from orbital_widgets.kernel_hint import kernel_hint
from orbital_widgets.results import Results
from orbital_widgets.selection import Selection

SWITCHES = {"bands": "band", "instruments": "instrument"}


def laid_out(
    selection: Selection,
    results: Results,
    *,
    go: Callable[[int], None],
    files: ExplorerFiles,
    status: views.StatusView,
) -> widgets.VBox:
    """Return the explorer's widget."""
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
    tabs = widgets.Tab(
        (
            widgets.VBox(
                (
                    controls.Arrangement(selection, results).widget,
                    views.RowsView(results).widget,
                )
            ),
            views.ExplainView(results).widget,
            views.CodeView(selection).widget,
        ),
        titles=("Rows", "Explain", "Copy as code"),
    )
    sky = controls.SkyMap(selection, results).widget
    plot = views.PlotView(selection, results).widget
    for figure in (sky, plot):
        figure.layout = widgets.Layout(width="50%", min_width="320px")
    box = widgets.VBox(
        (
            kernel_hint().widget,
            _row(field.widget for field in fields),
            ranges,
            widgets.HBox((sky, plot)),
            status.widget,
            widgets.HBox((views.bar(go), views.FilesView(files).widget)),
            tabs,
        )
    )
    box.add_class("orbital-explorer")
    return box


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
