"""Conversions: a light curve in another unit, without reading its points again."""

from typing import TYPE_CHECKING, Any, Protocol, Self

import polars as pl

from orbital_kernel.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orbital_kernel.science.lightcurves import CountsToFlux, SpectralModel


class Read(Protocol):
    """The points read, and the frame of the curve that was made of them."""

    @property
    def frame(self) -> pl.DataFrame | None:
        """The frame of that curve."""

    def scaled(
        self,
        unit: str | None,
        band_kev: tuple[float, float] | None,
        model: "SpectralModel | None",
        counts_to_flux: "Mapping[str, CountsToFlux] | None",
    ) -> Any:
        """Return the light curve in a unit and band."""


class Conversions:
    """What a LightCurve converts to."""

    frame: pl.DataFrame
    reading: Read | None

    def converted(
        self,
        *,
        unit: str | None = None,
        band_kev: tuple[float, float] | None = None,
        model: "SpectralModel | None" = None,
        counts_to_flux: "Mapping[str, CountsToFlux] | None" = None,
    ) -> Self:
        """Return the curve of the points read, in another unit and band.

        The database is not asked again: points committed since are not part of it.

        Parameters
        ----------
        unit : str, optional
            As in `orbital.light_curve`; by default each point keeps its own unit.
        band_kev : tuple of float, optional
            Band to convert to, keV.
        model : SpectralModel, optional
            Spectrum by which bands are converted.
        counts_to_flux : mapping of str to CountsToFlux, optional
            Factor of 'INSTRUMENT/MODE' or 'INSTRUMENT'.

        Returns
        -------
        LightCurve
            All points that were read, as `orbital.light_curve` returns them.

        Raises
        ------
        QueryError
            If points cannot be converted, or the curve is only a part of what was read.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> curve = connect().light_curve("SIM AGN 1")
        >>> curve.converted(unit="ph / (cm2 s)").points["unit"].unique().to_list()
        ['ph / (cm2 s)']
        """
        if self.reading is None or self.reading.frame is not self.frame:
            raise QueryError(
                "this light curve is a part, an average or made by hand, without the "
                "points as read: convert the curve that orbital.light_curve returns, "
                "then select or average"
            )
        curve: Self = self.reading.scaled(unit, band_kev, model, counts_to_flux)
        return curve
