"""Count rates of a spectrum through an instrument's response: ARF and RMF of OGIP."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from orbital_kernel.errors import QueryError
from orbital_kernel.science.spectra.continua import Band, SpectralModel

Reals = NDArray[np.float64]
MATRIX = ("MATRIX", "SPECRESP MATRIX")
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(4)


@dataclass(frozen=True)
class Response:
    """How photons of an energy are counted in channels.

    `area_cm2` is the effective area by energy bin, `matrix` the probability by energy
    bin and channel; energies are edges in keV, channels have nominal edges in keV.
    """

    low_kev: Reals
    high_kev: Reals
    area_cm2: Reals
    matrix: Reals
    channel_low_kev: Reals
    channel_high_kev: Reals

    def rate(self, model: SpectralModel, band: Band) -> float:
        """Return counts per second in a band of channels, in the model's normalisation.

        A channel counts by the part of it that lies in the band.
        """
        width = self.channel_high_kev - self.channel_low_kev
        shared = np.minimum(self.channel_high_kev, band.high_kev) - np.maximum(
            self.channel_low_kev, band.low_kev
        )
        part = np.clip(shared / width, 0.0, 1.0)
        middle = (self.low_kev + self.high_kev)[:, None] / 2
        half = (self.high_kev - self.low_kev)[:, None] / 2
        energy = (middle + half * _NODES).ravel()
        photons = model.photons(energy).reshape(-1, len(_NODES))
        photons = (half * _WEIGHTS * photons).sum(axis=1)
        return float((photons * self.area_cm2) @ (self.matrix @ part))


def read_response(arf: str | Path, rmf: str | Path) -> Response:
    """Return the response that an ARF and an RMF hold.

    Parameters
    ----------
    arf, rmf : str or Path
        The files.

    Returns
    -------
    Response
        Effective area by energy, and probability by energy and channel.

    Raises
    ------
    QueryError
        If a file has no such table, or their energies differ.

    References
    ----------
    George & Arnaud 1992, OGIP CAL/GEN/92-002: EBOUNDS, MATRIX and SPECRESP.
    """
    from astropy.io import fits

    with fits.HDUList.fromfile(arf) as file:
        area = _table(file, ("SPECRESP",), arf)
        arf_low = np.asarray(area.data["ENERG_LO"], dtype=np.float64)
        values = np.asarray(area.data["SPECRESP"], dtype=np.float64)
    with fits.HDUList.fromfile(rmf) as file:
        table, bounds = _table(file, MATRIX, rmf), _table(file, ("EBOUNDS",), rmf)
        low = np.asarray(table.data["ENERG_LO"], dtype=np.float64)
        high = np.asarray(table.data["ENERG_HI"], dtype=np.float64)
        edges = (
            np.asarray(bounds.data[name], dtype=np.float64)
            for name in ("E_MIN", "E_MAX")
        )
        channel_low, channel_high = edges
        matrix = _matrix(table, len(channel_low))
    if low.size != arf_low.size or not np.allclose(low, arf_low, rtol=1e-3, atol=1e-4):
        raise QueryError(
            f"{Path(arf).name} and {Path(rmf).name} are of different energies: give the "
            "two that were made together"
        )
    return Response(low, high, values, matrix, channel_low, channel_high)


def _table(file: Any, names: tuple[str, ...], path: str | Path) -> Any:
    for name in names:
        if name in file:
            return file[name]
    raise QueryError(f"{Path(path).name} has no extension {' or '.join(names)}")


def _matrix(table: Any, channels: int) -> Reals:
    """Return the probabilities by energy and channel from the groups of each row."""
    column = list(table.columns.names).index("F_CHAN") + 1
    first_channel = int(table.header.get(f"TLMIN{column}", 1))
    matrix = np.zeros((len(table.data), channels))
    for row, line in enumerate(table.data):
        values = np.atleast_1d(line["MATRIX"])
        starts, lengths = np.atleast_1d(line["F_CHAN"]), np.atleast_1d(line["N_CHAN"])
        place = 0
        for start, length in zip(
            starts[: line["N_GRP"]], lengths[: line["N_GRP"]], strict=True
        ):
            begin = int(start) - first_channel
            matrix[row, begin : begin + int(length)] = values[place : place + length]
            place += int(length)
    return matrix
