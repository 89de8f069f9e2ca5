"""One look at a light curve: the answer, its figure, and what to say about it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import polars as pl

from orbital_kernel import plots
from orbital_kernel.errors import QueryError
from orbital_kernel.plots import curve_axes
from orbital_widgets import curve_overlays
from orbital_widgets.curve_choice import CurveChoice, code

MOST_DRAWN = 3000
"""Most points of a series that are each drawn: a browser draws them within 0.1 s."""
NEAR = 8
SHORTEST = 3
Window = tuple[float, float]
NOTHING: dict[str, Any] = {
    **dict.fromkeys(("curve", "figure", "draw")),
    "problem": "",
    **dict.fromkeys(("words", "near", "selections", "bands"), ()),
}
EDGES = ("band_low_kev", "band_high_kev")


@dataclass(frozen=True, eq=False)
class CurveLook:
    """What was found for one choice.

    Parameters
    ----------
    choice : CurveChoice
        What was asked for.
    curve : LightCurve, optional
        The points shown; None without an answer.
    figure : bokeh figure or layout, optional
        Those points drawn; None if there are none.
    words : tuple of str
        Sentences about points, exclusions and overlays.
    problem : str
        Why there is no answer; '' if there is one.
    near : tuple of str
        Names of objects that begin like the one asked for.
    units : tuple of str
        Units of the points as written in their files, that of most points first.
    selections : tuple of str
        Series that a lag can be measured between.
    bands : tuple of str
        Bands of the detections drawn, the softest first.
    code : str
        The Python of the public calls.
    read : LightCurve, optional
        The points as read, in their own units; other units are made from them.
    read_utc : str
        When they were read.
    scale : str
        The time axis drawn, as in `plots.light_curve`.
    draw : callable, optional
        Draws a window of the time axis, if series are too long to draw each point.

    Examples
    --------
    >>> from orbital_widgets.curve_choice import CurveChoice
    >>> from orbital_widgets.curve_look import CurveLook
    >>> CurveLook(CurveChoice()).problem
    ''
    """

    choice: CurveChoice
    curve: Any = None
    figure: Any = None
    words: tuple[str, ...] = ()
    problem: str = ""
    near: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    selections: tuple[str, ...] = ()
    bands: tuple[str, ...] = ()
    code: str = ""
    read: Any = None
    read_utc: str = ""
    scale: str = ""
    draw: Callable[[Window | None], Any] | None = None


def look(
    orbital: Any,
    choice: CurveChoice,
    *,
    before: CurveLook | None = None,
    window: Window | None = None,
) -> CurveLook:
    """Return the light curve of a choice, drawn; a refusal is a problem in words.

    `before` is an earlier look at the same object: its points are used and not read
    again. `window` is the part of its time axis that is shown.
    """
    if not choice.object:
        return CurveLook(choice, problem="Name an object to see its light curve.")
    answer, again = CurveLook(choice, code=code(choice)), False
    try:
        if before is not None and before.read is not None:
            again = True
            answer = replace(before, choice=choice, code=answer.code, **NOTHING)
        else:
            curve = orbital.light_curve(choice.object)
            units = units_of(curve.points)
            now = f"{datetime.now(UTC):%T}"
            answer = replace(answer, read=curve, read_utc=now, units=units)
        found = _answered(orbital, answer, window)
    except QueryError as error:
        names = _others(near(orbital, choice.object), choice.object)
        return replace(answer, problem=str(error), near=names)
    words = f"From the points read at {found.read_utc} UTC; [Show] reads them again."
    return replace(found, words=(*found.words, *([words] if again else ())))


def near(orbital: Any, name: str) -> tuple[str, ...]:
    """Return names that begin like one, of the longest beginning that some name has."""
    length = len(name.strip())
    while length >= SHORTEST:
        names = orbital.names.complete(name.strip()[:length], limit=NEAR)
        if names:
            return tuple(names)
        length = min(length - 1, (length + SHORTEST) // 2)
    return ()


def _others(names: tuple[str, ...], name: str) -> tuple[str, ...]:
    """Return no names if the one asked for is among them: then it is not the problem."""
    return () if name.strip() in names else names


def _answered(orbital: Any, answer: CurveLook, window: Window | None) -> CurveLook:
    choice, curve = answer.choice, answer.read
    if (choice.unit, choice.band_kev, choice.model) != (None, None, None):
        curve = curve.converted(
            unit=choice.unit, band_kev=choice.band_kev, model=choice.model
        )
    if choice.bins is not None:
        curve = curve.binned(choice.bins)
    shown = curve
    if choice.as_written is not None:
        shown = curve.only(unit=choice.as_written)
    if not choice.limits:
        shown = replace(shown, frame=shown.frame.filter(~pl.col("is_limit")))
    words = [_summary(curve, shown)]
    if shown.points.is_empty():
        empty = (*words, _why_empty(curve, choice))
        return replace(answer, curve=shown, words=empty)
    first = units_of(shown.points)[0]
    rows = shown.frame.filter(pl.col("unit").eq_missing(pl.lit(first or None)))
    drawn, sentences, model = _drawable(orbital, choice, rows)
    usable = shown.points.filter(pl.col("value").is_not_null())
    scale = curve_axes.time_scale(usable, drawn.time_axis)
    series = curve_overlays.series_of(rows) if choice.blocks else {}
    states = None
    if choice.blocks:
        states, sentence = curve_overlays.blocks_of(rows, series)
        sentences.append(sentence)

    def draw(window: Window | None) -> Any:
        figure = plots.light_curve(
            shown.frame,
            title=f"Light curve of {choice.object}",
            time_axis=drawn.time_axis,
            model=model,
            panels=drawn.panels,
            hardness=drawn.hardness,
            most_drawn=MOST_DRAWN,
            window=window,
        )
        if states is not None:
            first = figure if hasattr(figure, "segment") else figure.children[0]
            curve_overlays.draw_blocks(first, states, shown.t0, scale)
        return figure

    return replace(
        answer,
        curve=shown,
        figure=draw(window if scale == answer.scale else None),
        words=(*words, *sentences),
        selections=selections_of(curve.points),
        bands=every_band(rows),
        code=code(drawn, first_unit=first or None, series=series),
        scale=scale,
        draw=draw if _is_crowded(usable) else None,
    )


def _is_crowded(usable: pl.DataFrame) -> bool:
    """Return whether the panel of any unit has more points than are each drawn."""
    return bool((usable.group_by("unit").len()["len"] > MOST_DRAWN).any())


def _drawable(
    orbital: Any, choice: CurveChoice, rows: pl.DataFrame
) -> tuple[CurveChoice, list[str], Any]:
    """Return the choice without panels that the points lack, why, and the decay."""
    words, panels, model = [], list(choice.panels), None
    fitted = choice.fitted
    if fitted:
        model, sentence = curve_overlays.decay_of(orbital, rows)
        words.append(sentence)
    if fitted and model is None:
        fitted, panels = False, [name for name in panels if name == "hardness"]
    hardness = (choice.hardness or bands_of(rows)) if "hardness" in panels else None
    if "hardness" in panels and hardness is None:
        panels.remove("hardness")
        words.append("No hardness: the points of the first panel have a single band.")
    drawn = replace(choice, panels=tuple(panels), hardness=hardness, decay=fitted)
    return drawn, words, model


def units_of(points: pl.DataFrame) -> tuple[str, ...]:
    """Return the units of points, that of most first; '' of points without one."""
    counts = points.group_by(pl.col("unit").fill_null("")).len()
    return tuple(counts.sort(["len", "unit"], descending=[True, False])["unit"])


def bands_of(rows: pl.DataFrame) -> tuple[str, str] | None:
    """Return the softest and the hardest band of detections; None of a single one."""
    bands = every_band(rows)
    return None if len(bands) < 2 else (bands[0], bands[-1])


def every_band(rows: pl.DataFrame) -> tuple[str, ...]:
    """Return the bands of detections, the softest first."""
    bands = (
        rows.filter(~pl.col("is_limit"), pl.col("band").is_not_null())
        .select("band", *EDGES)
        .unique("band")
        .sort(*EDGES, "band", nulls_last=True)
    )
    return tuple(bands["band"])


FILTER = pl.when(pl.col(EDGES[0]).is_null()).then(pl.col("band"))
"""The name of a band without edges in keV."""


def selections_of(points: pl.DataFrame) -> tuple[str, ...]:
    """Return the series with detections as `orbital.lag` selects them."""
    series = (
        points.filter(~pl.col("is_limit"))
        .group_by("observatory", "instrument", *EDGES, FILTER.alias("filter"))
        .len()
        .sort("len", "observatory", "instrument", *EDGES, descending=True)
    )
    return tuple(dict.fromkeys(_selection(row) for row in series.to_dicts()))


def _selection(row: dict[str, Any]) -> str:
    instrument = f"/{row['instrument']}" if row["instrument"] else ""
    low, high = (row[edge] for edge in EDGES)
    name = f":{row['filter']}" if row["filter"] else ""
    band = name if low is None or high is None else f":{low:g}-{high:g}"
    return f"{row['observatory']}{instrument}{band}"


def _summary(curve: Any, shown: Any) -> str:
    limits = int(shown.points["is_limit"].sum())
    text = f"{len(shown.points):,} points shown, {limits:,} of them limits"
    hidden = len(curve.points) - len(shown.points)
    text += f"; {hidden:,} hidden by the controls" if hidden else ""
    text += f"; {len(curve.excluded):,} excluded"
    if curve.t0_utc:
        text += f"; T0 {curve.t0_utc} UTC ({curve.t0_source})"
    mark = " Simulated points belong to the sample sky." if _is_simulated(curve) else ""
    return f"{text}.{mark}"


def _is_simulated(curve: Any) -> bool:
    frame = curve.frame
    return "simulated" in frame.columns and bool(frame["simulated"].any())


def _why_empty(curve: Any, choice: CurveChoice) -> str:
    if len(curve.points):
        return "The controls hide every point: show limits, or choose another unit."
    if len(curve.excluded):
        return (
            f"Every point of {choice.object} is excluded; the reasons are listed below."
        )
    return f"No point of {choice.object} is stored."
