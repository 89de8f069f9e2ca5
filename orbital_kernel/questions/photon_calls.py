"""PhotonCalls: the session's methods on the photons of one observation."""

from collections.abc import Sequence

import polars as pl

from orbital_kernel.questions.calls import Calls
from orbital_kernel.questions.counts import bins_of, counts
from orbital_kernel.science import shape as shapes
from orbital_kernel.science.counting import LIMIT


class PhotonCalls(Calls):
    """Counts and flares of one observation."""

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
        return counts(
            self,
            observatory,
            obs_id,
            band_kev=band_kev,
            bins=bins_of(bin_s, bins),
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
