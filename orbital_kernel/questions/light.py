"""Light: the session's methods on photons and curves of one observation or object."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import polars as pl

from orbital_kernel.query import Answer, Query
from orbital_kernel.questions import counts as photons
from orbital_kernel.questions import many_curves
from orbital_kernel.questions.many_curves import LightCurves
from orbital_kernel.science import shape as shapes
from orbital_kernel.science.counting import LIMIT
from orbital_kernel.science.lightcurves import CountsToFlux
from orbital_kernel.science.spectra import SpectralModel

if TYPE_CHECKING:
    from datetime import datetime

    from astropy.time import Time


class Light(ABC):
    """Counts, flares and shape, as a session returns them.

    Examples
    --------
    >>> from orbital_kernel import connect
    >>> orbital = connect()
    >>> obs_id = orbital.table("chandra.events", ["obs_id"])["obs_id"][0]
    >>> bins = orbital.counts("chandra", obs_id, band_kev=(0.5, 7.0), bin_s=600)
    >>> bins.columns[:2]
    ['start_s', 'stop_s']
    """

    @abstractmethod
    def query(
        self, query: Query, *, kind: str = "query", estimate: bool = False
    ) -> Answer:
        """Answer one query.

        Examples
        --------
        >>> from orbital_kernel import Query, connect
        >>> len(connect().query(Query("chandra.events", limit=2)).frame)
        2
        """

    @property
    @abstractmethod
    def objects(self) -> Any:
        """Objects, with their light curves."""

    def counts(
        self,
        observatory: str,
        obs_id: str,
        *,
        band_kev: tuple[float, float],
        bin_s: float | None = None,
        bins: str | Sequence[float] | None = None,
        region: str | None = None,
        background: str | None = None,
        exposure_ratio: float = 1.0,
        start_s: float | None = None,
        limit_confidence: float = LIMIT,
    ) -> pl.DataFrame:
        """Return the photons of one ObsID counted in bins of live time.

        Only photons within good time count, each chip in its own; exposure is the live
        part of it (ONTIME times DTCOR). Rates are not corrected for PSF, vignetting or
        pile-up.

        Parameters
        ----------
        observatory, obs_id : str
            The observatory and its ObsID; both must have an event list ingested.
        band_kev : tuple of float
            Nominal energies to count, keV, the lower included.
        bin_s : float, optional
            Width of bins, s. Give this or `bins`.
        bins : str or sequence of float, optional
            'counts:N' (photons a bin), 'snr:X' (net counts over their error), 'snapshots',
            'observation', 'blocks' or 'blocks:P0' (Bayesian blocks; 0.05 by default), or
            edges on the file's clock, s.
        region, background : str, optional
            Content of a DS9 or CIAO region file; all photons by default. With a
            background rates are net.
        exposure_ratio : float
            Mean of the exposure map in the source region over that in the background
            region; 1 by default, as if both saw the same.
        start_s : float, optional
            Start of the first bin on the file's clock, s; by default TSTART of the file
            where known (the bins of dmextract), else the first good time.
        limit_confidence : float
            Confidence of limits and detections; 3 sigma by default.

        Returns
        -------
        polars.DataFrame
            Columns of `Questions.counts`: start_s, stop_s and exposure_s (s), counts,
            rate and its errors (ct / s), is_limit.

        Raises
        ------
        QueryError
            If there are no good times or photons of the ObsID, or an argument is not
            valid.

        References
        ----------
        Gehrels 1986, ApJ 303, 336; `orbital_kernel.science.counting` for backgrounds.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> obs_id = orbital.table("chandra.events", ["obs_id"])["obs_id"][0]
        >>> bins = orbital.counts("chandra", obs_id, band_kev=(0.5, 7.0), bin_s=300)
        >>> bool((bins["exposure_s"] > 0).all())
        True
        """
        return photons.counts(
            self,
            observatory,
            obs_id,
            band_kev=band_kev,
            bins=photons.bins_of(bin_s, bins),
            region=region,
            background=background,
            exposure_ratio=exposure_ratio,
            start_s=start_s,
            limit_confidence=limit_confidence,
        ).frame

    def flares(
        self,
        observatory: str,
        obs_id: str,
        *,
        band_kev: tuple[float, float] = (2.0, 8.0),
        region: str | None = None,
        false_alarm: float = 0.05,
        least_chance: float = shapes.LEAST_CHANCE,
    ) -> pl.DataFrame:
        """Return the flares of one observation, found by Bayesian blocks of its photons.

        Parameters
        ----------
        observatory, obs_id : str
            The observatory and its ObsID; both must have an event list ingested.
        band_kev : tuple of float
            Nominal energies to count, keV; by default those of Sgr A*'s flares.
        region : str, optional
            Content of a DS9 or CIAO region file; all photons by default.
        false_alarm : float
            Probability of one change too many in a constant source (p0 of Scargle+ 2013).
        least_chance : float
            Largest probability that a block at the quiescent rate is as bright.

        Returns
        -------
        polars.DataFrame
            start_s, stop_s (s, the file's clock), time (TT), blocks, counts, exposure_s
            (s), peak_rate, rate and its errors (ct / s, all counts), quiescent_rate
            (ct / s), excess and its errors (counts), chance; in order of time.

        Raises
        ------
        QueryError
            If there are no good times of the ObsID, or an argument is not valid.

        References
        ----------
        Scargle et al. 2013, ApJ 764, 167; Neilsen et al. 2013, ApJ 774, 42.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> obs_id = orbital.table("chandra.events", ["obs_id"])["obs_id"][0]
        >>> flares = orbital.flares("chandra", obs_id, band_kev=(0.5, 7.0))
        >>> bool((flares["rate"] > flares["quiescent_rate"]).all())
        True
        """
        blocks = self.counts(
            observatory,
            obs_id,
            band_kev=band_kev,
            bins=f"blocks:{false_alarm}",
            region=region,
        )
        return shapes.flares(blocks, least_chance=least_chance)

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
            Width of bins from each object's first point, s, in which detections are
            averaged; by default the points stay.

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
        >>> curves = orbital.light_curves(["SIM AGN 1", "SIM AGN 2"], bin_s=86400.0)
        >>> curves.characters["object"].unique().sort().to_list()
        ['SIM AGN 1', 'SIM AGN 2']
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

    def shape(
        self,
        subject: pl.DataFrame | str,
        *,
        since_s: tuple[float | None, float | None] = (None, None),
        breaks: int | None = None,
        systematic: float = 0.0,
        t0: "datetime | str | Time | None" = None,
    ) -> shapes.Shape:
        """Return what a light curve says: variability, decay and trend, by instrument.

        Single results are functions of `orbital_kernel.shape`: hardness, periodogram,
        power_spectrum, states, seasons and more.

        Parameters
        ----------
        subject : polars.DataFrame or str
            Points of `light_curve`, bins of `counts`, or the name of an object, whose
            `light_curve` is taken.
        since_s : tuple of float
            Only points from and to these times since T0, s; None is unbounded.
        breaks : int, optional
            Number of breaks of the decay, 0 to 3; chosen by AICc by default.
        systematic : float
            Relative error added to each point of the decay in quadrature.
        t0 : datetime, str or Time, optional
            T0 of a named object, as `light_curve` takes it.

        Returns
        -------
        Shape
            `rows` with excess variance, Fvar, chi-square, probability of variability
            and slope, with units; `decays` with indices, breaks, covariance and names.

        Raises
        ------
        QueryError
            If no table has the object, or the curve has neither values nor counts.

        References
        ----------
        Vaughan et al. 2003, MNRAS 345, 1271; Gregory & Loredo 1992, ApJ 398, 146; Evans
        et al. 2009, MNRAS 397, 1177.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> obs_id = orbital.table("chandra.events", ["obs_id"])["obs_id"][0]
        >>> bins = orbital.counts("chandra", obs_id, band_kev=(0.5, 7.0), bin_s=600)
        >>> 0 <= orbital.shape(bins).rows["p_constant"][0] <= 1
        True
        """
        curve: pl.DataFrame = (
            self.objects.light_curve(subject, t0=t0).frame
            if isinstance(subject, str)
            else subject
        )
        return shapes.shape_of(
            curve, since_s=since_s, breaks=breaks, systematic=systematic
        )
