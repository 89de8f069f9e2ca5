"""The sample while it is being written: where it goes and what is in it so far."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from orbital_kernel.sample.acis import Observation
from orbital_kernel.sample.logs import Pointing
from orbital_kernel.sample.plan import CHANDRA_OBSID_0, Burst, Names, dice, draw_burst
from orbital_kernel.sample.rounding import degrees
from orbital_kernel.sample.truth import Ledger


@dataclass
class Scene:
    """Archive folder, seed and truth, with every burst and observation made so far."""

    folder: Path
    seed: int
    ledger: Ledger
    bursts: list[Burst] = field(default_factory=list)
    observations: list[Observation] = field(default_factory=list)
    pointings: list[Pointing] = field(default_factory=list)
    names: Names = field(default_factory=lambda: Names(set()))

    @property
    def bytes(self) -> int:
        """Bytes written so far."""
        return sum(int(row["bytes"]) for row in self.ledger.rows["files"])

    def rng(self, name: str) -> np.random.Generator:
        """Return the random numbers of one named part."""
        return dice(self.seed, name)

    def burst(
        self,
        *,
        short: bool,
        peak: float,
        listed: bool = True,
        header_shift_s: float = 0.0,
    ) -> Burst:
        """Draw the next burst, and log its pointing."""
        number = len(self.bursts)
        burst = draw_burst(
            self.rng(f"burst {number}"),
            self.names,
            number,
            short=short,
            peak=peak,
            listed=listed,
            header_shift_s=header_shift_s,
        )
        self.bursts.append(burst)
        if listed:
            self.pointings.append(_pointing(burst))
        return burst

    def observation(
        self,
        object_: str,
        position_deg: tuple[float, float],
        start_s: float,
        exposure_s: float,
        *,
        barycentred: bool = False,
    ) -> Observation:
        """Make the next Chandra observation, aimed half an arcminute off its target."""
        ra, dec = position_deg
        observation = Observation(
            obs_id=CHANDRA_OBSID_0 + len(self.observations),
            object=object_,
            ra_deg=ra,
            dec_deg=dec,
            ra_pnt_deg=degrees(ra - 0.008 / float(np.cos(np.radians(dec)))),
            dec_pnt_deg=degrees(dec - 0.008),
            roll_deg=45.0,
            start_s=float(np.floor(start_s)),
            exposure_s=exposure_s,
            barycentred=barycentred,
        )
        self.observations.append(observation)
        return observation


def _pointing(burst: Burst) -> Pointing:
    return Pointing(
        object=burst.object,
        target_id=burst.target_id,
        segment=0,
        ra_deg=burst.ra_deg,
        dec_deg=burst.dec_deg,
        start_utc_s=burst.utc_s - 240,
        stop_utc_s=burst.utc_s + 80_000,
        exposure_s=12_000,
    )
