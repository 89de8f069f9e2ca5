"""FITS files as the archives build them: header blocks, label, checksums, gzip.

Keywords come from headers.toml. Every HDU is labelled: ``SIMULATE = T`` and
``CREATOR = 'orbital sample'``. Nothing of the clock on the wall goes in, so the same
simulation gives the same bytes.
"""

import gzip
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

from astropy.io import fits

Values = Mapping[str, Any]
LABEL = "orbital sample"
_STAMP = "simulated"


@cache
def blocks() -> dict[str, dict[str, Any]]:
    """Return the header blocks of headers.toml by name."""
    text = Path(__file__).with_name("headers.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def stamp(hdu: Any, names: Sequence[str], values: Values) -> Any:
    """Write the blocks into the HDU's header, filled with the values, and label it.

    Raises KeyError for a block or a value that does not exist.
    """
    for name in names:
        for key, value in blocks()[name].items():
            filled = isinstance(value, str) and value.startswith("$")
            hdu.header[key] = values[value[1:]] if filled else value
    hdu.header["CREATOR"] = LABEL
    hdu.header["SIMULATE"] = (True, "simulated, not observed")
    return hdu


def primary(names: Sequence[str], values: Values, *, bitpix: int = 8) -> Any:
    """Return a labelled primary HDU without data."""
    start = fits.Header([("SIMPLE", True), ("BITPIX", bitpix), ("NAXIS", 0)])
    start["EXTEND"] = True
    # astropy keeps a BITPIX other than 8 without data only in a header it has read.
    return stamp(fits.PrimaryHDU.fromstring(start.tostring().encode()), names, values)


def table(
    name: str, columns: Sequence[Any], blocks_: Sequence[str], values: Values
) -> Any:
    """Return a labelled binary table HDU of that EXTNAME."""
    hdu = fits.BinTableHDU.from_columns(columns, name=name)
    return stamp(hdu, blocks_, values)


def write(path: Path, hdus: Sequence[Any]) -> int:
    """Write the HDUs, gzipped where the name ends in .gz; return the bytes written."""
    for hdu in hdus:
        hdu.add_checksum(when=_STAMP)
    memory = BytesIO()
    fits.HDUList(list(hdus)).writeto(memory)
    content = memory.getvalue()
    if path.suffix == ".gz":
        content = gzip.compress(content, compresslevel=6, mtime=0)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return len(content)
