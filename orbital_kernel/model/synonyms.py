"""Names of one object that files do not list as aliases, such as a burst and its supernova.

`synonyms.csv` has a row for each pair of names, with the paper that identifies them.
"""

import csv
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from orbital_kernel.model.spelling import normalised

TABLE = Path(__file__).with_name("synonyms.csv")


def synonyms(names: Iterable[str]) -> dict[str, str]:
    """Return the other names of these, each with the paper that identifies it.

    Parameters
    ----------
    names
        Names in any spelling.

    Returns
    -------
    dict of str to str
        Names of the same objects that are not among those given; the paper of each.

    Examples
    --------
    >>> from orbital_kernel.model.synonyms import synonyms
    >>> synonyms(["SN 2013cq"])
    {'GRB 130427A': 'Xu et al. 2013, ApJ 776, 98'}
    """
    keys = {normalised(name) for name in names}
    groups = [_groups()[key] for key in keys if key in _groups()]
    return {
        name: source
        for group in groups
        for key, (name, source) in group.items()
        if key not in keys
    }


@cache
def _groups() -> dict[str, dict[str, tuple[str, str]]]:
    """Return by normalised name the names and papers of its object."""
    groups: dict[str, dict[str, tuple[str, str]]] = {}
    with TABLE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            key = normalised(row["object"])
            group = groups.setdefault(key, {key: (row["object"], row["source"])})
            other = normalised(row["name"])
            group[other] = (row["name"], row["source"])
            groups[other] = group
    return groups
