"""Angles as catalogues write them: sexagesimal text or degrees."""

import re

_SEXAGESIMAL = re.compile(
    r"\s*([+-]?)\s*(\d{1,3})\s*([\s:hd°])\s*(\d{1,2})(?:\s*[\s:m'′]\s*(\d{1,2}(?:\.\d*)?))?\s*[ms'′\"″]?\s*",  # noqa: RUF001
    re.IGNORECASE,
)
_MINUS = str.maketrans("\u2212\u2010\u2011\u2012\u2013\ufe63\uff0d", "-------")
_DEGREES = "dD°"


def parse_ra(text: str) -> float:
    """Return a right ascension in degrees.

    Parameters
    ----------
    text : str
        Hours as '20:44:28.52', '16 44 49.93' or '16h44m49.93s', or degrees as '311.118' or
        '311d07m04.8s'.

    Returns
    -------
    float
        Degrees; NaN for blank text and 'n/a'.

    Raises
    ------
    ValueError
        If the text is neither, or not an angle up to 360 deg.

    Examples
    --------
    >>> from orbital_kernel.model.angles import parse_ra
    >>> parse_ra("01:00:00"), parse_ra("15.5")
    (15.0, 15.5)
    """
    return _parse_angle(text, sexagesimal_unit=15.0, limit=360.0)


def parse_dec(text: str) -> float:
    """Return a declination in degrees.

    Parameters
    ----------
    text : str
        Degrees as '-41:19:48.3', '-00 30 00' or '-41.33'.

    Returns
    -------
    float
        Degrees; NaN for blank text and 'n/a'.

    Raises
    ------
    ValueError
        If the text is neither, is in hours ('12h30m'), or not an angle up to 90 deg.

    Examples
    --------
    >>> from orbital_kernel.model.angles import parse_dec
    >>> parse_dec("-00 30 00")
    -0.5
    """
    return _parse_angle(text, sexagesimal_unit=1.0, limit=90.0)


def _parse_angle(text: str, *, sexagesimal_unit: float, limit: float) -> float:
    text = text.strip().translate(_MINUS)
    if text.lower() in {"", "n/a", "nan", "null", "none", "-"}:
        return float("nan")
    match = _SEXAGESIMAL.fullmatch(text)
    if match is None:
        value = float(text)
    else:
        sign, leading, separator, minutes, seconds = match.groups()
        if int(minutes) >= 60 or float(seconds or 0) >= 60.000001:
            raise ValueError(f"{text!r} has 60 or more minutes or seconds")
        value = int(leading) + int(minutes) / 60 + float(seconds or 0) / 3600
        if separator in "hH" and sexagesimal_unit == 1.0:
            raise ValueError(f"{text!r} is in hours, which a declination is not")
        unit = 1.0 if separator in _DEGREES else sexagesimal_unit
        value *= -unit if sign == "-" else unit
    if not -limit <= value <= limit:
        raise ValueError(f"{text!r} is not an angle up to {limit:g} deg")
    return value
