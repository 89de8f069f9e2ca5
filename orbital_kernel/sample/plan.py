"""The invented sky: which bursts, objects and observations there are, from one seed."""

import zlib
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from orbital_kernel.sample import clock
from orbital_kernel.sample.pulses import Profile, draw_profile
from orbital_kernel.sample.rounding import degrees

FIRST_MET_S = 1.40e8
LAST_MET_S = 6.80e8
SWIFT_TARGET_0 = 9_900_001
CHANDRA_OBSID_0 = 90_001


def dice(seed: int, name: str) -> np.random.Generator:
    """Return the random numbers of one named part, independent of all others."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


@dataclass(frozen=True)
class Burst:
    """One simulated burst: where, when, how bright, and where it is listed."""

    name: str
    target_id: int
    trigger_met_s: float
    header_shift_s: float
    ra_deg: float
    dec_deg: float
    roll_deg: float
    error_arcmin: float
    profile: Profile
    peak: float
    listed: bool
    short: bool
    photon_index: float
    redshift: float | None

    @property
    def utcf_s(self) -> float:
        """Clock correction at the trigger (s)."""
        return clock.utcf(self.trigger_met_s)

    @property
    def utc_s(self) -> float:
        """Trigger time, UTC seconds since 2001."""
        return clock.swift_utc_s(self.trigger_met_s, self.utcf_s)

    @property
    def obs_id(self) -> str:
        """ObsID of the trigger: eight digits of target, three of segment."""
        return f"{self.target_id:08d}000"

    @property
    def object(self) -> str:
        """The name as object fields of files carry it."""
        return f"SIM GRB {self.name}"

    def t90_s(self) -> tuple[float, float]:
        """Return start and stop of T90 from the trigger (s)."""
        start, stop = self.profile.quantile_s(0.05, 0.95)
        return start, stop

    def t50_s(self) -> tuple[float, float]:
        """Return start and stop of T50 from the trigger (s)."""
        start, stop = self.profile.quantile_s(0.25, 0.75)
        return start, stop

    def fluence_erg_cm2(self) -> float:
        """Return the 15-150 keV fluence (erg/cm2), 1e-6 for one count/det."""
        return self.peak * self.profile.integral_s() * 1.0e-6


@dataclass(frozen=True)
class Names:
    """Burst names of a day: real ones never got past F or so; these start at S."""

    taken: set[str]

    def next(self, met_s: float) -> str:
        """Return the next free name of the burst's UTC day, e.g. '130501S'."""
        utc = clock.EPOCH + timedelta(seconds=met_s + clock.utcf(met_s))
        for letter in "STUVWXYZ":
            name = f"{utc:%y%m%d}{letter}"
            if name not in self.taken:
                self.taken.add(name)
                return name
        raise ValueError(f"more than eight simulated bursts on {utc:%Y-%m-%d}")


def draw_burst(
    rng: np.random.Generator,
    names: Names,
    number: int,
    *,
    short: bool,
    peak: float,
    listed: bool = True,
    header_shift_s: float = 0.0,
) -> Burst:
    """Draw a burst; `peak` is in count/s/detector at 15-350 keV."""
    met = round(float(rng.uniform(FIRST_MET_S, LAST_MET_S)) / 0.064) * 0.064
    met = round(met, 3)
    return Burst(
        name=names.next(met),
        target_id=SWIFT_TARGET_0 + number,
        trigger_met_s=met,
        header_shift_s=header_shift_s,
        ra_deg=round(float(rng.uniform(0, 360)), 5),
        dec_deg=round(float(np.degrees(np.arcsin(rng.uniform(-0.95, 0.95)))), 5),
        roll_deg=degrees(float(rng.uniform(0, 360))),
        error_arcmin=round(float(rng.uniform(0.9, 2.4)), 2),
        profile=draw_profile(rng, short=short),
        peak=peak,
        listed=listed,
        short=short,
        photon_index=round(float(rng.uniform(1.1, 2.1)), 2),
        redshift=round(float(rng.gamma(2.5, 0.7)), 3) if rng.random() < 0.6 else None,
    )
