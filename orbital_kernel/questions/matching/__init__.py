"""Sources of several observatories matched: planned, cut into tiles, stored in `cross`."""

import time as clock
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime

import numpy as np

from orbital_kernel.database import Store
from orbital_kernel.errors import QueryError, StoreError
from orbital_kernel.model.predicate import Clause, Null
from orbital_kernel.model.times import tt_from_utc
from orbital_kernel.query.given import given_region, given_separation
from orbital_kernel.questions.asking import Session, require_observatories
from orbital_kernel.questions.matching import marks
from orbital_kernel.questions.matching.held import Held, hold
from orbital_kernel.questions.matching.plan import MOST_ROWS, make_plan
from orbital_kernel.questions.matching.reading import Choice
from orbital_kernel.questions.matching.result import Matching
from orbital_kernel.questions.matching.survey import wide_ranges
from orbital_kernel.questions.matching.task import (
    Plan,
    Summary,
    Tile,
)
from orbital_kernel.questions.matching.tile import run_tile
from orbital_kernel.questions.matching.workers import (
    Done,
    by_dask,
    cores,
    in_processes,
    in_threads,
)

__all__ = ["Matching", "Progress", "match", "no_progress"]

TABLES = ("objects", "associations", "pairs", "identities", "tiles")
FEW_ROWS = 250_000
"""Of fewer, one tile after the other is done here."""
EARLIEST, LATEST = 1800.0, 2200.0
Progress = Callable[[int, int], None]
"""Called with the rows matched so far, and all rows."""


def no_progress(_done: int, _total: int) -> None:
    """Show nothing."""


def match(
    orbital: Session,
    names: Sequence[str],
    *,
    region: tuple[float, float, float] | None = None,
    within_arcsec: float | None = None,
    dask: str | None = None,
    workers: int | None = None,
    brightness: str | None = None,
    epoch: float | None = None,
    most_rows: int = MOST_ROWS,
    progress: Progress = no_progress,
) -> Matching:
    """Match the sources of observatories and store pairs, objects and associations.

    A match that was interrupted continues behind its finished tiles, if the catalogues
    have not changed.
    """
    _check(names, region, within_arcsec)
    _check_choice(brightness, epoch)
    start = clock.perf_counter()
    store = orbital.store
    _prepare(store)
    choice = Choice(brightness, epoch)
    ranges = [] if region is None else wide_ranges(region)
    alone = dask is None and workers is None
    held = hold(store, names, ranges, choice) if alone else None
    plan = make_plan(
        store,
        names,
        within_arcsec=within_arcsec,
        region=region,
        most_rows=most_rows,
        choice=choice,
        held=held,
    )
    total = sum(tile.rows for tile in plan.tiles)
    finished = marks.finished_tiles(store, plan.run_id)
    tiles = [t for t in plan.tiles if (t.low, t.high) not in finished]
    summaries: dict[tuple[int, int], Summary] = dict(finished)
    done = total - sum(tile.rows for tile in tiles)
    progress(done, total)
    run = _run(store, plan, tiles, held, dask=dask, workers=workers)
    with _ended(store, plan.run_id), closing(run):
        for tile, summary in run:
            summaries[tile.low, tile.high] = summary
            done += tile.rows
            progress(done, total)
    marks.forget(store, plan.run_id)
    return Matching(
        store,
        plan,
        tuple(names),
        tuple(summaries[t.low, t.high] for t in plan.tiles),
        clock.perf_counter() - start,
    )


def _run(
    store: Store,
    plan: Plan,
    tiles: Sequence[Tile],
    held: Held | None,
    *,
    dask: str | None,
    workers: int | None,
) -> Done:
    now = tt_now()
    if dask is not None:
        return by_dask(store, plan, tiles, now, dask)
    if held is None:
        return in_processes(store, plan, tiles, now, workers)
    threads = 1 if sum(tile.rows for tile in tiles) <= FEW_ROWS else cores()
    return in_threads(
        lambda tile: run_tile(store, plan, tile, now, held), tiles, threads
    )


def tt_now() -> datetime:
    """Return the present time on the TT scale, without zone."""
    utc = np.array([datetime.now(UTC).replace(tzinfo=None)], "datetime64[ns]")
    now: datetime = tt_from_utc(utc)[0].astype("datetime64[us]").item()
    return now


def _check(
    names: Sequence[str],
    region: tuple[float, float, float] | None,
    within_arcsec: float | None,
) -> None:
    require_observatories(*names)
    if len(names) < 2 or len(set(names)) < len(names):
        raise QueryError(
            f"a match is of two or more different observatories, not of "
            f"{', '.join(names) or 'none'}: name for instance swift and chandra"
        )
    if region is not None:
        given_region(region)
    if within_arcsec is not None:
        given_separation("within_arcsec", within_arcsec, "arcsec")


def _check_choice(brightness: str | None, epoch: float | None) -> None:
    if brightness is not None and not brightness.isidentifier():
        raise QueryError(
            f"a brightness is flux or the name of a number in `extra`, not {brightness!r}"
        )
    if epoch is not None and not EARLIEST <= epoch <= LATEST:
        raise QueryError(
            f"an epoch is a Julian year from {EARLIEST:g} to {LATEST:g}, such as 2016.0, "
            f"not {epoch:g}"
        )


def _prepare(store: Store) -> None:
    """Create and widen the tables of a match; drop objects of before there were tiles."""
    actual = store.actual()
    with store.transaction() as tx:
        for name in (f"cross.{table}" for table in TABLES):
            if name not in actual:
                tx.create(name)
            else:
                tx.widen(name)
                tx.arrange(name)
        tx.delete("cross.associations", [Clause("healpix", (Null(),))])


@contextmanager
def _ended(store: Store, run_id: str) -> Iterator[None]:
    """Roll back what is open if the match is stopped or fails."""
    try:
        yield
    except BaseException:
        with suppress(StoreError):  # the database does not answer: it ends it by itself
            marks.end(store, run_id)
        raise
