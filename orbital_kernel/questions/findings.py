"""New sources and points compared with all that was known at their place.

Contents are compared in the order they came, a part of the sky at a time. Findings and
how far a run got are stored together, so that the next run continues where one ended.
"""

import json
import logging
import time as clock
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import inf

import polars as pl

from orbital_kernel.errors import QueryError
from orbital_kernel.model.observatory import observatories
from orbital_kernel.model.ops_tables import COMPARED
from orbital_kernel.model.sky import healpix
from orbital_kernel.model.times import parse_utc
from orbital_kernel.query import Answer, Query
from orbital_kernel.questions import due, fluxes, news
from orbital_kernel.questions.asking import Session, joint_explain
from orbital_kernel.questions.comparison import Comparison, Limits
from orbital_kernel.questions.findings_kept import COLUMNS, TABLE, keep
from orbital_kernel.questions.neighbourhoods import (
    Neighbourhood,
    neighbourhoods,
    reading,
)
from orbital_kernel.science.lightcurves import CountsToFlux
from orbital_kernel.science.novelty import compared
from orbital_kernel.science.one_band import BAND_KEV

LOG = logging.getLogger(__name__)
ROWS_AT_ONCE = 200_000
"""New rows that are compared together: whole contents, at least one."""
KEPT_AT_ONCE = 20_000
RULE = ("compared in one band",)


@dataclass
class _Progress:
    """What a run has found and not yet stored."""

    recent: int
    answers: list[Answer]
    deadline: float
    new: int = 0
    files: int = 0
    excluded: dict[str, int] = field(default_factory=dict)
    not_alerted: dict[str, int] = field(default_factory=dict)
    rows: list[pl.DataFrame] = field(default_factory=list)
    unkept: list[pl.DataFrame] = field(default_factory=list)
    settled: int = 0
    since: float = field(default_factory=clock.perf_counter)

    @property
    def over(self) -> bool:
        return clock.perf_counter() >= self.deadline

    @property
    def compared(self) -> int:
        return sum(map(len, self.rows))

    @property
    def alerts(self) -> int:
        return sum(int(rows["alert"].sum()) for rows in self.rows)


def compare_new(
    orbital: Session,
    *,
    since: datetime | None = None,
    limits: Limits | None = None,
    counts_to_flux: Mapping[str, CountsToFlux] | None = None,
    within_s: float | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> Comparison:
    """Compare the rows of contents that are due, or ingested since then, and keep them.

    `since` is UTC. A run ends after `within_s` seconds or when `stopped` answers true,
    behind the part of the sky in progress.
    """
    start, limits = clock.perf_counter(), limits or Limits()
    answers: list[Answer] = []
    contents, recent = due.due(orbital)
    if since is not None:
        contents = due.ingested_since(orbital, since, answers)
    run = _Progress(recent, answers, start + (inf if within_s is None else within_s))
    if len(contents):
        ledger = _ledger(orbital, contents, answers)
        for batch in _batches(contents):
            if run.over or stopped():
                break
            _compare(orbital, batch, ledger, run, limits, counts_to_flux or {}, stopped)
    nothing = compared(_none(), _none())
    empty = _described(news.judged(orbital, nothing, limits.beyond, answers))
    rows = pl.concat([empty, *run.rows]).sort("p_value", "finding_id")
    return Comparison(
        rows,
        rows.filter("alert"),
        run.new,
        run.excluded,
        joint_explain(answers, len(rows), RULE, start) if answers else None,
        run.files,
        len(contents) - run.files,
        round(clock.perf_counter() - start, 3),
        run.not_alerted,
    )


def findings(orbital: Session, since: str | None, kind: str | None) -> Answer:
    """Return the kept findings, rarest first."""
    ranges = {} if since is None else {"found": (_utc(since), None)}
    sets = {} if kind is None else {"kind": [kind]}
    query = Query(TABLE, ranges=ranges, sets=sets, full_scan=True)
    answer = orbital.query(query, kind="findings")
    rows = answer.frame.sort("expected", "finding_id", nulls_last=True)
    return Answer(rows, answer.how, answer.units, answer.ucds)


def _utc(text: str) -> datetime:
    """Return an instant, UTC; QueryError if the text is none."""
    try:
        instant: datetime | None = parse_utc(text).astype("datetime64[us]").item()
    except ValueError as error:
        raise QueryError(f"since is a time in UTC: {error}") from None
    if instant is None:
        raise QueryError(
            f"since is a time in UTC, such as 2026-01-31T12:00, not {text!r}"
        )
    return instant


def _none() -> pl.DataFrame:
    return pl.DataFrame(schema=fluxes.SHAPE)


def _ledger(
    orbital: Session, contents: pl.DataFrame, answers: list[Answer]
) -> pl.DataFrame:
    """Return the contents in the order they came, from the first to be compared on."""
    for begin in (contents["noted"].min(), None):
        ledger = due.ledger(orbital, begin, answers)  # type: ignore[arg-type]
        if contents["sha256"].is_in(ledger["sha256"].implode()).all():
            break  # else some were ingested before, and now again
    return ledger


def _batches(contents: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Yield contents that are compared together, the first ones first."""
    share = pl.col("rows").fill_null(0).cum_sum() // ROWS_AT_ONCE
    yield from contents.with_columns(share.alias("_batch")).partition_by(
        "_batch", maintain_order=True, include_key=False
    )


def _compare(
    orbital: Session,
    batch: pl.DataFrame,
    ledger: pl.DataFrame,
    run: _Progress,
    limits: Limits,
    factors: Mapping[str, CountsToFlux],
    stopped: Callable[[], bool],
) -> None:
    """Compare the rows of some contents, and store the findings and how far it got."""
    order = dict(ledger.select("sha256", "order").iter_rows())
    new = _arrived(orbital, batch, ledger, order, factors, run)
    way = reading(new, lambda: _stored(orbital))
    LOG.info("comparing %d rows: %s", len(new), way)
    for part in neighbourhoods(new, way):
        if run.over or stopped():
            _settle(orbital, run, batch.clear(), batch, part.low)
            return
        pairs = _compared(orbital, part, order, factors, run)
        rows = news.judged(orbital, pairs, limits.beyond, run.answers)
        for (why,), same in rows.drop_nulls("not_alerted").group_by("not_alerted"):
            fluxes.count(run.not_alerted, str(why), len(same))
        rows = _described(rows)
        run.rows.append(rows)
        run.unkept.append(rows)
        run.new += len(part.new)
        if sum(map(len, run.unkept)) >= KEPT_AT_ONCE:
            _settle(orbital, run, batch.clear(), batch, part.high)
    run.files += len(batch)
    _settle(orbital, run, batch, batch.clear(), 0)


def _stored(orbital: Session) -> int:
    """Return how many rows the tables hold that are compared."""
    return sum(
        number
        for name, number in orbital.store.row_counts().items()
        if name.partition(".")[2] in COMPARED
    )


def _arrived(
    orbital: Session,
    batch: pl.DataFrame,
    ledger: pl.DataFrame,
    order: Mapping[str, int],
    factors: Mapping[str, CountsToFlux],
    run: _Progress,
) -> pl.DataFrame:
    """Return the contents' rows, in one band, that are not compared yet."""
    parts = fluxes.read(
        orbital,
        [
            (
                read.observatory,
                read.table,
                {
                    "sets": {"file_sha256": read.contents},
                    "ranges": read.ranges,
                    "full_scan": True,
                },
            )
            for read in due.read_of(batch, ledger)
        ],
        run.answers,
    )
    rows = fluxes.normalised(
        fluxes.placed(parts, run.excluded), order, factors, run.excluded, "new"
    )
    begin = batch["healpix"].min()  # of contents that a run has begun
    if begin is None or batch["healpix"].null_count():
        return rows
    cells = healpix(rows["ra"].to_numpy(), rows["dec"].to_numpy())
    return rows.filter(pl.Series(cells) >= begin)


def _compared(
    orbital: Session,
    part: Neighbourhood,
    order: Mapping[str, int],
    factors: Mapping[str, CountsToFlux],
    run: _Progress,
) -> pl.DataFrame:
    """Return the new rows of one part of the sky, compared with the stored ones there."""
    where: dict[str, object] = {"cone": part.cone} if part.cone else {"full_scan": True}
    parts = fluxes.read(
        orbital,
        [(name, table, where) for name in observatories() for table in COMPARED],
        run.answers,
    )
    stored = fluxes.normalised(parts, order, factors, run.excluded, "earlier")
    before = run.recent + run.compared
    return compared(part.new, stored.unique(["table", "key"]), before=before)


def _settle(
    orbital: Session,
    run: _Progress,
    done: pl.DataFrame,
    begun: pl.DataFrame,
    low: int,
) -> None:
    """Store the findings so far, and which contents are due no more, in one step."""
    report = due.Run(
        len(done),
        run.new - run.settled,
        sum(map(len, run.unkept)),
        sum(int(rows["alert"].sum()) for rows in run.unkept),
        round(clock.perf_counter() - run.since, 3),
        run.excluded,
    )
    rows = pl.concat(run.unkept) if run.unkept else pl.DataFrame()
    keep(orbital, rows, lambda tx: due.settle(tx, done, begun, low, report))
    run.settled, run.since, run.unkept = run.new, clock.perf_counter(), []


def _described(rows: pl.DataFrame) -> pl.DataFrame:
    """Return compared rows as rows of cross.findings."""
    now = datetime.now(UTC).replace(tzinfo=None)
    evidence = [
        json.dumps(
            {
                "null": "constant within the errors of fluxes and conversion",
                "earlier": row["earlier_keys"],
                "earlier_detections": row["earlier_detections"],
                "is_limit": row["is_limit"],
                **({"not_alerted": why} if (why := row["not_alerted"]) else {}),
            }
        )
        for row in rows.select(
            "earlier_keys", "earlier_detections", "is_limit", "not_alerted"
        ).to_dicts()
    ]
    cells = healpix(rows["ra"].to_numpy(), rows["dec"].to_numpy())
    return rows.with_columns(
        pl.format("new-detection {} {}", "table", "key").alias("finding_id"),
        pl.lit(now, pl.Datetime("ns")).alias("found"),
        pl.Series("healpix", cells, dtype=pl.Int64),
        pl.lit(BAND_KEV[0]).alias("band_low_kev"),
        pl.lit(BAND_KEV[1]).alias("band_high_kev"),
        pl.Series("evidence", evidence, dtype=pl.String),
    ).select(COLUMNS)
