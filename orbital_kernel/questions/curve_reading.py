"""The points of one object as its files give them: read once, brought to any unit."""

import time as clock
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import polars as pl

from orbital_kernel.query import Answer
from orbital_kernel.questions.asking import joint_explain
from orbital_kernel.questions.curve import LightCurve
from orbital_kernel.questions.curve_scale import Scale
from orbital_kernel.science.lightcurves.assembly import scaled, zero_of
from orbital_kernel.science.lightcurves.bands import CountsToFlux
from orbital_kernel.science.lightcurves.restframe import with_rest_frame
from orbital_kernel.science.spectra import Band, SpectralModel

STEPS = ("repeated points", "times at one place", "units and bands")


@dataclass(frozen=True, eq=False)
class Reading:
    """What was read for a light curve in so many seconds, before any unit is chosen.

    `points` are prepared (`assembly.prepared`); `frame` is that of the curve which refers to this reading.
    """

    object: str
    points: pl.DataFrame
    position: tuple[float, float] | None
    t0: datetime | None
    t0_source: str | None
    redshift: float | None
    redshift_source: str | None
    neighbours: pl.DataFrame
    answers: tuple[Answer, ...]
    seconds: float
    frame: pl.DataFrame | None = None

    def scaled(
        self,
        unit: str | None,
        band_kev: tuple[float, float] | None,
        model: SpectralModel | None,
        counts_to_flux: Mapping[str, CountsToFlux] | None,
    ) -> LightCurve:
        """Return the light curve in a unit and band; QueryError if it has none."""
        scale = Scale(unit, band_kev, model, counts_to_flux)
        scale.require()
        return self.curve(scale)

    def curve(self, scale: Scale) -> LightCurve:
        """Return the light curve in a unit and band, or with each point's own."""
        start = clock.perf_counter() - self.seconds
        frame = scaled(
            self.points,
            unit=scale.target,
            band=Band(*scale.band),
            model=scale.model,
            counts_to_flux=scale.counts_to_flux,
            t0=self.t0,
            t0_source=self.t0_source,
            nh_1e22=scale.nh_1e22(self.position),
            absorption=scale.absorption,
        )
        frame = with_rest_frame(frame, self.redshift)
        how = joint_explain(self.answers, len(frame), STEPS, start)
        return LightCurve(
            self.object,
            frame,
            self.t0 or zero_of(frame),
            _t0_source(frame),
            self.neighbours,
            how,
            self.redshift,
            self.redshift_source,
            replace(self, frame=frame),
        )


def _t0_source(frame: pl.DataFrame) -> str | None:
    """Return what gives T0 of most points."""
    counts = frame.group_by("t0_source").len().sort("len", "t0_source", descending=True)
    return str(counts["t0_source"][0])
