"""ShapeCalls: the session's methods on what light curves say."""

from typing import TYPE_CHECKING

import polars as pl

from orbital_kernel.questions import published
from orbital_kernel.questions.curve import LightCurve
from orbital_kernel.questions.curve_calls import CurveCalls
from orbital_kernel.science import shape as shapes

if TYPE_CHECKING:
    from datetime import datetime

    from astropy.coordinates import SkyCoord
    from astropy.time import Time

    from orbital_kernel.science.correlation import Lag


class ShapeCalls(CurveCalls):
    """Variability, decay, lags, and published results measured again."""

    def shape(
        self,
        subject: "pl.DataFrame | LightCurve | str | tuple[float, float] | SkyCoord",
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
        subject : polars.DataFrame, LightCurve, str, tuple of float or SkyCoord
            Points of `light_curve`, bins of `counts`, or the name or position of an
            object, whose `light_curve` is taken.
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
        if not isinstance(subject, pl.DataFrame | LightCurve):
            subject = self.light_curve(subject, t0=t0)
        points = subject if isinstance(subject, pl.DataFrame) else subject.frame
        return shapes.shape_of(
            points, since_s=since_s, breaks=breaks, systematic=systematic
        )

    def lag(
        self,
        subject: str,
        *,
        of: str,
        against: str,
        method: str = "iccf",
        max_lag_s: float | None = None,
        step_s: float | None = None,
        confidence: float = 0.68,
        simulations: int = 1000,
        interval: str | None = None,
        seed: int = 1,
        store: bool = False,
    ) -> "Lag":
        """Return by how much one light curve of an object follows another.

        The lag is positive if `of` follows `against`.

        Parameters
        ----------
        subject : str
            The object's name in any spelling that a table has.
        of, against : str
            The points compared, `OBSERVATORY[/INSTRUMENT][:LOW-HIGH][@UNIT]`, band in keV,
            or `:FILTER`. Limits with known counts are used as rates of their counts.
        method : str
            'iccf' (interpolated cross-correlation), 'zdcf' or 'dcf'.
        max_lag_s : float, optional
            Largest lag examined, s; by default half the length of the shorter series.
        step_s : float, optional
            Step of the lags (ICCF) or width of bins (DCF), s; by default from the spacing.
        confidence : float
            Confidence of the interval.
        simulations : int
            Number of simulated unrelated series behind the significance.
        interval : {'simulated', 'calibrated', 'resampled'}, optional
            From simulated pairs (default of ICCF, ZDCF), or resampled points (FR/RSS), at
            levels that such pairs calibrate (default of DCF) or as they are.
        seed : int
            Seed of the random numbers.
        store : bool
            Store the result in `cross.lags`, in place of an earlier one.

        Returns
        -------
        Lag
            Lag, interval (s) with its measured coverage, significance against red noise.

        Raises
        ------
        QueryError
            If a selection is not valid or mixes units, bands or places, or more than a
            tenth of the errors are missing.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> lag = orbital.lag("SIM AGN 1", of="swift", against="swift", simulations=50)
        >>> lag.low_s <= 0 <= lag.high_s
        True
        """
        from orbital_kernel.questions.lags import lag_of  # noqa: PLC0415 - with numba

        return lag_of(
            self,
            subject,
            of=of,
            against=against,
            method=method,
            max_lag_s=max_lag_s,
            step_s=step_s,
            confidence=confidence,
            simulations=simulations,
            interval=interval,
            seed=seed,
            store=store,
        )

    def published_results(self, subject: str | None = None) -> pl.DataFrame:
        """Return published results beside the same values measured from stored points.

        Needs the measurements that `ingest_published()` stores.

        Parameters
        ----------
        subject : {'GRB 130427A', 'GW170817', 'NGC 925 ULX-3', 'SN 2010jl', 'Sgr A*'}
            One object; by default all.

        Returns
        -------
        polars.DataFrame
            object, paper, quantity, unit, published and measured with their 1-sigma
            errors (in `unit`), sigmas (difference over both errors), consistent (within
            3 sigma, or a lower bound reached within its error) and remark.

        Raises
        ------
        QueryError
            If the object has no published result, or its points are not stored.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> published = connect(database="published")
        >>> _ = published.storage.apply()
        >>> _ = published.ingest_published()
        >>> published.published_results("GRB 130427A")["published"].to_list()
        [1.309]
        """
        return published.results(
            lambda name, t0: self.light_curve(name, t0=t0).points, subject
        )
