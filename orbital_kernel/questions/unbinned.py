"""What is stored near an object without photometry: observations, and photons to count."""

from orbital_kernel.model.observatory import observatories
from orbital_kernel.query import Cone, Query
from orbital_kernel.questions.asking import Session

WITHIN_ARCMIN = 5
"""How far from its position an observation points that may show an object."""
MOST_LISTED = 3
"""ObsIDs with photons that a message names."""


def unbinned(orbital: Session, name: str, cone: Cone | None) -> str | None:
    """Return a sentence on the observations of an object without photometry.

    Parameters
    ----------
    orbital : Session
        Answers the queries.
    name : str
        The object, as it was asked for.
    cone : Cone, optional
        The circle about its position; None if it is not known.

    Returns
    -------
    str, or None
        How many observations point at it, and how to count the photons of those that
        have some; None if none does.
    """
    if cone is None:
        return None
    parts = []
    for observatory in observatories():
        table = f"{observatory}.observations"
        rows = orbital.query(Query(table, ("obs_id",), cone=cone), kind="object").frame
        ids = rows["obs_id"].drop_nulls().unique().sort().to_list()
        if not ids:
            continue
        counted = _with_photons(orbital, observatory, ids)
        ways = ", ".join(f"`orbital counts {observatory} {i}`" for i in counted)
        photons = (
            f"count photons with {ways}" if ways else "without photons in the store"
        )
        parts.append(f"{len(ids):,} of {observatory}: {photons}")
    if not parts:
        return None
    return (
        f"no photometry of {name!r}; observations within {WITHIN_ARCMIN} arcmin: "
        f"{'; '.join(parts)}"
    )


def _with_photons(orbital: Session, observatory: str, ids: list[str]) -> list[str]:
    """Return the first ObsIDs whose photons are stored, each found by one row."""
    with_photons: list[str] = []
    while len(with_photons) < MOST_LISTED:
        others = [i for i in ids if i not in with_photons]
        if not others:
            break
        query = Query(
            f"{observatory}.events", ("obs_id",), sets={"obs_id": others}, limit=1
        )
        rows = orbital.query(query, kind="object").frame
        if rows.is_empty():
            break
        with_photons.append(rows["obs_id"][0])
    return with_photons
