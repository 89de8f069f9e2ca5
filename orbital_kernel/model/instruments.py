"""What an observatory consists of: instruments, their bands and fields, clock, pointing."""

from dataclasses import dataclass

from orbital_kernel.errors import ConfigError


@dataclass(frozen=True)
class Band:
    """One band of an instrument.

    Attributes
    ----------
    name : str
        Its name, such as 'total' or 'UVW1'.
    low, high : float
        Its edges.
    unit : str
        'keV' for X-rays, 'nm' for optical filters.
    """

    name: str
    low: float
    high: float
    unit: str


@dataclass(frozen=True)
class FieldOfView:
    """The field of view of an instrument.

    Attributes
    ----------
    shape : str
        'circle', 'square', 'coded' (a coded mask) or 'sky' (all that is not occulted).
    size : float
        Radius of a circle, side of a square, or solid angle of the other shapes.
    unit : str
        'arcmin', 'deg' or 'sr'.
    """

    shape: str
    size: float
    unit: str


@dataclass(frozen=True)
class PositionError:
    """A typical position error.

    Attributes
    ----------
    radius_arcsec : float
        Radius of the error circle, arcsec.
    confidence : float
        Probability that the circle contains the source, 0 to 1.
    holds_for : str
        The sources that it holds for, in words.
    """

    radius_arcsec: float
    confidence: float
    holds_for: str


@dataclass(frozen=True)
class Instrument:
    """One instrument of an observatory.

    Attributes
    ----------
    name, full_name : str
        Name as in the column `instrument` ('BAT'), and in full.
    bands : tuple of Band
        Its bands.
    field_of_view : FieldOfView
        Its field of view.
    position_error : PositionError
        Used for rows that do not state their own error.
    source : str
        The document that these values are from.
    """

    name: str
    full_name: str
    bands: tuple[Band, ...]
    field_of_view: FieldOfView
    position_error: PositionError
    source: str

    def band(self, name: str) -> Band:
        """Return a band.

        Parameters
        ----------
        name : str
            Its name.

        Returns
        -------
        Band
            The band.

        Raises
        ------
        ConfigError
            If the instrument has no such band; the message lists its bands.
        """
        for band in self.bands:
            if band.name == name:
                return band
        names = ", ".join(band.name for band in self.bands)
        raise ConfigError(f"{self.name} has no band {name!r}; it has {names}")


@dataclass(frozen=True)
class Clock:
    """The clock of a mission.

    Attributes
    ----------
    epoch : str
        ISO date and time at which the clock reads 0 s.
    epoch_scale : str
        Scale of the epoch: 'utc', 'tt' or 'tdb'.
    rule : str
        Rule of times.py that converts clock values to TT.
    correction : str
        How the clock is corrected, in words.
    source : str
        The document that these values are from.
    """

    epoch: str
    epoch_scale: str
    rule: str
    correction: str
    source: str


@dataclass(frozen=True)
class Pointing:
    """Where an observatory can point, and how fast.

    Attributes
    ----------
    steerable : bool
        False for an observatory that surveys the sky and takes no targets.
    delay_h : float
        Shortest time to a target of opportunity, h.
    sun_min_deg, sun_max_deg : float
        Allowed angles from the Sun, deg.
    moon_min_deg, earth_limb_min_deg : float
        Smallest angle from the Moon and from the Earth's limb, deg.
    response : str
        How it responds to targets of opportunity, in words.
    source : str
        The document that these values are from.
    """

    steerable: bool
    delay_h: float
    sun_min_deg: float
    sun_max_deg: float
    moon_min_deg: float
    earth_limb_min_deg: float
    response: str
    source: str
