"""RareCalls: the session's methods on rare events and on what is new."""

from collections.abc import Mapping
from datetime import datetime

import polars as pl

from orbital_kernel.query import Cone, TimeSpan
from orbital_kernel.query.given import given_region
from orbital_kernel.questions.calls import Calls
from orbital_kernel.questions.comparison import EXPECTED, RATIO, Comparison, Limits
from orbital_kernel.questions.findings import compare_new, findings
from orbital_kernel.questions.rare import Rare, rare
from orbital_kernel.questions.rare_kept import keep_rare
from orbital_kernel.questions.rare_scope import Scope
from orbital_kernel.science.lightcurves import CountsToFlux


class RareCalls(Calls):
    """Rare events, new rows against everything known, and the findings kept."""

    def rare(
        self,
        kind: str,
        *,
        first: str = "swift",
        second: str = "chandra",
        region: tuple[float, float, float] | None = None,
        start: str | None = None,
        stop: str | None = None,
        counts_to_flux: Mapping[str, CountsToFlux] | None = None,
        store: bool = False,
    ) -> Rare:
        """Return rare events of one kind, rarest first.

        Parameters
        ----------
        kind : str
            'variability', 'flux-ratio', 'lone-burst', 'transient', 'extreme-hardness',
            'new-source' or 'serendipitous-afterglow' (bursts of the first observatory).
        first, second : str
            The observatories compared.
        region : tuple of float, optional
            RA, Dec and radius (deg) of a cone: only what is in it.
        start, stop : str, optional
            Only light-curve points, pointings and bursts of this span, ISO 8601 in UTC.
        counts_to_flux : mapping of str to CountsToFlux, optional
            Factor of an observatory's count rates. Without one flux-ratio excludes them.
        store : bool
            Whether to keep events of which chance gives fewer than one, or an unknown
            number, in cross.findings; a repeated search replaces them.

        Returns
        -------
        Rare
            All candidates ranked: select by `expected`, e.g. below 0.01.

        Raises
        ------
        QueryError
            If the kind or an observatory is unknown.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> orbital.rare("transient").kind
        'transient'
        """
        circle = None if region is None else given_region(region)
        cone = None if circle is None else Cone(*circle[:2], 60 * circle[2])
        span = None if start is None and stop is None else TimeSpan(start, stop)
        scope = Scope(cone, span, counts_to_flux or {})
        events = rare(self, kind, first=first, second=second, scope=scope)
        if store:
            keep_rare(
                self,
                kind,
                events.rows,
                looked_at=events.looked_at,
                selection=events.selection,
                first=first,
            )
        return events

    def compare_new(
        self,
        *,
        since: datetime | None = None,
        alert_ratio: float = RATIO,
        alert_expected: float = EXPECTED,
        counts_to_flux: Mapping[str, CountsToFlux] | None = None,
        within_s: float | None = None,
    ) -> Comparison:
        """Compare newly ingested sources and points with all known at their place.

        An ingest does that for what it brings; this compares what one left, for lack of
        time or since it ended. Each row of a file is compared, in one band, with the
        fluxes and limits of both observatories from files ingested earlier, and kept in
        `cross.findings`.

        Parameters
        ----------
        since : datetime, optional
            Rows of files ingested after this, UTC; by default those that are due.
        alert_ratio : float
            Least ratio to the faintest earlier row, or of the brightest to the new one,
            of an alert.
        alert_expected : float
            Largest expected number by chance of an alert.
        counts_to_flux : mapping of str to CountsToFlux, optional
            Factor of an observatory's count rates; without one they are excluded.
        within_s : float, optional
            Time after which the remainder is left to the next run, s; no limit by default.

        Returns
        -------
        Comparison
            The compared rows, the alerts among them, and by reason how many gave no alert
            and how many were excluded.

        Raises
        ------
        QueryError
            If a factor is not of the band of the rates.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> "expected" in orbital.compare_new().rows.columns
        True
        """
        return compare_new(
            self,
            since=since,
            limits=Limits(alert_ratio, alert_expected),
            counts_to_flux=counts_to_flux,
            within_s=within_s,
        )

    def findings(
        self, *, since: str | None = None, kind: str | None = None
    ) -> pl.DataFrame:
        """Return what is kept in `cross.findings`, rarest first.

        Parameters
        ----------
        since : str, optional
            Only findings made since then, ISO 8601 in UTC.
        kind : str, optional
            Only of this kind: 'brightening', 'fading' or 'new'.

        Returns
        -------
        polars.DataFrame
            The columns of `cross.findings`: the new row, its ratios to the brightest and
            the faintest earlier one, statistic, p_value, expected, and evidence as JSON.

        Raises
        ------
        QueryError
            If the time is not valid.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> "ratio_brightest" in orbital.findings(kind="fading").columns
        True
        """
        return findings(self, since, kind).frame
