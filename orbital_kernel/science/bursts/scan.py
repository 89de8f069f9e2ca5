"""A whole series scanned at once, by the same detector that follows it live."""

import polars as pl

from orbital_kernel.science.bursts.detector import DEFAULT, Detector
from orbital_kernel.science.bursts.excursion import table
from orbital_kernel.science.bursts.settings import Settings


def scan(series: pl.DataFrame, settings: Settings = DEFAULT) -> pl.DataFrame:
    """Return the excursions of one series of `rates`, a row each, in order of time.

    The columns are those of `cross.bursts` that the data alone can fill. Raises
    QueryError where needed columns are absent or the rows are of several kinds.
    """
    detector = Detector(settings)
    triggers = detector.feed(series) + detector.finish()
    return table([trigger.row for trigger in triggers if trigger.state == "final"])
