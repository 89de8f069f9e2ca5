"""Footprints of observatories, and limits where they looked and saw nothing."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import polars as pl

from orbital_kernel.errors import QueryError
from orbital_kernel.model.observatory import Instrument, Observatory, observatory
from orbital_kernel.model.sky import separation_deg
from orbital_kernel.query import Cone, Query, TimeSpan
from orbital_kernel.questions.asking import Asks, require_observatories, together
from orbital_kernel.questions.looks import is_look
from orbital_kernel.questions.objects import Objects
from orbital_kernel.science.columns import finite
from orbital_kernel.science.footprints import ORDER, Footprint, upper_limit
from orbital_kernel.science.visibility import field_radius_arcmin

POINTING = (
    *("obs_id", "object", "ra", "dec", "healpix", "time", "exposure_s", "roll_deg"),
    *("instrument", "mode", "status", "log", "simulated"),
)
WIDEST_ARCMIN = 60.0
"""Wider fields monitor the sky and are not pointed at places."""
UNEXPOSED = r"(?i)slew|settling"
NOT_YET = (
    "scheduled",
    "unobserved",
    "untriggered",
    "discarded",
    "canceled",
    "cancelled",
)
CONFIDENCE = 0.9973


@dataclass(frozen=True)
class Aperture:
    """How photons of a source are counted with an instrument, and what else is there.

    Attributes
    ----------
    radius_arcsec, growth_arcsec
        Radius on axis, and by how much it grows at 10 arcmin off axis (as its square).
    fraction
        Share of a source's photons inside.
    background
        Counts per second and arcsec2.
    origin
        Where these come from.
    """

    radius_arcsec: float
    growth_arcsec: float
    fraction: float
    background: float
    origin: str


APERTURES = {
    "XRT": Aperture(
        30.0,
        0.0,
        0.8,
        1.8e-7,
        "XRT: 30 arcsec hold 80 % at 1.5 keV, background 1e-6 count/s a pixel of 2.36 arcsec "
        "(assumed, 0.3-10 keV, PC mode)",
    ),
    "ACIS": Aperture(
        2.0,
        10.0,
        0.9,
        1.2e-6,
        "ACIS: 90 % within 2 arcsec + 10 arcsec x (off-axis / 10 arcmin)^2, background 0.3 "
        "count/s a chip (assumed, 0.5-7 keV, front-illuminated)",
    ),
    "HRC": Aperture(
        2.0,
        10.0,
        0.9,
        1.7e-5,
        "HRC: 90 % within 2 arcsec + 10 arcsec x (off-axis / 10 arcmin)^2, background 1.7e-5 "
        "count/s/arcsec2 (assumed)",
    ),
}


@dataclass(frozen=True)
class UpperLimit:
    """What an observatory's looks at a place say of a source there.

    Parameters
    ----------
    observatory : str
        The observatory.
    ra, dec : float
        The place, ICRS deg.
    looks : polars.DataFrame
        The pointings that contain the place, with off_axis_arcmin and exposure_s (s).
    limits : polars.DataFrame
        One row per instrument: instrument, looks, exposure_s (s), aperture_arcsec,
        background (counts expected), counts (in the aperture; null without photons),
        limit_counts, rate (count / s, of all photons of a source), flux (erg / (cm2 s),
        null without a factor).
    sources : int
        Stored sources of the observatory within their error or 5 arcsec of the place.
    confidence : float
        Probability that a source is fainter than the limit.
    assumptions : tuple of str
        What the limit rests on.

    Examples
    --------
    >>> from orbital_kernel import connect
    >>> orbital = connect()
    >>> str(orbital.upper_limit((0.0, -89.9), "swift"))
    'swift has not looked at RA 0.00000, dec -89.90000'
    """

    observatory: str
    ra: float
    dec: float
    looks: pl.DataFrame
    limits: pl.DataFrame
    sources: int
    confidence: float
    assumptions: tuple[str, ...]

    @property
    def looked(self) -> bool:
        """Whether any exposed pointing contains the place."""
        return len(self.looks) > 0

    @property
    def seen(self) -> bool:
        """Whether the observatory's catalogues have a source there."""
        return self.sources > 0

    @property
    def exposure_s(self) -> float:
        """Exposure of all looks, s."""
        return float(self.looks["exposure_s"].sum()) if self.looked else 0.0

    @property
    def rate(self) -> float | None:
        """The lowest limit of the instruments, count / s; None if not looked, or seen."""
        if self.seen:
            return None
        rates = self.limits["rate"].drop_nulls().to_list()
        return min(rates) if rates else None

    def __str__(self) -> str:
        """Return what was found in one sentence."""
        where = f"RA {self.ra:.5f}, dec {self.dec:.5f}"
        if not self.looked:
            return f"{self.observatory} has not looked at {where}"
        words = f"{self.observatory} looked at {where} for {self.exposure_s:,.0f} s"
        if self.seen:
            return f"{words} and has {self.sources} sources there: no limit follows"
        if self.rate is None:
            return f"{words}; the exposures are unknown: no limit follows"
        return f"{words}: fainter than {self.rate:.3g} count/s ({self.confidence:.2%})"


class Places(Asks, Protocol):
    """Who answers queries and knows the positions of objects."""

    @property
    def objects(self) -> Objects:
        """Objects in the data of all observatories."""


class Footprints:
    """Where observatories have looked: methods of the session."""

    def footprint(
        self: Asks,
        name: str,
        *,
        instrument: str | None = None,
        start: str | None = None,
        stop: str | None = None,
        order: int = ORDER,
    ) -> Footprint:
        """Return the fields of an observatory's exposed pointings.

        Pointings of zero exposure, slews, idle ones (SAA-COLD) and those not yet observed
        are not looks; `excluded` counts them.

        Parameters
        ----------
        name : str
            The observatory, e.g. 'swift'.
        instrument : str, optional
            Only pointings of this instrument, e.g. 'ACIS'; by default of all.
        start, stop : str, optional
            Only pointings that began in this span, ISO 8601 in UTC.
        order : int
            HEALPix order of the MOC; cells of the default, 14, are 13 arcsec wide.

        Returns
        -------
        Footprint
            With `moc`, `area_deg2`, `contains(ra, dec)`, `exposure_at(ra, dec)`,
            `looks_at(ra, dec)` and `overlap(other)`.

        Raises
        ------
        QueryError
            If the observatory is unknown, or a time is not valid.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> swift = orbital.footprint("swift")
        >>> first = swift.looks.row(0, named=True)
        >>> swift.contains(first["ra"], first["dec"]).tolist()
        [True]
        """
        require_observatories(name)
        span = None if start is stop is None else TimeSpan(start, stop)
        query = Query(
            f"{name}.observations",
            columns=POINTING,
            not_null=("ra", "dec"),
            time=span,
            full_scan=True,
        )
        frame = self.query(query, kind="footprint").frame
        return _footprint(name, frame, instrument, order)

    def upper_limit(
        self: Places,
        place: str | tuple[float, float],
        name: str,
        *,
        confidence: float = CONFIDENCE,
        background: float | None = None,
        counts_to_flux: float | None = None,
    ) -> UpperLimit:
        """Return whether an observatory looked at a place, and the limit that follows.

        Where photons are stored they are counted in an aperture, and the background in a
        ring around it. Otherwise the counts are assumed to be those of the background:
        the limit is what such looks reach, and `assumptions` says so.

        Parameters
        ----------
        place : str or tuple of float
            A name that any table has, or RA and Dec, ICRS deg.
        name : str
            The observatory, e.g. 'chandra'.
        confidence : float
            Probability that a source is fainter than the limit; 3 sigma by default.
        background : float, optional
            Background, count / (s arcsec2); by default the assumed one of the instrument.
        counts_to_flux : float, optional
            Flux of one count a second, erg / (cm2 count), for the spectrum assumed.

        Returns
        -------
        UpperLimit
            Looks, limits by instrument, `rate` (count / s) of the deepest, and the
            assumptions; without a look `looked` is False and `rate` None.

        Raises
        ------
        QueryError
            If the observatory is unknown, no table has a position of the name, or the
            confidence is not between 0 and 1.

        References
        ----------
        Kraft, Burrows & Nousek 1991, ApJ 374, 344 (counts with known background).

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> orbital.upper_limit((0.0, -89.0), "chandra").looked
        False
        """
        require_observatories(name)
        if not 0 < confidence < 1:
            raise QueryError(f"a confidence is between 0 and 1, not {confidence}")
        ra, dec = _position(self.objects, place)
        looks = _looks(self, name, ra, dec)
        photons = _photons(self, name, ra, dec, looks)
        nearby = self.query(
            Query(
                f"{name}.sources",
                columns=("ra", "dec", "healpix", "error_radius_arcsec"),
                cone=Cone(ra, dec, 0.5),
            ),
            kind="footprint",
        ).frame
        rows, notes = [], []
        for label, part in looks.group_by("field", maintain_order=True):
            row, used = _limit(
                str(label[0]), part, photons, (ra, dec), confidence, background
            )
            rows.append(row)
            notes += used
        limits = pl.DataFrame(rows, schema=_LIMITS).with_columns(
            flux=pl.col("rate") * pl.lit(counts_to_flux, dtype=pl.Float64)
        )
        return UpperLimit(
            *(name, ra, dec, looks.drop("field"), limits),
            _near(nearby, ra, dec),
            confidence,
            (*notes, "vignetting, chip gaps and spectra are not taken into account"),
        )


def _position(
    objects: Objects, place: str | tuple[float, float]
) -> tuple[float, float]:
    """Return the position of a place, ICRS deg."""
    if not isinstance(place, str):
        return float(place[0]) % 360, float(place[1])
    row = objects.place(place)
    if row is None:
        raise QueryError(f"no table has a position of {place!r}: give (ra, dec)")
    return float(row["ra"]) % 360, float(row["dec"])


_LIMITS = {
    "instrument": pl.String(),
    "looks": pl.Int64(),
    "exposure_s": pl.Float64(),
    "aperture_arcsec": pl.Float64(),
    "background": pl.Float64(),
    "counts": pl.Int64(),
    "limit_counts": pl.Float64(),
    "rate": pl.Float64(),
}
RING = (1.5, 4.0)
"""Inner and outer radius of the background's ring, in apertures."""


def _footprint(
    name: str, frame: pl.DataFrame, instrument: str | None, order: int
) -> Footprint:
    """Return the footprint of rows of `observations`."""
    named = frame
    if instrument is not None:
        of_it = (
            pl.col("instrument").str.to_uppercase().str.starts_with(instrument.upper())
        )
        named = frame.filter(of_it.fill_null(value=False))
    reasons = {
        "zero exposure": pl.col("exposure_s").fill_null(1.0) <= 0,
        "slew or settling": pl.any_horizontal(
            pl.col("mode", "object").str.contains(UNEXPOSED)
        ),
        "idle (SAA-COLD)": ~is_look(exposure=None),
        "not observed": pl.col("status").str.to_lowercase().is_in(NOT_YET),
        "without a time": pl.col("time").is_null(),
        "without a position": finite("ra").is_null() | finite("dec").is_null(),
    }
    excluded, rows = {}, named
    for reason, condition in reasons.items():
        looked = rows.filter(~condition.fill_null(value=False))
        if len(looked) < len(rows):
            excluded[reason] = len(rows) - len(looked)
        rows = looked
    return Footprint(name, _with_fields(observatory(name), rows), excluded, order)


def _with_fields(described: Observatory, rows: pl.DataFrame) -> pl.DataFrame:
    """Return looks with the field of their instrument; unknown ones have the narrowest."""
    pointed = [i for i in described.instruments if _radius(i) <= WIDEST_ARCMIN]
    if not pointed:
        return _as_field(rows.clear(), "", 1.0, None)
    narrowest = min(pointed, key=_radius)
    xray = [i for i in pointed if any(b.unit == "keV" for b in i.bands)]
    default = min(xray, key=_radius) if xray else narrowest
    text = pl.col("instrument").str.to_uppercase().fill_null("")
    others, parts = rows, []
    for candidate in pointed:
        of_it = text.str.starts_with(candidate.name.upper())
        parts.append(_fields(others.filter(of_it), candidate))
        others = others.filter(~of_it)
    parts.append(_fields(others, default))
    columns = [*rows.columns, "field", "radius_arcmin", "half_arcmin"]
    return pl.concat(part.select(columns) for part in parts)


def _fields(rows: pl.DataFrame, of: Instrument) -> pl.DataFrame:
    field, scale = of.field_of_view, 60.0 if of.field_of_view.unit == "deg" else 1.0
    if field.shape == "square":
        half = scale * field.size / 2
        return _as_field(rows, of.name, half, half)
    return _as_field(rows, of.name, _radius(of), None)


def _as_field(
    rows: pl.DataFrame, name: str, radius: float, half: float | None
) -> pl.DataFrame:
    return rows.with_columns(
        field=pl.lit(name),
        radius_arcmin=pl.lit(radius),
        half_arcmin=pl.lit(half, dtype=pl.Float64),
    )


def _radius(of: Instrument) -> float:
    return field_radius_arcmin(of.field_of_view)


def _looks(orbital: Asks, name: str, ra: float, dec: float) -> pl.DataFrame:
    """Return the looks at a place by one selective query of pointings around it."""
    described = observatory(name)
    radii = [_radius(i) for i in described.instruments if _radius(i) <= WIDEST_ARCMIN]
    cone = Cone(ra, dec, np.sqrt(2) * max(radii, default=1.0) + 1.0)
    query = Query(f"{name}.observations", columns=POINTING, cone=cone)
    frame = orbital.query(query, kind="footprint").frame
    return _footprint(name, frame, None, ORDER).looks_at(ra, dec)


def _photons(
    orbital: Asks, name: str, ra: float, dec: float, looks: pl.DataFrame
) -> pl.DataFrame | None:
    """Return stored photons around a place of the observations that contain it."""
    ids = looks["obs_id"].drop_nulls().unique().sort().to_list()
    if not ids:
        return None
    widest = max(a.radius_arcsec + a.growth_arcsec for a in APERTURES.values())
    cone = Cone(ra, dec, RING[1] * widest * 1.5 / 60)
    query = Query(
        f"{name}.events",
        columns=("obs_id", "ra", "dec", "healpix"),
        cone=cone,
        sets={"obs_id": ids},
        full_scan=True,
    )
    (answer,) = together(orbital, [query], kind="footprint")
    return answer.frame if len(answer.frame) else None


def _limit(
    label: str,
    looks: pl.DataFrame,
    photons: pl.DataFrame | None,
    place: tuple[float, float],
    confidence: float,
    background: float | None,
) -> tuple[dict[str, Any], list[str]]:
    """Return the limit of one instrument's looks, and what it rests on."""
    seconds = looks["exposure_s"].fill_null(0.0).to_numpy()
    row: dict[str, Any] = {
        "instrument": label,
        "looks": len(looks),
        "exposure_s": float(seconds.sum()),
    }
    if label not in APERTURES or not seconds.sum():
        why = (
            "of unknown exposure" if label in APERTURES else "without an aperture here"
        )
        return row, [f"{label}: {len(looks)} looks {why} give no limit"]
    aperture = APERTURES[label]
    off_axis = looks["off_axis_arcmin"].to_numpy()
    radius = aperture.radius_arcsec + aperture.growth_arcsec * (off_axis / 10) ** 2
    level = aperture.background if background is None else background
    expected = float(np.sum(level * np.pi * radius**2 * seconds))
    mean = float(np.sqrt(np.sum(radius**2 * seconds) / seconds.sum()))
    notes = (
        [aperture.origin] if background is None else [f"{label}: background as given"]
    )
    counted = _counted(photons, looks, place, mean)
    if counted is not None:
        counts, expected = counted
        ring = f"{RING[0]:g} to {RING[1]:g} apertures"
        words = f"photons counted within {mean:.1f} arcsec, background from a ring of {ring}"
        notes = [f"{label}: {words}; {aperture.origin.split(',')[0]}"]
        limit = upper_limit(counts, expected, confidence)
        row["counts"] = counts
    else:
        notes.append(
            f"{label}: no photons stored; counts equal to the background assumed"
        )
        limit = upper_limit(expected, expected, confidence)
    return {
        **row,
        "aperture_arcsec": mean,
        "background": expected,
        "limit_counts": limit,
        "rate": limit / aperture.fraction / float(seconds.sum()),
    }, notes


def _counted(
    photons: pl.DataFrame | None,
    looks: pl.DataFrame,
    place: tuple[float, float],
    radius_arcsec: float,
) -> tuple[int, float] | None:
    """Return counts in the aperture and expected background; None if photons lack."""
    if photons is None:
        return None
    ids = set(looks["obs_id"].drop_nulls())
    if not ids <= set(photons["obs_id"].unique()):
        return None
    of_looks = photons.filter(pl.col("obs_id").is_in(sorted(ids)))
    apart = _apart_arcsec(of_looks, place)
    counts = int((apart <= radius_arcsec).sum())
    inner, outer = (k * radius_arcsec for k in RING)
    ring = int(((apart > inner) & (apart <= outer)).sum())
    return counts, ring / (RING[1] ** 2 - RING[0] ** 2)


def _apart_arcsec(
    rows: pl.DataFrame, place: tuple[float, float]
) -> np.ndarray[Any, Any]:
    return 3600 * separation_deg(rows["ra"].to_numpy(), rows["dec"].to_numpy(), *place)


def _near(sources: pl.DataFrame, ra: float, dec: float) -> int:
    """Count sources at the place: within their error radius or 5 arcsec."""
    if not len(sources):
        return 0
    error = sources["error_radius_arcsec"].fill_null(0.0).to_numpy()
    return int((_apart_arcsec(sources, (ra, dec)) <= np.maximum(error, 5.0)).sum())
