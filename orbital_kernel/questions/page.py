"""One page of everything stored about an object: what `orbital.object` returns."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from orbital_kernel.errors import QueryError
from orbital_kernel.model.observatory import observatories
from orbital_kernel.model.sky import separation_deg
from orbital_kernel.query import Cone, Query
from orbital_kernel.questions import catalogued, place, spellings
from orbital_kernel.questions.asks import Asks, together
from orbital_kernel.questions.subject import Subject, resolve
from orbital_kernel.questions.typical import typical_errors
from orbital_kernel.science import precedence
from orbital_kernel.science.columns import simulated

POINT = ("instrument", "band", "unit", "time", "is_limit", "simulated")
BURST = (
    *("burst_id", "observatory", "series", "time", "significance", "timescale_s"),
    *("t90_s", "cause", "simulated"),
)
POINTING = ("obs_id", "object", "instrument", "time", "exposure_s", "separation_arcmin")
MEMBER = (
    "object_id",
    "name",
    "kind",
    "observatories",
    "separation_arcsec",
    "simulated",
)
SOURCE = (
    *("catalog", "source_id", "obs_id", "separation_arcsec", "flux", "flux_low"),
    *("flux_high", "is_limit", "flux_unit", "band", "significance", "simulated"),
)
LEAST_ARCSEC = 1.0


@dataclass(frozen=True)
class ObjectPage:
    """Everything stored about one object.

    Parameters
    ----------
    name : str
        The name as it was asked for.
    names : polars.DataFrame
        Where its names are: the columns of `Names.find`.
    aliases : tuple of str
        Its other names.
    position : mapping of str, optional
        ra and dec (ICRS, deg), error_radius_arcsec and error_confidence,
        position_catalog and position_instrument; None if no table has one.
    redshift : mapping of str, optional
        redshift, redshift_text and redshift_catalog; None if no catalogue has one.
    points : polars.DataFrame
        Light-curve points: observatory, instrument, band and unit, detections, limits,
        first and last (TT), simulated.
    bursts : polars.DataFrame
        The burst in catalogues and notices: the columns of `Bursts.catalogued`.
    excursions : polars.DataFrame
        Excursions found in rates of the object: rows of cross.bursts.
    sources : polars.DataFrame
        Rows of source catalogues within the error of the position: observatory, catalog,
        source_id, obs_id, separation_arcsec (arcsec), flux, flux_low and flux_high in
        flux_unit, is_limit, band, significance, simulated; nearest first.
    observations : polars.DataFrame
        Exposed observations whose field contains the position: observatory, obs_id,
        object, instrument, time (TT), exposure_s (s), separation_arcmin (arcmin).
    ids : polars.DataFrame
        Objects of cross.objects within the error of the position: object_id, name,
        kind, observatories, separation_arcsec (arcsec), simulated.

    Examples
    --------
    >>> from orbital_kernel import connect
    >>> orbital = connect()
    >>> orbital.object("SIM AGN 1").points["observatory"].unique().sort().to_list()
    ['chandra', 'swift']
    """

    name: str
    names: pl.DataFrame
    aliases: tuple[str, ...]
    position: Mapping[str, Any] | None
    redshift: Mapping[str, Any] | None
    points: pl.DataFrame
    bursts: pl.DataFrame
    excursions: pl.DataFrame
    sources: pl.DataFrame
    observations: pl.DataFrame
    ids: pl.DataFrame

    @property
    def simulated(self) -> bool:
        """Whether any row of the page is simulated.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> orbital.object("SIM AGN 1").simulated
        True
        """
        parts = (self.names, self.points, self.bursts, self.excursions)
        return simulated(*parts, self.sources, self.ids)

    def __str__(self) -> str:
        """Return the page in lines."""
        lines = [self.name + (" (simulated)" if self.simulated else "")]
        if self.aliases:
            lines.append(f"also {', '.join(self.aliases)}")
        lines.append(_position_text(self.position))
        if self.redshift:
            text = self.redshift["redshift_text"] or self.redshift["redshift"]
            lines.append(f"redshift {text} ({self.redshift['redshift_catalog']})")
        lines += _burst_lines(self.bursts)
        lines += [
            f"{row['observatory']} {row['instrument'] or 'unnamed instrument'} "
            f"{row['band'] or 'no band'} [{row['unit'] or 'no unit'}]: "
            f"{row['detections']:,} detections, {row['limits']:,} limits"
            for row in self.points.to_dicts()
        ]
        lines += [
            f"{len(frame):,} {label}"
            for label, frame in (
                ("rows of burst catalogues and notices", self.bursts),
                ("excursions in rates", self.excursions),
                ("rows of source catalogues within the error", self.sources),
                ("observations with the position in their field", self.observations),
                ("matched objects within the error", self.ids),
            )
        ]
        return "\n".join(lines)


def page(orbital: Asks, name: str) -> ObjectPage:
    """Return everything stored about an object; QueryError if nothing is."""
    subject = resolve(orbital, name, neighbours_arcsec=None)
    names = spellings.named(orbital, name)
    if names.is_empty() and subject.ra is None and not subject.names:
        raise QueryError(
            f"no table has {name!r}: orbital.names.complete() lists names that begin so"
        )
    return ObjectPage(
        name,
        names,
        subject.aliases,
        subject.place or _place(subject),
        _redshift(subject),
        _points(orbital, subject),
        subject.bursts,
        _excursions(orbital, subject),
        _sources(orbital, subject),
        _observations(orbital, subject),
        _ids(orbital, subject),
    )


def _place(subject: Subject) -> dict[str, Any] | None:
    if subject.ra is None:
        return None
    return {
        "ra": subject.ra,
        "dec": subject.dec,
        "error_radius_arcsec": subject.error_arcsec,
        "position_catalog": "cross.objects",
    }


def _redshift(subject: Subject) -> dict[str, Any] | None:
    row = None
    if len(subject.bursts):
        row = catalogued.row_used(subject.bursts, precedence.REDSHIFT.name)
    if row is None:
        return None
    values = {name: row[name] for name in precedence.REDSHIFT.columns}
    return {**values, precedence.REDSHIFT.source: row["catalog"]}


def _points(orbital: Asks, subject: Subject) -> pl.DataFrame:
    every = tuple(observatories())
    queries = [
        Query(f"{o}.photometry", columns=POINT, sets={"object": subject.names})
        for o in every
    ]
    answers = together(orbital, queries, kind="object")
    is_limit = pl.col("is_limit").fill_null(value=False)
    return pl.concat(
        answer.frame.group_by("instrument", "band", "unit")
        .agg(
            (~is_limit).sum().cast(pl.Int64).alias("detections"),
            is_limit.sum().cast(pl.Int64).alias("limits"),
            pl.col("time").min().alias("first"),
            pl.col("time").max().alias("last"),
            pl.col("simulated").max(),
        )
        .select(pl.lit(observatory).alias("observatory"), pl.all())
        .sort("instrument", "band", "unit", nulls_last=True)
        for observatory, answer in zip(every, answers, strict=True)
    )


def _excursions(orbital: Asks, subject: Subject) -> pl.DataFrame:
    names = sorted({*subject.names, subject.text})
    query = Query("cross.bursts", columns=BURST, sets={"object": names})
    return orbital.query(query, kind="object").frame.sort("time", "burst_id")


def _observations(orbital: Asks, subject: Subject) -> pl.DataFrame:
    frames = []
    if subject.ra is not None and subject.dec is not None:
        by_table = place.observed(orbital, subject.ra, subject.dec)
        frames = [
            rows.select(pl.lit(table.partition(".")[0]).alias("observatory"), *POINTING)
            for table, rows in by_table.items()
        ]
    return pl.concat(frames).sort("time", nulls_last=True) if frames else pl.DataFrame()


def _sources(orbital: Asks, subject: Subject) -> pl.DataFrame:
    cone = _error_cone(subject)
    if cone is None:
        return pl.DataFrame(schema=dict.fromkeys(("observatory", *SOURCE), pl.String))
    every = tuple(observatories())
    queries = [Query(f"{o}.sources", cone=cone) for o in every]
    answers = together(orbital, queries, kind="object")
    rows = pl.concat(
        _separated(answer.frame, cone).select(
            pl.lit(observatory).alias("observatory"), *SOURCE
        )
        for observatory, answer in zip(every, answers, strict=True)
    )
    return rows.sort("separation_arcsec", "catalog", "source_id", nulls_last=True)


def _ids(orbital: Asks, subject: Subject) -> pl.DataFrame:
    cone = _error_cone(subject)
    if cone is None:
        return pl.DataFrame(schema=dict.fromkeys(MEMBER, pl.String))
    rows = orbital.query(Query("cross.objects", cone=cone), kind="object").frame
    return _separated(rows, cone).select(MEMBER).sort("separation_arcsec")


def _error_cone(subject: Subject) -> Cone | None:
    """Return the error of the position as a cone: the stated or the typical one."""
    instrument = (subject.place or {}).get("position_instrument")
    typical = typical_errors().get(instrument or "", LEAST_ARCSEC)
    radius = max(subject.error_arcsec or typical, LEAST_ARCSEC)
    return subject.cone(min(radius, 3600.0))


def _separated(rows: pl.DataFrame, cone: Cone) -> pl.DataFrame:
    apart = separation_deg(cone.ra, cone.dec, rows["ra"], rows["dec"])
    return rows.with_columns(
        pl.Series("separation_arcsec", 3600 * apart, dtype=pl.Float64)
    )


def _position_text(position: Mapping[str, Any] | None) -> str:
    if position is None:
        return "no position"
    error = position["error_radius_arcsec"]
    size = "" if error is None else f" within {error:g} arcsec"
    return (
        f"RA {position['ra']:.5f}, Dec {position['dec']:+.5f} (ICRS deg){size}, "
        f"of {position['position_catalog']}"
    )


def _burst_lines(bursts: pl.DataFrame) -> list[str]:
    """Return trigger and T90 of a burst in lines, each with its catalogue."""
    lines = []
    trigger = catalogued.row_used(bursts, precedence.TIME.name) if len(bursts) else None
    if trigger:
        lines.append(f"trigger {trigger['time_utc']} UTC ({trigger['catalog']})")
    row = catalogued.row_used(bursts, precedence.T90.name) if len(bursts) else None
    if row:
        error = "" if row["t90_err_s"] is None else f" ± {row['t90_err_s']:g}"
        sign = f"{row['t90_limit']} " if row["t90_limit"] else ""
        lines.append(f"T90 {sign}{row['t90_s']:g}{error} s ({row['catalog']})")
    return lines
