"""Three and more observatories at once: combinations of candidates in a region."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from orbital_kernel.database import Store
from orbital_kernel.errors import QueryError
from orbital_kernel.model.sky import separation_deg
from orbital_kernel.questions.asking import Session, require_observatories
from orbital_kernel.questions.matching.pairing import pairing_of
from orbital_kernel.questions.matching.reading import Sky, listed, near
from orbital_kernel.questions.matching.survey import wide_ranges
from orbital_kernel.questions.matching.task import N_SIGMA
from orbital_kernel.science.matching.joining import Places, places
from orbital_kernel.science.matching.nway import combinations

Region = tuple[float, float, float]


def combine(orbital: Session, names: Sequence[str], region: Region) -> pl.DataFrame:
    """Return the combinations of the first observatory's sources in a region.

    Priors and frame offsets are those of the region and its surroundings.
    """
    require_observatories(*names)
    if len(names) < 2 or len(set(names)) < len(names):
        raise QueryError(
            f"combinations are of two or more different observatories, not of "
            f"{', '.join(names) or 'none'}"
        )
    ranges = Sky(tuple(wide_ranges(region)))
    sources = {name: _sources(orbital.store, name, ranges) for name in names}
    every = {name: places(frame, name) for name, frame in sources.items()}
    first, others = every[names[0]], {name: every[name] for name in names[1:]}
    priors, moved = {}, {}
    for name, place in others.items():
        pairing = pairing_of(names[0], name, first, place)
        priors[name], offset = pairing.forth, pairing.offset
        moved[name] = offset.taken_out(place, sign=-1.0)
    inside = separation_deg(region[0], region[1], first.ra, first.dec) <= region[2]
    primary: Places = first.some(np.flatnonzero(inside))
    frame = combinations(primary, moved, priors, n_sigma=N_SIGMA)
    return _named(frame, sources, names)


def _sources(store: Store, name: str, sky: Sky) -> pl.DataFrame:
    return listed(near(store.read, f"{name}.sources", sky), name).sources


def _named(
    frame: pl.DataFrame, sources: dict[str, pl.DataFrame], names: Sequence[str]
) -> pl.DataFrame:
    """Return the combinations with names in place of rows."""
    columns = []
    for number, name in enumerate(names):
        rows = frame["primary_row" if number == 0 else f"{name}_row"]
        columns += [
            sources[name]["source_id"].gather(rows).alias(f"{name}_id"),
            sources[name]["catalog"].gather(rows).alias(f"{name}_catalog"),
        ]
    first = sources[names[0]]
    flags = [
        sources[name]["simulated"].gather(
            frame["primary_row" if number == 0 else f"{name}_row"]
        )
        for number, name in enumerate(names)
    ]
    return frame.select(
        *columns,
        *(first[axis].gather(frame["primary_row"]) for axis in ("ra", "dec")),
        *("log10_bayes_factor", "p_any", "p_i", "rank"),
        pl.any_horizontal(flags).fill_null(value=False).alias("simulated"),
    )
