"""What a call is about: a name, an identifier or a place, resolved to names and position."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import polars as pl

from orbital_kernel.errors import QueryError
from orbital_kernel.model.sky import separation_deg
from orbital_kernel.model.spelling import variants
from orbital_kernel.query import Cone, Query
from orbital_kernel.query.given import given_position
from orbital_kernel.questions import catalogued, spellings
from orbital_kernel.questions.asks import Asks
from orbital_kernel.questions.positions import best_position

if TYPE_CHECKING:
    from astropy.coordinates import SkyCoord

OBJECT_ID = re.compile(r"^[0-9a-f]{16}$")
NEIGHBOUR_ARCSEC = 60.0
NEIGHBOURS = {
    "observatory": pl.String,
    "object": pl.String,
    "ra": pl.Float64,
    "dec": pl.Float64,
    "separation_arcsec": pl.Float64,
    "points": pl.Int64,
}


@dataclass(frozen=True)
class Subject:
    """An object as it was asked for, and how the tables have it.

    Parameters
    ----------
    text : str
        The name or identifier as given, or the position in words.
    names : tuple of str
        Spellings in column `object` of the photometry tables.
    ids : tuple of str
        Identifiers in `cross.objects` of the objects within the position's error.
    ra, dec : float, optional
        Position, ICRS deg; None if no table has one.
    error_arcsec : float, optional
        Its error, arcsec.
    neighbours : polars.DataFrame
        Objects with photometry near the position and another name, nearest first:
        observatory, object, ra and dec (deg), separation_arcsec (arcsec), points.
    aliases : tuple of str
        Other names of the object.
    place : mapping of str, optional
        Position, error and their sources, as `Objects.place` returns it.
    bursts : polars.DataFrame
        The burst's rows in catalogues and notices; no rows for other objects.

    Examples
    --------
    >>> from orbital_kernel import connect
    >>> from orbital_kernel.questions.subject import resolve
    >>> orbital = connect()
    >>> resolve(orbital, "sim agn 1").names
    ('SIM AGN 1',)
    """

    text: str
    names: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    ra: float | None = None
    dec: float | None = None
    error_arcsec: float | None = None
    neighbours: pl.DataFrame = field(
        default_factory=lambda: pl.DataFrame(schema=NEIGHBOURS)
    )
    aliases: tuple[str, ...] = ()
    place: Mapping[str, Any] | None = None
    bursts: pl.DataFrame = field(default_factory=pl.DataFrame)

    @property
    def spellings(self) -> list[str]:
        """The spellings to ask for: also usual ones that are not registered."""
        more = variants(self.text) if self.names else ()
        return sorted({*self.names, *more})

    def cone(self, within_arcsec: float) -> Cone | None:
        """Return the circle about the position; None without one."""
        if self.ra is None or self.dec is None:
            return None
        return Cone(self.ra % 360, self.dec, within_arcsec / 60)


def resolve(
    orbital: Asks,
    subject: "str | tuple[float, float] | SkyCoord",
    *,
    neighbours_arcsec: float | None = NEIGHBOUR_ARCSEC,
    near_arcsec: float | None = None,
) -> Subject:
    """Return names, identifiers and position of what is asked for.

    Parameters
    ----------
    orbital : Asks
        Answers the queries.
    subject : str, tuple of float or SkyCoord
        A name or alias in any spelling, an identifier of `cross.objects` or of a source
        catalogue, or a position: RA and Dec (ICRS deg) or a SkyCoord.
    neighbours_arcsec : float, optional
        Radius within which objects of another name are neighbours, arcsec; with None
        they are not searched.
    near_arcsec : float, optional
        Of a position: radius within which the nearest object gives its names, its burst
        and its redshift; with None none does.

    Returns
    -------
    Subject
        What the tables have; without names and position if they have nothing.

    Raises
    ------
    QueryError
        If a position is not one valid position.
    """
    if not isinstance(subject, str):
        ra, dec = position_of(subject)
        matching = Subject(f"RA {ra:.6f}, Dec {dec:+.6f}", ra=ra, dec=dec)
        nearest = _nearest(orbital, matching, near_arcsec)
        if nearest is not None:
            named = resolve(orbital, nearest, neighbours_arcsec=None)
            matching = replace(named, text=matching.text, ra=ra, dec=dec)
        return _with_neighbours(orbital, matching, neighbours_arcsec)
    if OBJECT_ID.match(subject) and (row := _registered(orbital, subject)):
        matching = Subject(
            subject,
            ids=(subject,),
            ra=row["ra"],
            dec=row["dec"],
            error_arcsec=row["error_radius_arcsec"],
            aliases=(row["name"],),
        )
        return _with_neighbours(orbital, matching, neighbours_arcsec)
    rows = spellings.named(orbital, subject)
    bursts = catalogued.listed(orbital, subject, names=rows)
    place = best_position(orbital, subject, bursts, names=rows)
    names = spellings.of_points(orbital, subject, rows)
    aliases = tuple(n for n in names if n != subject)
    aliases += spellings.aliases(orbital, rows)
    where: Mapping[str, Any] = place or {}
    matching = Subject(
        subject,
        names,
        ra=where.get("ra"),
        dec=where.get("dec"),
        error_arcsec=where.get("error_radius_arcsec"),
        aliases=aliases,
        place=place,
        bursts=bursts,
    )
    return _with_neighbours(orbital, matching, neighbours_arcsec)


def position_of(place: "tuple[float, float] | SkyCoord") -> tuple[float, float]:
    """Return RA (0 to 360) and Dec, ICRS deg, of a pair or a SkyCoord."""
    sky: Any = getattr(place, "icrs", None)
    if sky is not None:
        if not sky.isscalar:
            raise QueryError(f"give one position, not {len(sky)}")
        return float(sky.ra.deg), float(sky.dec.deg)
    try:
        ra, dec = (float(number) for number in place)
    except (TypeError, ValueError) as error:
        raise QueryError(
            f"a position is RA and Dec in degrees or a SkyCoord, not {place!r}"
        ) from error
    return given_position(ra, dec)


def _registered(orbital: Asks, object_id: str) -> dict[str, Any] | None:
    query = Query("cross.objects", sets={"object_id": [object_id]})
    rows = orbital.query(query, kind="object").frame
    return rows.row(0, named=True) if len(rows) else None


def _nearest(orbital: Asks, place: Subject, radius: float | None) -> str | None:
    """Return the object nearest to a place that has points; None without one."""
    near = _with_neighbours(orbital, place, radius).neighbours
    return None if near.is_empty() else near["object"][0]


def _with_neighbours(orbital: Asks, subject: Subject, radius: float | None) -> Subject:
    """Return the subject with the objects near it that have another name."""
    cone = None if radius is None else subject.cone(radius)
    if cone is None:
        return subject
    columns = ("observatory", "object_id", "ra", "dec", "points")
    query = Query(
        spellings.NAMES, columns=columns, cone=cone, sets={"kind": ["object"]}
    )
    objects_ = orbital.query(query, kind="names").frame.rename({"object_id": "object"})
    others = pl.col("object").is_in([*subject.names, *subject.aliases])
    objects_ = objects_.filter(~others)
    apart = separation_deg(cone.ra, cone.dec, objects_["ra"], objects_["dec"])
    placed = objects_.with_columns(
        pl.Series("separation_arcsec", 3600 * apart, dtype=pl.Float64)
    )
    neighbours = placed.select([*NEIGHBOURS]).sort("separation_arcsec", "object")
    return replace(subject, neighbours=neighbours)
