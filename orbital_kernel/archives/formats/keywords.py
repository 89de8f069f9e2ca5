"""Keywords of FITS headers as text, numbers and truth."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from astropy.io import fits


def text(header: "fits.Header", name: str) -> str:
    """Return a keyword as stripped text; '' where absent, undefined or unreadable."""
    from astropy.io.fits.card import Undefined  # noqa: PLC0415 - as the header's

    value = header.get(name, "")
    return "" if isinstance(value, Undefined) else str(value).strip()


def number(header: "fits.Header", name: str) -> float | None:
    """Return a keyword as a number; None where absent, undefined or text."""
    value = header.get(name)
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value)


def is_true(value: object) -> bool:
    """Return whether a keyword's value is true, as a logical or as text ('T', 'true')."""
    return value is True or str(value).strip().upper() in {"T", "TRUE"}
