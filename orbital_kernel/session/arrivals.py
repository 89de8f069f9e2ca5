"""What an ingest does with the rows it has just written: checks them, and compares them."""

import logging
from typing import TYPE_CHECKING

from orbital_kernel.errors import OrbitalError

if TYPE_CHECKING:
    from orbital_kernel.ingest import Compared, IngestReport
    from orbital_kernel.questions.asking import Session
    from orbital_kernel.questions.quality import Quality
    from orbital_kernel.questions.quality_ingest import Watched

LOG = logging.getLogger(__name__)
COMPARE_S = 60.0
"""Time after which an ingest leaves comparisons to the next one, s."""


def checked(
    quality: "Quality", watched: "Watched", report: "IngestReport"
) -> tuple[str, ...]:
    """Record the quality of the rows just written; return what is bad, in words."""
    if not watched.rows:
        return ()
    from polars.exceptions import PolarsError

    try:
        found = watched.measured(len(report.in_state("ingested")))
        rows = quality.record(
            found, scope="ingest", simulated=watched.simulated
        ).filter(state="bad")
    except (OrbitalError, PolarsError):
        LOG.warning(
            "the rows are stored, but their quality was not checked", exc_info=True
        )
        return ("the quality checks failed: see the log",)
    return tuple(
        f"{row['name']} of {row['subject']}: {row['evidence']}"
        for row in rows.to_dicts()
    )


def compared(session: "Session", *, within_s: float = COMPARE_S) -> "Compared | None":
    """Compare what is due with earlier rows; None if nothing is."""
    from polars.exceptions import PolarsError

    from orbital_kernel.ingest import Compared
    from orbital_kernel.questions.findings import compare_new

    try:
        result = compare_new(session, within_s=within_s)
    except (OrbitalError, PolarsError) as error:
        LOG.warning("the rows are stored, but not compared", exc_info=True)
        return Compared(failed=str(error))
    if not (result.files or result.waiting):
        return None
    return Compared(
        new=result.new,
        compared=len(result.rows),
        alerts=tuple(result.alerts["finding_id"]),
        waiting=result.waiting,
        excluded=dict(result.excluded),
        not_alerted=dict(result.not_alerted),
        rows_read=result.how.rows_read if result.how else None,
        queries=result.how.selects if result.how else 0,
        seconds=result.seconds,
    )
