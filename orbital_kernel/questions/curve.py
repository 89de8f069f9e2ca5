"""One light curve: its points, what is excluded and why, its neighbours."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import polars as pl

from orbital_kernel.errors import QueryError
from orbital_kernel.query import Explain
from orbital_kernel.query.units import units_by_name
from orbital_kernel.questions.curve_conversions import Conversions, Read
from orbital_kernel.questions.curve_exports import Exports
from orbital_kernel.questions.curve_numbers import Numbers
from orbital_kernel.science.lightcurves import averaged, with_rest_frame
from orbital_kernel.science.shape.hardness_of_points import hardness_of_points

NEIGHBOURS = {
    "observatory": pl.String(),
    "object": pl.String(),
    "catalog": pl.String(),
    "ra": pl.Float64(),
    "dec": pl.Float64(),
    "separation_arcsec": pl.Float64(),
    "points": pl.Int64(),
}

PARTS = ("observatory", "instrument", "mode", "unit", "band")


@dataclass(frozen=True)
class LightCurve(Conversions, Exports, Numbers):
    """The light curve of one object from all observatories.

    It can be read as its `frame`: indexing, `len`, and the methods of polars.DataFrame
    are those of the frame.

    Parameters
    ----------
    object : str
        What was asked for.
    frame : polars.DataFrame
        All points of the files in order of time, excluded ones too: object, utc (text),
        time (TT), since_s (s after T0), value with value_err_plus and value_err_minus in
        `unit`, error_rule (their origin), is_limit, band and its edges (keV or nm), instrument, mode, exposure_s
        (s), time_rule, time_place, reference, and excluded: null, or why the point does
        not count.
    t0 : datetime, optional
        T0 (TT); None if no file and no catalogue dates it.
    t0_source : str, optional
        What gives T0: a catalogue, the file, the first point, or the caller.
    neighbours : polars.DataFrame
        Objects of other names within the error of the position, not part of the curve:
        observatory, object, catalog (null for objects with photometry), ra and dec
        (deg), separation_arcsec (arcsec) and points.
    how : Explain, optional
        How the points were found.
    redshift : float, optional
        Redshift of rest_s (s), luminosity_erg_s and its errors (erg / s, of energy
        fluxes, under astropy's Planck18, in the emitted band rest_band_low_kev to
        rest_band_high_kev); None if it is not known.
    redshift_source : str, optional
        What gives the redshift.
    reading : optional
        The points as read, which `converted` brings to another unit.

    Examples
    --------
    >>> from orbital_kernel import connect
    >>> orbital = connect()
    >>> curve = orbital.light_curve("SIM AGN 1")
    >>> len(curve.points) + len(curve.excluded) == len(curve)
    True
    """

    object: str
    frame: pl.DataFrame
    t0: datetime | None = None
    t0_source: str | None = None
    neighbours: pl.DataFrame = field(
        default_factory=lambda: pl.DataFrame(schema=NEIGHBOURS)
    )
    how: Explain | None = None
    redshift: float | None = None
    redshift_source: str | None = None
    reading: Read | None = field(default=None, compare=False)

    @property
    def points(self) -> pl.DataFrame:
        """The points that count, in order of time: detections and limits."""
        return self.frame.filter(pl.col("excluded").is_null())

    @property
    def excluded(self) -> pl.DataFrame:
        """The points that do not count; column `excluded` says why."""
        return self.frame.filter(pl.col("excluded").is_not_null())

    @property
    def units(self) -> dict[str, str | None]:
        """The unit of each column; 'see unit' where each point states its own."""
        return units_by_name(self.frame.columns)

    def explain(self) -> Explain | None:
        """Return how the points were found.

        Returns
        -------
        Explain, or None
            What the server evaluated and read; None for a curve made by hand.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> "swift.photometry" in orbital.light_curve("SIM AGN 1").explain().table
        True
        """
        return self.how

    def plot(self, *, title: str | None = None, time_axis: str = "auto") -> Any:
        """Return a figure of the curve.

        Parameters
        ----------
        title : str, optional
            Title; by default it names the object.
        time_axis : str
            'utc', 'mjd', 'elapsed' or 'log' (time since T0), or 'auto'.

        Returns
        -------
        bokeh figure or layout
            As `plots.light_curve` draws it: one panel per unit, on one time axis.

        Raises
        ------
        QueryError
            If the time axis is not one of these.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> figure = orbital.light_curve("SIM AGN 1", unit="erg / (cm2 s)").plot()
        >>> figure.title.text.startswith("SIMULATED")
        True
        """
        from orbital_kernel.plots.light_curve import light_curve  # noqa: PLC0415 - bokeh

        return light_curve(self, title=title, time_axis=time_axis)

    def only(
        self,
        *,
        observatory: str | None = None,
        instrument: str | None = None,
        mode: str | None = None,
        unit: str | None = None,
        band: str | None = None,
    ) -> "LightCurve":
        """Return the curve of the points that have these values.

        Parameters
        ----------
        observatory, instrument, mode, unit, band : str, optional
            Values of the columns of that name; None is any.

        Returns
        -------
        LightCurve
            The points, excluded ones too, with the same T0.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> curve = orbital.light_curve("SIM AGN 1").only(observatory="swift")
        >>> curve["observatory"].unique().to_list()
        ['swift']
        """
        pairs = zip(PARTS, (observatory, instrument, mode, unit, band), strict=True)
        clauses = [pl.col(name) == value for name, value in pairs if value is not None]
        return replace(self, frame=self.frame.filter(*clauses))

    def binned(self, bins: "float | str | Sequence[float]") -> "LightCurve":
        """Return the curve with the points of each series averaged in bins.

        A series is one instrument, mode, unit and band of an observatory. Rates of counts
        follow from the sums of their counts, with exact errors; bins without a source at
        3 sigma are limits. Other values are weighted by exposure, else by width, which is
        unbiased. Excluded points, limits without counts and points that lack what the
        bins need stay as they are.

        Parameters
        ----------
        bins : float, str or sequence of float
            Width in s from T0, 'log N' for N bins per decade of time since T0, or the
            edges in s since T0; 'counts:N' (N counts or more, within a snapshot), 'snr:X'
            (net counts, or values, over their error), 'snapshots' (points without a gap
            of 10 min), 'observation' (one bin for each ObsID), 'blocks' or 'blocks:P0'
            (Bayesian blocks with that chance of a false one; 0.05 by default).

        Returns
        -------
        LightCurve
            One point for each bin; others have the reason in column `not_binned`.

        Raises
        ------
        QueryError
            If the bins are not one of these.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> curve = orbital.light_curve("SIM AGN 1")
        >>> binned = curve.binned("snr:5")
        >>> binned.points["averaged"].sum() == len(curve.points)
        True
        """
        frame = averaged(self.frame, bins)
        if self.redshift is not None:
            frame = with_rest_frame(frame, self.redshift)
        return replace(self, frame=frame)

    def hardness(self, soft: str, hard: str) -> pl.DataFrame:
        """Return (H - S) / (H + S) of points of two bands at the same time.

        Parameters
        ----------
        soft, hard : str
            Names of the bands, as in column `band`.

        Returns
        -------
        polars.DataFrame
            The soft points, and the hard ones without a soft one, with ratio, ratio_low,
            ratio_high (1 sigma) and method: the posterior of the counts, or, where files
            have rates only, propagated errors. `no_ratio` says why a point has none.

        Raises
        ------
        QueryError
            If a band has no points, or the bands mix several units.

        References
        ----------
        Park et al. 2006, ApJ 652, 610 (BEHR).

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> curve = orbital.light_curve("SIM AGN 1").only(observatory="swift")
        >>> band = curve.points["band"][0]
        >>> float(curve.hardness(band, band)["ratio"][0])
        0.0
        """
        rows = self.points.filter(pl.col("band").is_in([soft, hard]))
        if rows["unit"].n_unique() > 1:
            raise QueryError(
                f"the points of {soft!r} and {hard!r} have several units: choose one "
                "with curve.only(unit=…)"
            )
        return hardness_of_points(rows, soft, hard)

    def __getattr__(self, name: str) -> Any:
        """Return an attribute of the frame."""
        if name.startswith("__") or name == "frame":
            raise AttributeError(name)
        return getattr(self.frame, name)

    def __getitem__(self, key: Any) -> Any:
        """Return a part of the frame."""
        return self.frame[key]

    def __len__(self) -> int:
        """Return the number of points, excluded ones included."""
        return len(self.frame)

    def __iter__(self) -> Iterator[pl.Series]:
        """Iterate over the frame's columns."""
        return iter(self.frame)

    def __repr__(self) -> str:
        """Return the numbers of points, and the frame."""
        return f"{self._summary()}\n{self.frame}"

    def _repr_html_(self) -> str:
        return f"<p>{self._summary()}</p>{self.frame._repr_html_()}"

    def _summary(self) -> str:
        limits = int(self.points["is_limit"].sum())
        zero = f"T0 {self.t0_utc} ({self.t0_source})" if self.t0 else "no T0"
        others = [name for name in self.names if name != self.object]
        also = f" (in files: {', '.join(others)})" if others else ""
        outside = int(self.not_binned["points"].sum())
        unbinned = f"{outside:,} in no bin; " if outside else ""
        return (
            f"Light curve of {self.object}{also}: {len(self.points):,} points, "
            f"{limits:,} of them limits; {unbinned}{len(self.excluded):,} excluded; "
            f"{zero}; {len(self.neighbours)} neighbours"
        )
