"""The rows of cross.findings, kept in place of earlier ones of the same identity."""

from collections.abc import Iterable, Sequence

import polars as pl

from orbital_kernel.model.predicate import Clause, Equal
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
    *("expected", "evidence", "simulated"),
)


def keep(orbital: Session, rows: pl.DataFrame) -> None:
    """Store findings in place of earlier ones of the same rows."""
    ids = rows["finding_id"].to_list()
    with orbital.store.transaction() as tx:
        for part in parts_of(ids):
            tx.delete(TABLE, [Clause("finding_id", tuple(map(Equal, part)))])
        tx.insert(TABLE, rows.to_arrow())


def parts_of(values: Sequence[str]) -> Iterable[list[str]]:
    """Return values in lists of at most AT_ONCE."""
    return (list(values[k : k + AT_ONCE]) for k in range(0, len(values), AT_ONCE))
