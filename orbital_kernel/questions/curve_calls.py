"""CurveCalls: the session's methods on light curves."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from orbital_kernel.questions import many_curves, registering
from orbital_kernel.questions.calls import Calls
from orbital_kernel.questions.curve import LightCurve
from orbital_kernel.questions.curve_scale import Scale
from orbital_kernel.questions.instants import instant_of
from orbital_kernel.questions.light_curves import assembled
from orbital_kernel.questions.many_curves import LightCurves
from orbital_kernel.questions.one_call import OneCall
from orbital_kernel.questions.positions import NEARBY_ARCSEC
from orbital_kernel.questions.subject import resolve
from orbital_kernel.science.lightcurves import CountsToFlux, SpectralModel

if TYPE_CHECKING:
    from datetime import datetime

    from astropy.coordinates import SkyCoord
    from astropy.time import Time


class CurveCalls(Calls):
    """Light curves of one object and of many."""

    def light_curve(
        self,
        subject: "str | tuple[float, float] | SkyCoord",
        *,
        unit: str | None = None,
        band_kev: tuple[float, float] | None = None,
        model: SpectralModel | None = None,
        counts_to_flux: Mapping[str, CountsToFlux] | None = None,
        nh: float | str | None = None,
        absorption: str | None = None,
        redshift: float | None = None,
        t0: "datetime | str | Time | None" = None,
        bins: float | str | Sequence[float] | None = None,
        within_arcsec: float = NEARBY_ARCSEC,
        background: bool = False,
    ) -> LightCurve:
        """Return the light curve of an object from all observatories.

        Detections and limits of every instrument, in order of time. Points that do not
        count keep their rows, with the reason in column `excluded`.

        Parameters
        ----------
        subject : str, tuple of float or SkyCoord
            A name or alias in any spelling that a table has, or a position: RA and Dec
            (ICRS deg) or a SkyCoord.
        unit : str, optional
            Unit to bring the points to: an energy flux, a photon flux or a flux density.
            By default each point keeps its own unit and band.
        band_kev : tuple of float, optional
            Band to convert to, keV; 0.3-10 keV by default, and 1 keV for a flux density.
            A band, a model or factors without a unit ask for an energy flux.
        model : SpectralModel, optional
            Spectrum by which bands are converted. By default the one that the record of
            the point states, else a power law of photon index 2.0 +- 0.3.
        counts_to_flux : mapping of str to CountsToFlux, optional
            Factor of 'INSTRUMENT/MODE' or 'INSTRUMENT'; count rates without one are
            excluded from a curve in units of flux.
        nh : float or 'galactic', optional
            Column of hydrogen towards the object, cm-2, by which spectra are absorbed;
            'galactic' is that of the position (needs the extra 'absorption').
        absorption : {'absorbed', 'unabsorbed'}, optional
            What fluxes are converted to; by default they stay as they are.
        redshift : float, optional
            Redshift, for luminosities and times in the rest frame; by default that of
            the burst catalogue that comes first in the one order.
        t0 : datetime, str or Time, optional
            Where `since_s` starts: a datetime on TT, or text in UTC. By default the
            trigger of a catalogued burst, else T0 of the files, else the first point.
        bins : float, str or sequence of float, optional
            Bins in which points are averaged: a width in s, 'log N', edges in s,
            'counts:N', 'snr:X', 'snapshots', 'observation' or 'blocks[:P0]'; see
            `LightCurve.binned`.
        within_arcsec : float
            Radius within which points are the object's, arcsec.
        background : bool
            Whether rates of a whole detector with its background count as points.

        Returns
        -------
        LightCurve
            Points (an exposure once in each unit), excluded ones with why, neighbours.

        Raises
        ------
        QueryError
            If no photometry is of the object, or points cannot be converted into `unit`
            and `band_kev`.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> curve = orbital.light_curve("SIM AGN 1", band_kev=(0.5, 8.0))
        >>> curve.points["band_low_kev"].unique().to_list()
        [0.5]
        """
        scale = Scale(unit, band_kev, model, counts_to_flux, nh, absorption)
        scale.require()
        registering.ensure(self.store)
        orbital = OneCall(self)
        curve = assembled(
            orbital,
            resolve(
                orbital, subject, neighbours_arcsec=None, near_arcsec=within_arcsec
            ),
            scale,
            redshift=redshift,
            t0=instant_of(t0, "t0"),
            within_arcsec=within_arcsec,
            background=background,
        )
        return curve if bins is None else curve.binned(bins)

    def light_curves(
        self,
        subjects: Sequence[str],
        *,
        unit: str = "erg / (cm2 s)",
        band_kev: tuple[float, float] = (0.3, 10.0),
        model: SpectralModel | None = None,
        counts_to_flux: Mapping[str, CountsToFlux] | None = None,
        bin_s: float | None = None,
    ) -> LightCurves:
        """Return the light curves of many objects at once, in one unit and band.

        Points are those of the photometry tables under the objects' names and aliases:
        no rates, neighbours or T0 of catalogues, which `light_curve` has.

        Parameters
        ----------
        subjects : sequence of str
            Names of objects, in any spelling.
        unit, band_kev, model, counts_to_flux
            As in `light_curve`; an energy flux in 0.3-10 keV by default.
        bin_s : float, optional
            Width of bins from each object's first point, s, in which points are averaged;
            by default they stay. Errors are exact where counts are known, as those of
            `light_curve`, else in quadrature: `error_rule` of each point or bin.

        Returns
        -------
        LightCurves
            `frame` with all points or bins, `characters` with mean, chi-squared and
            excess variance of each object, `of(name)`, and `absent` objects.

        Raises
        ------
        QueryError
            If no object has points, or they cannot be converted.

        References
        ----------
        Vaughan et al. 2003, MNRAS 345, 1271.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> curves = orbital.light_curves(["SIM AGN 1", "SIM GRB 120102S"])
        >>> curves.characters["object"].unique().sort().to_list()
        ['SIM AGN 1', 'SIM GRB 120102S']
        """
        return many_curves.light_curves(
            self,
            subjects,
            unit=unit,
            band_kev=band_kev,
            model=model,
            counts_to_flux=counts_to_flux,
            bin_s=bin_s,
        )
