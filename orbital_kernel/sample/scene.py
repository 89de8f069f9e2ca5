"""The sample while it is being written: where it goes and what is in it so far."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from orbital_kernel.sample.chandra import Observation
from orbital_kernel.sample.field import Field
from orbital_kernel.sample.logs import Pointing
from orbital_kernel.sample.plan import CHANDRA_OBSID_0, Burst, Names, dice, draw_burst
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
            ra_pnt_deg=ra - 0.008 / float(np.cos(np.radians(dec))),
            dec_pnt_deg=dec - 0.008,
            roll_deg=45.0,
            start_s=float(np.floor(start_s)),
            exposure_s=exposure_s,
            barycentred=barycentred,
        )
        self.observations.append(observation)
        return observation

    def add_field(self, sky: Field, label: str, names: tuple[str, str]) -> None:
        """Add a field's sources and matches to the truth; names of the two files."""
        self.ledger_field(sky, label, names)

    def ledger_field(self, sky: Field, label: str, names: tuple[str, str]) -> None:
        """Write truth rows of a field."""
        swift_row = np.cumsum(sky.in_swift) - 1
        for row in range(len(sky)):
            both = bool(sky.in_swift[row] and sky.in_chandra[row])
            source = f"{label}-{row + 1}"
            self.ledger.add("sources", **_source(sky, row, source, names))
            if both:
                self.ledger.add(
                    "matches",
                    source=source,
                    swift_file=names[0],
                    swift_row=int(swift_row[row]),
                    chandra_file=names[1],
                    chandra_region_id=row + 1,
                    separation_arcsec=_separation(sky, row),
                )


def _source(
    sky: Field, row: int, source: str, names: tuple[str, str]
) -> dict[str, object]:
    swift, chandra = bool(sky.in_swift[row]), bool(sky.in_chandra[row])
    return {
        "source": source,
        "ra": float(sky.ra[row]),
        "dec": float(sky.dec[row]),
        "flux_b_erg_cm2_s": float(sky.flux[row]),
        "swift_file": names[0] if swift else "",
        "swift_ra": float(sky.swift_ra[row]) if swift else None,
        "swift_dec": float(sky.swift_dec[row]) if swift else None,
        "swift_sigma_arcsec": float(sky.swift_sigma[row]) if swift else None,
        "chandra_file": names[1] if chandra else "",
        "chandra_ra": float(sky.chandra_ra[row]) if chandra else None,
        "chandra_dec": float(sky.chandra_dec[row]) if chandra else None,
        "chandra_sigma_arcsec": float(sky.chandra_sigma[row]) if chandra else None,
    }


def _separation(sky: Field, row: int) -> float:
    """Return the separation of the two catalogue positions (arcsec), small angles."""
    dec = np.radians(sky.swift_dec[row])
    east = (sky.swift_ra[row] - sky.chandra_ra[row] + 180) % 360 - 180
    north = sky.swift_dec[row] - sky.chandra_dec[row]
    return float(np.hypot(east * np.cos(dec), north) * 3600)


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
