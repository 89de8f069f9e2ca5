"""Quality checks of frames, as rows of ops.quality: the measured value and its limit.

The columns of a frame decide which checks it gets. What cannot be judged is 'unknown',
never 'ok'. The caller gives the time of the check.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from orbital_kernel.science.columns import TT, finite

STATES = ("ok", "warn", "bad", "unknown")

_SCHEMA: Mapping[str, pl.DataType] = {
    "checked": pl.Datetime("ns"),
    "subject": pl.String(),
    "check": pl.String(),
    "state": pl.String(),
    "value": pl.Float64(),
    "limit": pl.Float64(),
    "unit": pl.String(),
    "reason": pl.String(),
}


@dataclass(frozen=True)
class Finding:
    """One check's outcome: `value` of `unit` against `limit`, and in words."""

    state: str
    value: float | None
    limit: float | None
    unit: str
    reason: str


@dataclass(frozen=True)
class Check:
    """One check: the columns it needs, and the function that judges them."""

    name: str
    needs: tuple[str, ...]
    find: Callable[[pl.DataFrame], Finding]


def checks(frame: pl.DataFrame, *, subject: str, checked: datetime) -> pl.DataFrame:
    """Return `ops.quality` rows of every check that the frame's columns allow.

    Parameters
    ----------
    frame
        Rows of any table.
    subject
        Name of the frame in the rows.
    checked
        Time of the check (UTC).

    Returns
    -------
    polars.DataFrame
        checked (UTC), subject, check, state ('ok', 'warn', 'bad', 'unknown'), value and
        limit (in `unit`), unit, reason. An empty frame gives one row of state 'unknown'.

    Examples
    --------
    >>> from datetime import datetime
    >>> import polars as pl
    >>> from orbital_kernel.science.quality import checks
    >>> frame = pl.DataFrame({"ra": [10.0, 400.0], "dec": [0.0, 0.0]})
    >>> rows = checks(frame, subject="example", checked=datetime(2026, 1, 1))
    >>> rows.filter(check="position in range")["state"][0]
    'bad'
    """
    if frame.is_empty():
        nothing = Finding("unknown", 0.0, None, "rows", "there are no rows to check")
        return _rows([("rows", nothing)], subject, checked)
    findings = [
        (check.name, check.find(frame))
        for check in CHECKS
        if all(name in frame.columns for name in check.needs)
    ]
    return _rows(findings, subject, checked)


def board(quality: pl.DataFrame) -> pl.DataFrame:
    """Return one row per subject: its worst state, counts by state, and the reasons.

    Parameters
    ----------
    quality
        Rows of ops.quality; of several runs of a check the newest counts.

    Returns
    -------
    polars.DataFrame
        subject, state, ok, warn, bad, unknown (counts), checked (UTC), why. The worst
        subjects are first; unknown is worse than ok.
    """
    newest = quality.sort("checked").unique(["subject", "check"], keep="last")
    rank = pl.col("state").replace_strict(_RANK, default=_RANK["unknown"])
    ranked = newest.with_columns(rank.alias("rank")).sort("subject", "rank", "check")
    wrong = pl.col("state") != "ok"
    return (
        ranked.group_by("subject", maintain_order=True)
        .agg(
            pl.col("state").get(pl.col("rank").arg_min()).alias("state"),
            *((pl.col("state") == state).sum().alias(state) for state in STATES),
            pl.col("checked").max(),
            (pl.col("check") + ": " + pl.col("reason"))
            .filter(wrong)
            .str.join("; ")
            .alias("why"),
            pl.col("rank").min(),
        )
        .sort("rank", "subject")
        .drop("rank")
    )


_RANK = {"bad": 0, "warn": 1, "unknown": 2, "ok": 3}


def _rows(
    findings: Iterable[tuple[str, Finding]], subject: str, checked: datetime
) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {"checked": checked, "subject": subject, "check": name} | vars(finding)
            for name, finding in findings
        ],
        schema=_SCHEMA,
    )


def _share(
    bad: int, total: int, *, allowed: float, fault: str, worse: str = "bad"
) -> Finding:
    """Judge a share of rows: none is ok, up to `allowed` warns, more is `worse`."""
    share = bad / total if total else 0.0
    state = "ok" if bad == 0 else "warn" if share <= allowed else worse
    return Finding(state, share, allowed, "", f"{bad:,} of {total:,} rows {fault}")


def _count(frame: pl.DataFrame, condition: pl.Expr) -> int:
    return int(frame.select(condition.fill_null(value=False).sum()).item())


def _no_time(frame: pl.DataFrame) -> Finding:
    bad = frame["time"].null_count()
    return _share(bad, frame.height, allowed=0.05, fault="have no time")


def _order(frame: pl.DataFrame) -> Finding:
    by = [name for name in ("series", "channel") if name in frame.columns]
    step = pl.col("time").cast(TT).cast(pl.Int64).diff()
    back = step.over(by) < 0 if by else step < 0
    return _share(
        _count(frame, back), frame.height, allowed=1.0, fault="go back in time"
    )


def _duplicates(frame: pl.DataFrame) -> Finding:
    """Judge rows that agree in everything but where they came from."""
    origin = {"file_sha256", "file_row", "extra"}
    rows = frame.select(name for name in frame.columns if name not in origin)
    bad = frame.height - rows.n_unique()
    return _share(bad, frame.height, allowed=0.0, fault="repeat another")


def _positions(frame: pl.DataFrame) -> Finding:
    ra, dec = pl.col("ra"), pl.col("dec")
    wrong = ~(ra.is_between(0, 360, closed="left") & dec.is_between(-90, 90))
    bad = _count(frame, wrong | ra.is_nan() | dec.is_nan())
    return _share(bad, frame.height, allowed=0.0, fault="lie outside the sky")


def _no_position(frame: pl.DataFrame) -> Finding:
    bad = _count(frame, pl.col("ra").is_null() | pl.col("dec").is_null())
    return _share(
        bad, frame.height, allowed=0.05, fault="have no position", worse="warn"
    )


def _zero_errors(column: str, value: str) -> Callable[[pl.DataFrame], Finding]:
    def find(frame: pl.DataFrame) -> Finding:
        data = finite(value).is_not_null()
        if "is_limit" in frame.columns:
            data &= ~pl.col("is_limit").fill_null(value=False)
        bad, total = _count(frame, data & (pl.col(column) <= 0)), _count(frame, data)
        return _share(
            bad, total, allowed=0.0, fault=f"with {value} have no error above 0"
        )

    return find


def _empty(column: str) -> Callable[[pl.DataFrame], Finding]:
    def find(frame: pl.DataFrame) -> Finding:
        bad = _count(frame, finite(column).is_null())
        return _share(
            bad, frame.height, allowed=0.5, fault=f"have no {column}", worse="warn"
        )

    return find


def _no_band(frame: pl.DataFrame) -> Finding:
    nm = (
        pl.col("band_low_nm").is_null()
        if "band_low_nm" in frame.columns
        else pl.lit(value=True)
    )
    bad = _count(frame, pl.col("band_low_kev").is_null() & nm)
    return _share(
        bad, frame.height, allowed=0.0, fault="have no band edges", worse="warn"
    )


def _gaps(frame: pl.DataFrame) -> Finding:
    """Judge the time between bins that no bin covers, as a share of the series' span."""
    by = [name for name in ("series", "channel") if name in frame.columns]
    start, width = pl.col("time").cast(TT).cast(pl.Int64), pl.col("bin_s") * 1e9
    gap = start - (start + width.cast(pl.Int64)).shift(1)
    open_ = pl.when(gap > (width / 2).cast(pl.Int64)).then(gap)
    by_series = (
        frame.filter(pl.col("time").is_not_null())
        .sort(*by, "time")
        .group_by(by or pl.lit(0))
        .agg(
            (start.max() - start.min()).alias("span"),
            open_.sum().alias("lost"),
            open_.count().alias("gaps"),
            open_.max().fill_null(0).alias("longest"),
        )
    )
    gaps, span = int(by_series["gaps"].sum()), int(by_series["span"].sum())
    longest = max(by_series["longest"].to_list(), default=0) / 1e9
    return Finding(
        "warn" if gaps else "ok",
        int(by_series["lost"].sum()) / span if span else 0.0,
        0.0,
        "",
        f"{gaps:,} gaps, the longest {longest:,.1f} s",
    )


def _finite(frame: pl.DataFrame) -> Finding:
    floats = [n for n, kind in frame.schema.items() if kind.is_float()]
    bad = sum(
        _count(frame, pl.col(n).is_nan() | pl.col(n).is_infinite()) for n in floats
    )
    return _share(
        bad,
        frame.height * len(floats),
        allowed=0.0,
        fault="and columns hold NaN or infinity",
    )


def _limits(frame: pl.DataFrame) -> Finding:
    bad = _count(frame, pl.col("is_limit") & ~(pl.col("value") > 0))
    return _share(
        bad, frame.height, allowed=0.0, fault="are limits without a value above 0"
    )


CHECKS: tuple[Check, ...] = (
    Check("time known", ("time",), _no_time),
    Check("time order", ("time",), _order),
    Check("duplicates", (), _duplicates),
    Check("numbers finite", (), _finite),
    Check("position in range", ("ra", "dec"), _positions),
    Check("position known", ("ra", "dec"), _no_position),
    Check("gaps", ("time", "bin_s"), _gaps),
    Check("rate known", ("rate",), _empty("rate")),
    Check("rate errors", ("rate", "rate_err"), _zero_errors("rate_err", "rate")),
    Check("value known", ("value",), _empty("value")),
    Check(
        "value errors",
        ("value", "value_err_plus"),
        _zero_errors("value_err_plus", "value"),
    ),
    Check("limits", ("is_limit", "value"), _limits),
    Check("band known", ("band_low_kev",), _no_band),
)
