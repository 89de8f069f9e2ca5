"""Which findings beyond the limits of alerts are news; all of them are kept.

A finding gives no alert if

1. it is of a burst, or at the place of one, within a year of the date in its name: that
   burst was announced, and its light fades;
2. it has neither a time nor an observation, such as a mean in a catalogue;
3. its time is more than a day before the newest earlier flux or limit at its place;
4. its time is more than 30 days before the newest point stored, of any observatory.

A source has the time of its observation. Rules 1, 3 and 4 do not hold for a finding
whose time is not known: it is an alert.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import polars as pl

from orbital_kernel.model.observatory import observatories
from orbital_kernel.model.spelling import normalised
from orbital_kernel.query import Answer, Query
from orbital_kernel.query.extremes import Largest
from orbital_kernel.questions.asking import Session, together
from orbital_kernel.questions.comparison import KEY_CONTENT

DAY = timedelta(days=1)
FADING_DAYS, PAST_DAYS = 365, 30
AFTERGLOW = f"of a known burst, within {FADING_DAYS} days of it"
MEAN = "without time and observation, such as a mean in a catalogue"
BEFORE = "more than a day before what is known at its place"
PAST = f"more than {PAST_DAYS} days before the newest point stored"
REPEATED = "another row of its file and object gives the alert"
BURST = re.compile(r"grb(\d\d)(\d\d)(\d\d)")
CENTURY = 60
"""Two digits of a year from here on are of the 20th century."""
INSTANT = pl.Datetime("ns")
POINTS, OBSERVATIONS, OBSERVED = "photometry", "observations", "observed"


def judged(
    orbital: Session, rows: pl.DataFrame, beyond: pl.Expr, answers: list[Answer]
) -> pl.DataFrame:
    """Return compared rows, by p-value, with `alert` and `not_alerted`: why not.

    Only rows beyond the limits have a reason. The first of a file and object that is
    news is the alert. The database is asked only if a row is beyond the limits.
    """
    is_beyond = rows.select(beyond.fill_null(value=False)).to_series()
    extreme = rows.filter(is_beyond)
    if len(extreme):
        extreme = _observed(orbital, extreme, answers)
    why = reasons(extreme, _newest(orbital, answers) if len(extreme) else None)
    extreme = extreme.select(
        "table", "object", pl.col("key").str.slice(0, KEY_CONTENT), why
    )
    news = pl.col("why").is_null()
    first = news & (news.cast(pl.Int64).cum_sum().over("table", "object", "key") == 1)
    extreme = extreme.select(
        first.alias("alert"),
        pl.when(news & ~first).then(pl.lit(REPEATED)).otherwise("why").alias("why"),
    )
    places = is_beyond.arg_true()
    return rows.with_columns(
        pl.repeat(False, len(rows), eager=True)
        .scatter(places, extreme["alert"])
        .alias("alert"),
        pl.repeat(None, len(rows), dtype=pl.String, eager=True)
        .scatter(places, extreme["why"])
        .alias("not_alerted"),
    )


def reasons(rows: pl.DataFrame, newest: datetime | None) -> pl.Series:
    """Return, as `why`, the reason why each row gives no alert; null if it gives one."""
    if OBSERVED not in rows.columns:
        rows = rows.with_columns(pl.lit(None, INSTANT).alias(OBSERVED))
    rows = rows.with_columns(pl.coalesce("time", OBSERVED).alias("time"))
    fading = [
        _is_fading((name, *earlier), time)
        for name, earlier, time in rows.select(
            "object", "earlier_objects", pl.col("time").dt.cast_time_unit("us")
        ).iter_rows()
    ]
    time = pl.col("time")
    is_past = time < pl.lit(newest, INSTANT) - timedelta(days=PAST_DAYS)
    is_mean = time.is_null() & (pl.col("obs_id").fill_null("") == "")
    return rows.select(
        pl.when(pl.Series(fading, dtype=pl.Boolean))
        .then(pl.lit(AFTERGLOW))
        .when(is_mean)
        .then(pl.lit(MEAN))
        .when(time < pl.col("newest_earlier") - DAY)
        .then(pl.lit(BEFORE))
        .when(is_past)
        .then(pl.lit(PAST))
        .alias("why")
    ).to_series()


def _is_fading(names: Iterable[str | None], time: datetime | None) -> bool:
    if time is None:
        return False
    days = [day for name in names if name and (day := _day_of(name))]
    return any(-DAY <= time - day <= timedelta(days=FADING_DAYS) for day in days)


@lru_cache(maxsize=4096)
def _day_of(name: str) -> datetime | None:
    """Return the date in the name of a burst; None for names of others."""
    match = BURST.match(normalised(name))
    if match is None:
        return None
    year, month, day = map(int, match.groups())
    try:
        return datetime(year + (1900 if year >= CENTURY else 2000), month, day)  # noqa: DTZ001
    except ValueError:
        return None


def _newest(orbital: Session, answers: list[Answer]) -> datetime | None:
    """Return the time of the newest point stored, not after now; None without points."""
    queries = [
        Query(f"{name}.{POINTS}", ("time",), largest=Largest("time", 1))
        for name in observatories()
    ]
    replies = together(orbital, queries, kind="findings")
    answers += replies
    newest = pl.concat([reply.frame["time"].cast(INSTANT) for reply in replies]).max()
    now = datetime.now(UTC).replace(tzinfo=None) + DAY
    return min(newest, now) if isinstance(newest, datetime) else None


def _observed(
    orbital: Session, rows: pl.DataFrame, answers: list[Answer]
) -> pl.DataFrame:
    """Add the time of the observation to rows without a time of their own."""
    untimed = rows.filter(
        pl.col("time").is_null(), pl.col("obs_id").fill_null("") != ""
    )
    columns = ("obs_id", "time")
    names, queries = [], []
    for (name,), group in untimed.group_by("observatory", maintain_order=True):
        sets = {"obs_id": group["obs_id"].unique().sort().to_list()}
        names.append(str(name))
        queries.append(Query(f"{name}.{OBSERVATIONS}", columns, sets=sets))
    if not queries:
        return rows
    replies = together(orbital, queries, kind="findings")
    answers += replies
    observed = pl.concat(
        reply.frame.select(
            pl.lit(name).alias("observatory"),
            "obs_id",
            pl.col("time").cast(INSTANT).alias(OBSERVED),
        )
        for name, reply in zip(names, replies, strict=True)
    ).unique(["observatory", "obs_id"], keep="last", maintain_order=True)
    keys = ["observatory", "obs_id"]
    return rows.join(observed, on=keys, how="left", maintain_order="left")
