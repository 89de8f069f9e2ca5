"""One view of a burst population: rows, numbers, and what selected the bursts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from orbital_kernel.science.columns import simulated

SELECTION = {
    "rate": (
        (
            "bursts a catalogue lists, not bursts that happened: field of view, SAA, slews, "
            "ground work and the catalogue's end all enter; a year the catalogue does not "
            "cover whole is marked and its rate is per day covered"
        ),
        "errors are Poisson, 68 %",
    ),
    "hardness": (
        (
            "hardness is the energy fluence 50-100 over 25-50 keV of the catalogue's power "
            "law, not a measured ratio; bursts fitted by other models are treated as if it held"
        ),
        (
            "T90 grows with a burst's brightness above background and depends on the band; "
            "the line at 2 s comes from another instrument's sample"
        ),
        "durations given as limits ('<', '>') are excluded",
    ),
    "fluence": (
        (
            "faint bursts are missed: the fall at low fluence is the detector's threshold, "
            "which rises with duration, not the sky"
        ),
    ),
    "redshift": (
        (
            "a redshift needs a position in minutes, an afterglow bright enough for a "
            "spectrum or a host: bright, long and nearby bursts are over-represented"
        ),
        (
            "one number per burst; limits and ranges are excluded; a firm value precedes "
            "one that a catalogue calls tentative, possible or photometric"
        ),
    ),
}


@dataclass(frozen=True)
class View:
    """One view of a burst population.

    Parameters
    ----------
    rows
        The rows, with a column `simulated`.
    used
        Number of bursts in the view.
    total
        Number of bursts in the catalogues.
    selection
        How the bursts were selected, in sentences.
    numbers
        Summary numbers by name (with unit).
    simulated
        Whether any burst is simulated.
    """

    rows: pl.DataFrame
    used: int
    total: int
    selection: tuple[str, ...]
    numbers: Mapping[str, float] = field(default_factory=dict)
    simulated: bool = False

    def __str__(self) -> str:
        """Return the numbers and the selection, one sentence per line."""
        mark = ("simulated bursts, of the sample sky",) if self.simulated else ()
        counts = f"{self.used:,} of {self.total:,} bursts"
        return "\n".join((counts, *mark, *self.selection))

    def summary(self) -> dict[str, Any]:
        """Return all but the rows, for JSON."""
        return {
            "used": self.used,
            "known": self.total,
            "numbers": dict(self.numbers),
            "selection": list(self.selection),
            "simulated": self.simulated,
        }


def sources(values: str, catalogues: pl.Series) -> str:
    """Return how many values each catalogue gives, the most first."""
    counts = catalogues.drop_nulls().value_counts(name="bursts")
    ranked = counts.sort("bursts", catalogues.name, descending=[True, False])
    parts = [f"{count:,} of {name}" for name, count in ranked.rows()]
    return f"{values}: {', '.join(parts) or 'none'}"


def view_of(
    name: str,
    rows: pl.DataFrame,
    used: int,
    bursts: pl.DataFrame,
    numbers: Mapping[str, float],
    *sources: str,
) -> View:
    """Return a view of bursts, its rows marked where any burst was simulated."""
    any_simulated = simulated(bursts)
    marked = rows.with_columns(pl.lit(any_simulated).alias("simulated"))
    return View(
        marked,
        used,
        bursts.height,
        (*SELECTION[name], *sources),
        numbers,
        any_simulated,
    )


def median(values: pl.Series) -> float:
    """Return the median of a column, NaN if it has no values."""
    middle = values.cast(pl.Float64).drop_nulls().median()
    return float(middle) if isinstance(middle, int | float) else float("nan")
