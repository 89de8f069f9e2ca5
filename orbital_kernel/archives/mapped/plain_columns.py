"""Columns of astropy's tables as plain numbers and text, with what is missing masked.

Traps: astropy compares TNULL of a FITS column with the scaled values, so that codes of
missing values in columns with TSCAL or TZERO (all unsigned ones) look like values. ECSV
holds whole objects: instants have a scale of their own, positions a frame.
"""

from collections.abc import Mapping

import numpy as np
from astropy.io import fits
from astropy.table import MaskedColumn, Table
from astropy.time import Time
from numpy.typing import NDArray


def take_nulls(hdu: fits.BinTableHDU | fits.TableHDU) -> dict[str, NDArray[np.bool_]]:
    """Return where each column of integers is TNULL, and take TNULL from the columns."""
    nulls: dict[str, NDArray[np.bool_]] = {}
    if not isinstance(hdu, fits.BinTableHDU) or hdu.data is None:
        return nulls
    stored = hdu.data.view(np.ndarray)
    for column in hdu.columns:
        if column.null is not None and stored[column.name].dtype.kind in "iu":
            nulls[column.name] = stored[column.name] == column.null
            column.null = None
    return nulls


def mask_nulls(table: Table, nulls: Mapping[str, NDArray[np.bool_]]) -> None:
    """Mask cells of a table that was read without them."""
    for name, mask in nulls.items():
        unit = table[name].unit
        table[name] = MaskedColumn(np.ma.getdata(table[name]), mask=mask, unit=unit)


def without_objects(table: Table) -> tuple[Table, dict[str, str]]:
    """Return a table with instants as written and positions in ICRS, and their keywords.

    The keyword is TIMESYS, if all columns of instants have one scale.
    """
    scales = set()
    for name in table.colnames:
        column = table[name]
        if isinstance(column, Time):
            scales.add(str(column.scale))
            table[name] = MaskedColumn(column.value)
        elif hasattr(column, "icrs"):  # a SkyCoord, whose module is slow to import
            icrs, at = column.icrs, table.colnames.index(name)
            table.remove_column(name)
            table.add_columns(
                [MaskedColumn(icrs.ra.deg, unit="deg"), MaskedColumn(icrs.dec.deg, unit="deg")],
                indexes=[at, at],
                names=[f"{name}.ra", f"{name}.dec"],
            )  # fmt: skip
    return table, {"TIMESYS": scales.pop()} if len(scales) == 1 else {}
