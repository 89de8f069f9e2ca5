"""The rows of cross.findings, kept in place of earlier ones of the same identity."""

from collections.abc import Callable, Iterable, Sequence

import polars as pl

from orbital_kernel.database import Transaction
from orbital_kernel.model.frames import frame_of
from orbital_kernel.model.predicate import Clause, Equal, Range
from orbital_kernel.questions.asking import Session

TABLE = "cross.findings"
AT_ONCE = 200
COLUMNS = (
    *(
        "finding_id",
        "kind",
        "found",
        "object",
        "observatory",
        "table",
        "key",
        "ra",
        "dec",
    ),
    *("healpix", "time", "flux", "flux_low", "flux_high", "band_low_kev"),
    *("band_high_kev", "ratio_brightest", "ratio_brightest_low"),
    *("ratio_brightest_high", "ratio_faintest", "ratio_faintest_low"),
    *("ratio_faintest_high", "earlier", "comparisons", "statistic", "p_value"),
    *("expected", "evidence", "simulated", "alert"),
)


def keep(
    orbital: Session,
    rows: pl.DataFrame,
    then: Callable[[Transaction], None] = lambda _tx: None,
) -> None:
    """Store findings in place of earlier ones of the same rows.

    `then` is called in the same transaction.
    """
    with orbital.store.transaction() as tx:
        if len(rows):
            for part in parts_of(_stored_before(tx, rows)):
                tx.delete(TABLE, [Clause("finding_id", tuple(map(Equal, part)))])
            tx.insert(TABLE, rows.to_arrow())
        then(tx)


def _stored_before(tx: Transaction, rows: pl.DataFrame) -> list[str]:
    """Return the identities that are stored already, read near the new ones' places."""
    cells = rows["healpix"]
    low, high = cells.min(), cells.max()
    bounded = not cells.null_count() and isinstance(low, int) and isinstance(high, int)
    near = [Clause("healpix", (Range(low, high),))] if bounded else []  # type: ignore[arg-type]
    stored = frame_of(tx.select(TABLE, near, columns=["finding_id"]))["finding_id"]
    return stored.filter(stored.is_in(rows["finding_id"].implode())).to_list()


def parts_of(values: Sequence[str]) -> Iterable[list[str]]:
    """Return values in lists of at most AT_ONCE."""
    return (list(values[k : k + AT_ONCE]) for k in range(0, len(values), AT_ONCE))
