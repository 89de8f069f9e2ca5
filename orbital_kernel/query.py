"""Questions, planned: what the server evaluates, what is left for here, and why.

A Query compiles to clauses VAST can push down (AND across columns, OR within one) and an
exact residual in Polars. Cones become HEALPix ranges on the `healpix` column, then exact
separations; times are pushed to the microsecond the client can send, then compared to
the nanosecond.
"""

import json
import time as clock
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pyarrow as pa

from orbital_kernel import schema, sky, times
from orbital_kernel.errors import QueryError
from orbital_kernel.frames import frame_of
from orbital_kernel.predicate import (
    Clause,
    Contains,
    Equal,
    NotNull,
    Null,
    Prefix,
    Range,
    Value,
)
from orbital_kernel.store import Store

LARGE_TABLE_ROWS = 5_000_000
MAX_SKY_RANGES = 32
MAX_SET = 10_000


@dataclass(frozen=True)
class Cone:
    """A circle on the sky: centre in ICRS degrees, radius in arcminutes."""

    ra: float
    dec: float
    radius_arcmin: float

    def __post_init__(self) -> None:
        """Refuse positions that are none."""
        _check_position(self.ra, self.dec)
        if not 0 < self.radius_arcmin <= 180 * 60:
            raise QueryError(
                f"a cone's radius is above 0 and at most 10800 arcmin, not {self.radius_arcmin}"
            )


@dataclass(frozen=True)
class Box:
    """RA from `ra_min` east to `ra_max` (may cross 0), Dec between; ICRS degrees."""

    ra_min: float
    ra_max: float
    dec_min: float
    dec_max: float

    def __post_init__(self) -> None:
        """Refuse positions that are none."""
        _check_position(self.ra_min, self.dec_min)
        _check_position(self.ra_max, self.dec_max)
        if self.dec_min >= self.dec_max:
            raise QueryError(
                f"a box needs dec_min < dec_max, not {self.dec_min} and {self.dec_max}"
            )


@dataclass(frozen=True)
class TimeSpan:
    """From `start` to `stop`, both included; ISO text or datetime in UTC."""

    start: str | datetime | None = None
    stop: str | datetime | None = None
    column: str = "time"


@dataclass(frozen=True)
class Query:
    """One question to one table; every part given must hold.

    `ranges` maps a column to (low, high), None unbounded; `sets` a column to the values
    allowed; `where` is evaluated here, after everything the server could do.
    """

    table: str
    columns: tuple[str, ...] | None = None
    cone: Cone | None = None
    box: Box | None = None
    time: TimeSpan | None = None
    ranges: Mapping[str, tuple[Value | None, Value | None]] = field(
        default_factory=dict
    )
    sets: Mapping[str, Sequence[Value]] = field(default_factory=dict)
    null: Sequence[str] = ()
    not_null: Sequence[str] = ()
    prefix: Mapping[str, str] = field(default_factory=dict)
    contains: Mapping[str, str] = field(default_factory=dict)
    where: pl.Expr | None = None
    limit: int | None = None
    full_scan: bool = False


@dataclass(frozen=True)
class Plan:
    """A compiled query: clauses for the server, filters for here."""

    query: Query
    pushed: tuple[Clause, ...]
    residual: tuple[tuple[str, pl.Expr], ...]
    columns: tuple[str, ...]
    sort_key: tuple[str, ...]

    @property
    def follows_sort_key(self) -> bool:
        """Whether a pushed clause is on the leading sort column."""
        return bool(self.sort_key) and self.sort_key[0] in {
            c.column for c in self.pushed
        }


@dataclass(frozen=True)
class Explain:
    """How a query was answered; `rows_read` is null where the server does not tell."""

    table: str
    pushed: list[str]
    residual: list[str]
    sort_key: list[str]
    sky_ranges: int
    rows_read: int | None
    rows_stored: int
    rows_fetched: int
    rows_returned: int
    bytes: int
    milliseconds: float
    stages: dict[str, float]
    engine: str

    def __str__(self) -> str:
        """Return the explanation in lines people can read."""
        read = "not told" if self.rows_read is None else f"{self.rows_read:,}"
        lines = [
            f"{self.table}: {self.rows_returned:,} rows in {self.milliseconds:.1f} ms ({self.engine})",
            f"  sorted by  {', '.join(self.sort_key) or 'nothing'}",
            f"  rows read  {read} of {self.rows_stored:,}; fetched {self.rows_fetched:,}",
            *(
                f"  pushed     {text}"
                for text in self.pushed or ["nothing: the whole table"]
            ),
            *(f"  done here  {text}" for text in self.residual),
            "  stages     "
            + ", ".join(f"{k} {v:.1f} ms" for k, v in self.stages.items()),
        ]
        return "\n".join(lines)


@dataclass(frozen=True)
class Answer:
    """Rows and how they were found."""

    frame: pl.DataFrame
    how: Explain

    def explain(self) -> Explain:
        """Return how it was answered."""
        return self.how


def plan(query: Query) -> Plan:
    """Compile a query; raises QueryError for columns or values it cannot have."""
    wanted = schema.table(query.table)
    known = {column.name: column.type for column in wanted.columns}
    used = [
        *query.ranges,
        *query.sets,
        *query.null,
        *query.not_null,
        *query.prefix,
        *query.contains,
    ]
    used += [query.time.column] if query.time else []
    used += ["ra", "dec", "healpix"] if query.cone or query.box else []
    unknown = [c for c in (*used, *(query.columns or ())) if c not in known]
    if unknown:
        raise QueryError(
            f"{query.table} has no column {', '.join(map(repr, unknown))}; it has {', '.join(known)}"
        )
    pushed: list[Clause] = []
    residual: list[tuple[str, pl.Expr]] = []
    for clause, rest in (*_sky(query), *_time(query)):
        pushed.append(clause)
        residual.append(rest)
    pushed += [_range(name, pair, known[name]) for name, pair in query.ranges.items()]
    pushed += [_set(name, values) for name, values in query.sets.items()]
    pushed += [Clause(name, (Null(),)) for name in query.null]
    pushed += [Clause(name, (NotNull(),)) for name in query.not_null]
    pushed += [Clause(name, (Prefix(text),)) for name, text in query.prefix.items()]
    pushed += [Clause(name, (Contains(text),)) for name, text in query.contains.items()]
    if query.where is not None:
        residual.append((str(query.where), query.where))
    return Plan(
        query,
        tuple(pushed),
        tuple(residual),
        _columns(query, residual, list(known)),
        wanted.sort,
    )


def run(query: Query, store: Store) -> Answer:
    """Answer a query.

    Raises QueryError where it would scan a large table whole without `full_scan`.
    """
    start = clock.perf_counter()
    planned = plan(query)
    at_plan = clock.perf_counter()
    query_id = uuid.uuid4().hex
    limit = None if planned.residual else query.limit
    with store.transaction() as tx:
        stored = tx.rows(query.table)
        if (
            not planned.pushed
            and query.limit is None
            and not query.full_scan
            and stored > LARGE_TABLE_ROWS
        ):
            raise QueryError(
                f"{query.table} holds {stored:,} rows and nothing selective was asked: give a cone, "
                f"a time span or ranges (it is sorted by {', '.join(planned.sort_key) or 'nothing'}), "
                "or full_scan=True"
            )
        rows = (
            tx.select(
                query.table,
                planned.pushed,
                columns=planned.columns,
                limit=limit,
                query_id=query_id,
            )
            if all(clause.any_of for clause in planned.pushed)
            else schema.table(query.table).arrow.empty_table().select(planned.columns)
        )
    at_rows = clock.perf_counter()
    frame = frame_of(rows).filter(*[expr for _, expr in planned.residual])
    frame = frame.select(query.columns or planned.columns).head(
        query.limit or len(frame)
    )
    end = clock.perf_counter()
    stages = {
        "plan": at_plan - start,
        "server": at_rows - at_plan,
        "local": end - at_rows,
    }
    return Answer(
        frame,
        Explain(
            table=query.table,
            pushed=[str(clause) for clause in planned.pushed],
            residual=[text for text, _ in planned.residual],
            sort_key=list(planned.sort_key),
            sky_ranges=max(
                (len(c.any_of) for c in planned.pushed if c.column == "healpix"),
                default=0,
            ),
            rows_read=store.told(query_id).rows_read,
            rows_stored=stored,
            rows_fetched=len(rows),
            rows_returned=len(frame),
            bytes=rows.nbytes,
            milliseconds=round(1e3 * (end - start), 3),
            stages={name: round(1e3 * seconds, 3) for name, seconds in stages.items()},
            engine=store.settings.engine,
        ),
    )


def ledger_row(query: Query, how: Explain, *, kind: str, who: str) -> pa.Table:
    """Return the row of ops.queries one answer leaves."""
    told = asdict(how)
    row = {
        "asked": datetime.now(UTC).replace(tzinfo=None),
        "who": who,
        "kind": kind,
        "predicate": repr(query),
        "pushed": json.dumps(told["pushed"]),
        "residual": json.dumps(told["residual"]),
        "stages": json.dumps(told["stages"]),
        **{
            k: told[k]
            for k in (
                "table",
                "rows_returned",
                "rows_read",
                "rows_stored",
                "bytes",
                "milliseconds",
                "engine",
            )
        },
    }
    return schema.conform(pa.Table.from_pylist([row]), schema.table("ops.queries"))


def _check_position(ra: float, dec: float) -> None:
    if not (0 <= ra <= 360 and -90 <= dec <= 90):
        raise QueryError(
            f"RA is within 0..360 and Dec within -90..90 degrees, not {ra} and {dec}"
        )


def _sky(query: Query) -> list[tuple[Clause, tuple[str, pl.Expr]]]:
    found = []
    if query.cone:
        found.append(_cone(query.cone))
    if query.box:
        found.append(_box(query.box))
    return found


def _cone(cone: Cone) -> tuple[Clause, tuple[str, pl.Expr]]:
    radius = cone.radius_arcmin / 60
    ranges = sky.cone_ranges(cone.ra, cone.dec, radius, max_ranges=MAX_SKY_RANGES)
    text = f"separation from ({cone.ra}, {cone.dec}) <= {cone.radius_arcmin} arcmin"

    def within(position: pl.Series) -> pl.Series:
        ra, dec = (position.struct.field(n).to_numpy() for n in ("ra", "dec"))
        return pl.Series(sky.separation_deg(cone.ra, cone.dec, ra, dec) <= radius)

    exact = pl.struct("ra", "dec").map_batches(within, return_dtype=pl.Boolean)
    return _healpix(ranges), (text, exact)


def _box(box: Box) -> tuple[Clause, tuple[str, pl.Expr]]:
    ranges = sky.zone_ranges(
        box.ra_min, box.ra_max, box.dec_min, box.dec_max, max_ranges=MAX_SKY_RANGES
    )
    east = pl.col("ra").is_between(box.ra_min, box.ra_max)
    if box.ra_min > box.ra_max:
        east = (pl.col("ra") >= box.ra_min) | (pl.col("ra") <= box.ra_max)
    text = f"RA {box.ra_min}..{box.ra_max}, Dec {box.dec_min}..{box.dec_max}"
    return _healpix(ranges), (
        text,
        east & pl.col("dec").is_between(box.dec_min, box.dec_max),
    )


def _healpix(ranges: Sequence[tuple[int, int]]) -> Clause:
    return Clause(
        "healpix", tuple(Range(int(low), int(high) - 1) for low, high in ranges)
    )


def _time(query: Query) -> list[tuple[Clause, tuple[str, pl.Expr]]]:
    span = query.time
    if span is None or (span.start is None and span.stop is None):
        return []
    low, high = (None if t is None else _tt(t) for t in (span.start, span.stop))
    clause = Clause(span.column, (Range(_microsecond(low, 0), _microsecond(high, 1)),))
    column = pl.col(span.column)
    exact = [
        *([] if low is None else [column >= pl.lit(low).cast(pl.Datetime("ns"))]),
        *([] if high is None else [column <= pl.lit(high).cast(pl.Datetime("ns"))]),
    ]
    text = f"{span.column} within {span.start or '…'} .. {span.stop or '…'} UTC to the nanosecond"
    return [(clause, (text, pl.all_horizontal(exact)))]


def _tt(instant: str | datetime) -> np.datetime64:
    if isinstance(instant, datetime):
        instant = (instant.astimezone(UTC) if instant.tzinfo else instant).replace(
            tzinfo=None
        )
    try:
        tt: np.datetime64 = times.tt_from_utc(
            np.datetime64(instant) if isinstance(instant, datetime) else instant
        )[0]
    except ValueError as error:
        raise QueryError(str(error)) from error
    if np.isnat(tt):
        raise QueryError(f"a time span needs a time, not {instant!r}")
    return tt


def _microsecond(tt: np.datetime64 | None, up: int) -> datetime | None:
    """Round outwards to the microsecond, the finest time the client can send."""
    if tt is None:
        return None
    whole: datetime = tt.astype("datetime64[us]").item()
    return whole + timedelta(microseconds=up)


def _range(
    name: str, pair: tuple[Value | None, Value | None], kind: pa.DataType
) -> Clause:
    low, high = pair
    if low is None and high is None:
        raise QueryError(f"the range of {name!r} has neither a low nor a high end")
    if pa.types.is_string(kind) and not all(isinstance(v, str | None) for v in pair):
        raise QueryError(f"{name!r} is text: give its range as text, not {pair}")
    return Clause(name, (Range(low, high),))


def _set(name: str, values: Sequence[Value]) -> Clause:
    if len(values) > MAX_SET:
        raise QueryError(
            f"{len(values):,} values for {name!r} do not fit one request (at most {MAX_SET:,}): join locally instead"
        )
    return Clause(name, tuple(Equal(value) for value in values))


def _columns(
    query: Query, residual: Sequence[tuple[str, pl.Expr]], known: Sequence[str]
) -> tuple[str, ...]:
    if query.columns is None:
        return tuple(known)
    needed = {name for _, expr in residual for name in expr.meta.root_names()}
    return (
        *query.columns,
        *(n for n in known if n in needed and n not in query.columns),
    )
