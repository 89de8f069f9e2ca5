"""The axes of a light curve: flux, and UTC, MJD or the time since T0."""

from typing import Any

import numpy as np
import polars as pl
from bokeh.models import CustomJS, LinearAxis, NumeralTickFormatter, Range1d

from orbital_kernel.model.times import to_utc_iso
from orbital_kernel.plots import theme

DAY_MS = 86_400_000.0
MJD_OF_UNIX_EPOCH = 40587.0
SCALES = ("auto", "utc", "mjd", "elapsed", "log")
LOG_FROM = 100.0
MOSTLY_AFTER = 0.8
FIRST_POINT = "first point"
Reals = np.ndarray


def time_scale(usable: pl.DataFrame, requested: str) -> str:
    """Return the time axis to draw: the one asked for, or that of the points."""
    if requested != "auto":
        return requested
    since = usable["since_s"].drop_nulls().to_numpy()
    after = since[since > 0]
    late = after.size > 1 and after.size >= MOSTLY_AFTER * since.size
    of_event = not usable["t0_source"].eq(FIRST_POINT).any()
    if late and of_event and np.ptp(after) > LOG_FROM * after.min():
        return "log"
    return "elapsed" if len(usable) and usable["time"].null_count() else "utc"


def times_of(rows: pl.DataFrame, scale: str) -> tuple[Reals, Reals, Reals]:
    """Return the times of points on an axis, and the ends of their widths."""
    later, earlier = (
        rows[f"time_err_{side}_s"].fill_null(0.0).to_numpy()
        for side in ("plus", "minus")
    )
    if scale in ("log", "elapsed"):
        x, step = rows["since_s"].to_numpy(), 1.0
    else:
        x, step = theme.utc_ms(rows["time"]), 1000.0
        if scale == "mjd":
            x, step = x / DAY_MS + MJD_OF_UNIX_EPOCH, 1 / 86400
    left = x - earlier * step
    if scale == "log":
        left = np.where(left > 0, left, x)
    return x, left, x + later * step


def t0_of(shown: pl.DataFrame) -> pl.Series:
    """Return t0 (TT), which `since_s` counts from; null if no point has a date."""
    since = pl.duration(nanoseconds=(pl.col("since_s") * 1e9).cast(pl.Int64))
    return shown.select(
        (pl.col("time").cast(pl.Datetime("ns")) - since).drop_nulls().first()
    ).to_series()


def flux_label(rows: pl.DataFrame) -> str:
    """Return band, quantity and unit of the points, for the flux axis."""
    unit = rows["unit"].drop_nulls().first()
    label = theme.unit_label(unit if isinstance(unit, str) else None)
    if str(unit).startswith("mag"):
        return label
    quantity = f"{_quantity(unit)} ({label})"
    edges = rows.select("band_low_kev", "band_high_kev").unique()
    if len(edges) != 1 or None in edges.row(0):
        return quantity
    low, high = edges.row(0)
    band = f"{low:g}" if low == high else f"{low:g}–{high:g}"  # noqa: RUF001
    return f"{band} keV {quantity}"


def _quantity(unit: Any) -> str:
    """Return what a unit is of, in a word or two; 'value' if it is not known."""
    if unit is None:
        return "value"
    if unit.startswith(("count", "ct")):
        return "rate"
    return "flux density" if unit.endswith("Jy") else "flux"


def label_time(
    drawn: Any, shown: pl.DataFrame, scale: str, *, is_first: bool = True
) -> None:
    """Label the time axis and, of UTC, the elapsed days above the first panel."""
    start = t0_of(shown)
    if scale == "utc" and is_first:
        utc_axis(drawn, shown, start)
        return
    if scale == "utc":
        drawn.xaxis.axis_label = "time (UTC)"
        return
    if scale == "mjd":
        drawn.xaxis.axis_label = "Modified Julian Date (UTC)"
        return
    if scale == "log":
        theme.log_axis(drawn.xaxis[0])
    drawn.xaxis.axis_label = f"time since {_t0_label(shown, start)} (s)"


def _t0_label(shown: pl.DataFrame, start: pl.Series) -> str:
    """Return T0 in UTC to the millisecond, and the catalogue it is from."""
    text = to_utc_iso(start.to_numpy(), unit="ms")[0] if len(start) else None
    sources = shown["t0_source"].drop_nulls().unique().sort().to_list()
    source = f", T0: {', '.join(sources)}" if sources else ""
    if text is None:
        return f"T0{source.replace(', T0: ', ' of ')}"
    return f"{str(text).removesuffix('.000').replace('T', ' ')} UTC{source}"


def fix_times(
    drawn: Any, usable: pl.DataFrame, scale: str, window: tuple[float, float] | None
) -> None:
    """Show a window of the time axis, or the points of all panels; reset shows these."""
    x = times_of(usable, scale)[0]
    x = x[np.isfinite(x) & ((x > 0) | (scale != "log"))]
    if not x.size:
        return
    x = np.log10(x) if scale == "log" else x
    pad = 0.04 * float(np.ptp(x))
    pad = max(pad, DAY_MS / 24) if scale == "utc" else pad or 0.5
    full = float(x.min()) - pad, float(x.max()) + pad
    full = (10 ** full[0], 10 ** full[1]) if scale == "log" else full
    start, end = window or full
    if not isinstance(drawn.x_range, Range1d):
        drawn.x_range = Range1d(start, end)
    drawn.x_range.update(start=start, end=end, reset_start=full[0], reset_end=full[1])
    if "elapsed" in drawn.extra_x_ranges:
        zero = usable.filter(pl.col("time").is_not_null())
        t0 = float(theme.utc_ms(t0_of(zero))[0])
        days = {"start": (start - t0) / DAY_MS, "end": (end - t0) / DAY_MS}
        drawn.extra_x_ranges["elapsed"].update(**days)


def utc_axis(drawn: Any, shown: pl.DataFrame, start: pl.Series) -> None:
    """Label UTC below, and elapsed days above on a range that follows the zoom."""
    drawn.xaxis.axis_label = "time (UTC)"
    if shown.is_empty():
        return
    ms, zero = theme.utc_ms(shown["time"]), float(theme.utc_ms(start)[0])
    pad = max((ms.max() - ms.min()) * 0.04, DAY_MS / 24)
    drawn.x_range = Range1d(ms.min() - pad, ms.max() + pad)
    elapsed = Range1d(
        *((end - zero) / DAY_MS for end in (ms.min() - pad, ms.max() + pad))
    )
    drawn.extra_x_ranges = {"elapsed": elapsed}
    above = LinearAxis(x_range_name="elapsed", axis_label="days since the first point")
    above.axis_label = f"days since {_t0_label(shown, start)}"
    above.formatter = NumeralTickFormatter(format="0,0.[000]")
    theme.dress_axis(above)
    drawn.add_layout(above, "above")
    follow = CustomJS(
        args={"main": drawn.x_range, "other": elapsed, "zero": zero, "day": DAY_MS},
        code="other.setv({start: (main.start - zero) / day, end: (main.end - zero) / day})",
    )
    drawn.x_range.js_on_change("start", follow)
    drawn.x_range.js_on_change("end", follow)
