"""The axes of a light curve: flux, and UTC with elapsed days or the time since T0."""

from typing import Any

import polars as pl
from bokeh.models import CustomJS, LinearAxis, NumeralTickFormatter, Range1d

from orbital_kernel.model.times import to_utc_iso
from orbital_kernel.plots import theme

DAY_MS = 86_400_000.0


def t0_of(shown: pl.DataFrame) -> pl.Series:
    """Return t0 (TT), which `since_s` counts from."""
    since = pl.duration(nanoseconds=(pl.col("since_s") * 1e9).cast(pl.Int64))
    return shown.select(
        (pl.col("time").cast(pl.Datetime("ns")) - since).first()
    ).to_series()


def flux_label(rows: pl.DataFrame) -> str:
    """Return band and unit of the points, for the flux axis."""
    unit = rows["unit"].drop_nulls()
    low, high = rows["band_low_kev"].drop_nulls(), rows["band_high_kev"].drop_nulls()
    band = f"{low[0]:g}–{high[0]:g} keV flux" if len(low) and len(high) else "value"  # noqa: RUF001
    return f"{band} ({theme.unit_label(unit[0] if len(unit) else None)})"


def _t0_label(shown: pl.DataFrame, start: pl.Series) -> str:
    """Return T0 in UTC to the millisecond, and the catalogue it is from."""
    text = to_utc_iso(start.to_numpy(), unit="ms")[0] if len(start) else None
    utc = "T0" if text is None else str(text).removesuffix(".000").replace("T", " ")
    sources = shown["t0_source"].drop_nulls().unique().sort().to_list()
    return f"{utc} UTC" + (f", T0: {', '.join(sources)}" if sources else "")


def log_time_axis(drawn: Any, shown: pl.DataFrame, start: pl.Series) -> None:
    """Label a logarithmic axis of the time since T0."""
    theme.log_axis(drawn.xaxis[0])
    drawn.xaxis.axis_label = f"time since {_t0_label(shown, start)} (s)"


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
