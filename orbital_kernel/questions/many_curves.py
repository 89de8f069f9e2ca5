"""Light curves of many objects in one unit: their points in bins, and their numbers."""

import time as clock
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from orbital_kernel.errors import QueryError, shortened
from orbital_kernel.model.observatory import observatories
from orbital_kernel.model.spelling import normalised
from orbital_kernel.model.synonyms import synonyms
from orbital_kernel.query import Answer, Explain, Query
from orbital_kernel.questions import spellings
from orbital_kernel.questions.asks import Asks, joint_explain, together
from orbital_kernel.science import lightcurves
from orbital_kernel.science.lightcurves import CountsToFlux
from orbital_kernel.science.lightcurves.characters import characters
from orbital_kernel.science.lightcurves.many import curves_of_objects
from orbital_kernel.science.spectra import SpectralModel

FIRST_OBJECTS, MOST_OBJECTS, POINTS = 50, 500, 500_000
"""Objects read at first and at most at a time, and the points that are aimed at: the next
batch is as large as the points of the one before allow, so that memory stays bounded."""
COLUMNS = (
    *("object", "obs_id", "time", "time_err_plus_s", "time_err_minus_s", "since_t0_s"),
    *("value", "value_err_plus", "value_err_minus", "is_limit"),
    *("unit", "band", "band_low_kev", "band_high_kev", "band_low_nm", "band_high_nm"),
    *("instrument", "mode", "exposure_s", "extra", "file_sha256", "simulated"),
)
"""What a curve of many objects is made of."""


@dataclass(frozen=True)
class LightCurves:
    """Light curves of many objects in one unit and band.

    Parameters
    ----------
    frame : polars.DataFrame
        The points of all objects, or their bins, excluded ones too, with the columns of
        `LightCurve.frame` that many objects share; `since_s` (s) counts from each
        object's first point, `error_rule` says what the errors are of.
    absent : tuple of str
        The objects of which no table has a point.
    how : Explain, optional
        How the points were found.

    Examples
    --------
    >>> from orbital_kernel import connect
    >>> orbital = connect()
    >>> curves = orbital.light_curves(["SIM AGN 1", "SIM AGN 2"])
    >>> curves.objects
    ('SIM AGN 1', 'SIM AGN 2')
    """

    frame: pl.DataFrame
    absent: tuple[str, ...] = ()
    how: Explain | None = None

    @cached_property
    def objects(self) -> tuple[str, ...]:
        """The objects that have points, as they were given."""
        return tuple(self.frame["object"].unique().sort())

    @cached_property
    def characters(self) -> pl.DataFrame:
        """Numbers, one row per object, observatory, unit and band.

        detections, limits, first and last (time, TT), mean and weighted_mean (in the
        unit), chi2 with degrees_of_freedom, excess_variance and fvar with their errors
        (Vaughan et al. 2003, MNRAS 345, 1271).
        """
        return characters(self.frame)

    def of(self, name: str) -> pl.DataFrame:
        """Return the points of one object in order of time.

        Parameters
        ----------
        name : str
            The object, as it was given.

        Returns
        -------
        polars.DataFrame
            Its rows of `frame`.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> orbital.light_curves(["SIM AGN 1"]).of("SIM AGN 1")["unit"][0]
        'erg / (s cm2)'
        """
        rows = self.frame.filter(pl.col("object") == name)
        return rows.sort("time", "since_s", nulls_last=True)


def light_curves(
    orbital: Asks,
    subjects: Sequence[str],
    *,
    unit: str,
    band_kev: tuple[float, float],
    model: SpectralModel | None,
    counts_to_flux: Mapping[str, CountsToFlux] | None,
    bin_s: float | None,
) -> LightCurves:
    """Return the light curves of many objects; `Light.light_curves` documents it."""
    if isinstance(subjects, str) or not subjects:
        raise QueryError(
            f"light_curves needs a list of names of objects; got {subjects!r}: for one "
            "object use light_curve"
        )
    names = [*dict.fromkeys(subjects)]
    start = clock.perf_counter()
    frames, answers = [], list[Answer]()
    begin, size = 0, FIRST_OBJECTS
    while begin < len(names):
        points, selects = _points(orbital, names[begin : begin + size])
        answers += selects
        begin += size
        size = max(1, min(MOST_OBJECTS, size * POINTS // max(len(points), 1)))
        if len(points):
            frames.append(
                curves_of_objects(
                    points,
                    unit=unit,
                    band_kev=band_kev,
                    model=model,
                    counts_to_flux=counts_to_flux,
                    bin_s=bin_s,
                )
            )
    if not frames:
        raise QueryError(
            f"no photometry of any of {shortened(names)}: check the names with "
            "orbital.names"
        )
    frame = pl.concat(frames, how="vertical_relaxed")
    absent = sorted({*names} - {*frame["object"].unique()})
    steps = ["repeated points", "units and bands", *(["bins"] if bin_s else [])]
    how = joint_explain(answers, len(frame), steps, start)
    return LightCurves(frame, tuple(absent), how)


def _points(orbital: Asks, names: Sequence[str]) -> tuple[pl.DataFrame, list[Answer]]:
    """Return the photometry of objects of all observatories, under the given names."""
    registered = spellings.named(orbital, *names)
    owners = _owners(names, registered.filter(pl.col("kind") == "alias"))
    registered = registered.filter(pl.col("kind") == "object")
    written = {text for name in names for text in spellings.spelled(name)}
    written |= {*registered["object_id"]}
    queries = [
        Query(f"{observatory}.photometry", COLUMNS, sets={"object": sorted(written)})
        for observatory in observatories()
    ]
    answers = together(orbital, queries, kind="object")
    frames = {
        name: answer.frame
        for name, answer in zip(observatories(), answers, strict=True)
    }
    points = lightcurves.gather(frames)
    texts = points["object"].unique().drop_nulls()
    labels = {text: owners.get(normalised(text), []) for text in texts}
    column = pl.col("object")
    label = column.replace_strict(labels, default=None, return_dtype=pl.List(pl.String))
    if all(len(group) < 2 for group in labels.values()):
        first = {text: group[0] for text, group in labels.items() if group}
        label = column.replace_strict(first, default=None, return_dtype=pl.String)
        points = points.with_columns(label.alias("object"))
    else:
        points = points.with_columns(label.alias("object")).explode("object")
    return points.drop_nulls("object"), answers


def _owners(names: Sequence[str], aliases: pl.DataFrame) -> dict[str, list[str]]:
    """Return by normalised spelling the given names of its object."""
    owners: dict[str, list[str]] = {}
    for name in names:
        for key in dict.fromkeys(map(normalised, (name, *synonyms([name])))):
            owners.setdefault(key, []).append(name)
    for alias, written in aliases.select("name", "object_id").unique().iter_rows():
        of_object = owners.setdefault(normalised(written), [])
        for name in owners.get(normalised(alias), []):
            if name not in of_object:
                of_object.append(name)
    return owners
