"""A light curve as a file or as an object of another library."""

from abc import abstractmethod
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from orbital_kernel.model.times import to_utc_iso
from orbital_kernel.questions.curve_files import (
    lightkurve_curve,
    require_format,
    stingray_curve,
    time_series,
    write_csv,
    write_ecsv,
    write_fits,
    write_votable,
)

if TYPE_CHECKING:
    from astropy.timeseries import TimeSeries


class Exports:
    """What a light curve can be written as.

    Examples
    --------
    >>> from orbital_kernel import connect
    >>> orbital = connect()
    >>> curve = orbital.light_curve("SIM AGN 1", unit="erg / (cm2 s)")
    >>> len(curve.to_timeseries()) == len(curve.points)
    True
    """

    object: str
    frame: pl.DataFrame
    t0: datetime | None
    t0_source: str | None
    redshift: float | None

    @property
    @abstractmethod
    def points(self) -> pl.DataFrame:
        """The points that count."""

    @property
    def names(self) -> list[str]:
        """The names that the files give the object."""
        names = self.frame["object"].drop_nulls().unique().sort()
        return [str(name) for name in names]

    @property
    def t0_utc(self) -> str | None:
        """T0 as UTC text to the millisecond; None if T0 has no date."""
        if self.t0 is None:
            return None
        text: str | None = to_utc_iso(np.array([self.t0], dtype="datetime64[ns]"))[0]
        return text

    @property
    def _about(self) -> dict[str, Any]:
        facts = {
            "object": self.object,
            "t0_utc": self.t0_utc,
            "t0_source": self.t0_source,
            "redshift": self.redshift,
        }
        return {key: value for key, value in facts.items() if value is not None}

    def to_file(self, path: "str | Path") -> Path:
        """Write all points in the format that the name of the file ends with.

        Parameters
        ----------
        path : str or Path
            A file that ends with .csv, .ecsv, .fits or .vot.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        QueryError
            If the name ends with none of these.

        Examples
        --------
        >>> import tempfile, pathlib
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> folder = pathlib.Path(tempfile.mkdtemp())
        >>> orbital.light_curve("SIM AGN 1").to_file(folder / "curve.fits").name
        'curve.fits'
        """
        writers = {
            "csv": self.to_csv,
            "ecsv": self.to_ecsv,
            "fits": self.to_fits,
            "votable": self.to_votable,
        }
        return writers[require_format(Path(path))](path)

    def to_csv(self, path: "str | Path") -> Path:
        """Write all points as CSV, times as ISO text (TT).

        Text that starts with =, +, -, @, a tab or a carriage return gets a quote mark in
        front, so that no spreadsheet runs it as a formula.

        Parameters
        ----------
        path : str or Path
            The file to write.

        Returns
        -------
        Path
            The file.

        Examples
        --------
        >>> import tempfile, pathlib
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> folder = pathlib.Path(tempfile.mkdtemp())
        >>> orbital.light_curve("SIM AGN 1").to_csv(folder / "curve.csv").name
        'curve.csv'
        """
        return write_csv(self.frame, Path(path))

    def to_ecsv(self, path: "str | Path") -> Path:
        """Write all points as ECSV: CSV with units, masks and times (TT) for astropy.

        Parameters
        ----------
        path : str or Path
            The file to write.

        Returns
        -------
        Path
            The file.

        Examples
        --------
        >>> import tempfile, pathlib
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> folder = pathlib.Path(tempfile.mkdtemp())
        >>> orbital.light_curve("SIM AGN 1").to_ecsv(folder / "curve.ecsv").name
        'curve.ecsv'
        """
        return write_ecsv(self.frame, Path(path), self._about)

    def to_fits(self, path: "str | Path") -> Path:
        """Write all points as a FITS binary table; `time` is MJD (TT).

        Parameters
        ----------
        path : str or Path
            The file to write.

        Returns
        -------
        Path
            The file.

        Examples
        --------
        >>> import tempfile, pathlib
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> folder = pathlib.Path(tempfile.mkdtemp())
        >>> orbital.light_curve("SIM AGN 1").to_fits(folder / "curve.fits").name
        'curve.fits'
        """
        return write_fits(self.frame, Path(path), self._about)

    def to_votable(self, path: "str | Path") -> Path:
        """Write all points as a VOTable; `time` is MJD (TT).

        Parameters
        ----------
        path : str or Path
            The file to write.

        Returns
        -------
        Path
            The file.

        Examples
        --------
        >>> import tempfile, pathlib
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> folder = pathlib.Path(tempfile.mkdtemp())
        >>> orbital.light_curve("SIM AGN 1").to_votable(folder / "curve.vot").name
        'curve.vot'
        """
        return write_votable(self.frame, Path(path), self._about)

    def to_timeseries(self) -> "TimeSeries":
        """Return the points as an astropy TimeSeries.

        `flux` and `flux_err` are the value and the mean of its errors, so that
        lightkurve, whose light curve is a TimeSeries, can take it.

        Returns
        -------
        astropy.timeseries.TimeSeries
            Times are TT, or the time since T0 where no point has a date; points without
            a date beside dated ones are dropped and counted in meta["undated"].

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> curve = orbital.light_curve("SIM AGN 1", unit="erg / (cm2 s)")
        >>> curve.to_timeseries()["flux"].unit
        Unit("erg / (s cm2)")
        """
        return time_series(self.points, self._about)

    def to_stingray(self) -> Any:
        """Return the detections as a stingray Lightcurve; needs the extra 'timing'.

        Returns
        -------
        stingray.Lightcurve
            Times in s since T0, the values as count rate, and their mean errors, which
            stingray itself takes as Poisson where it analyses.

        Raises
        ------
        QueryError
            If the points are of several instruments, bands or units, or stingray is not
            installed.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> curve = orbital.light_curve("SIM AGN 1").only(observatory="swift")
        >>> curve = curve.only(unit=curve.points["unit"][0], band=curve.points["band"][0])
        >>> len(curve.to_stingray().time) == (~curve.points["is_limit"]).sum()
        True
        """
        return stingray_curve(self.points)

    def to_lightkurve(self) -> Any:
        """Return the detections as a lightkurve LightCurve; needs lightkurve installed.

        Returns
        -------
        lightkurve.LightCurve
            Times (TT), flux and flux_err of the points, with the other columns.

        Raises
        ------
        QueryError
            If lightkurve is not installed, or no point has a date.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> curve = orbital.light_curve("SIM AGN 1", unit="erg / (cm2 s)")
        >>> curve.to_lightkurve()  # doctest: +SKIP
        """
        return lightkurve_curve(self.points, self._about)
