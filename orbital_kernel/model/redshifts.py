"""Redshifts as tables quote them: one telescope after another, some of them doubtful.

A cell such as '0.151 (VLT: absorption)|0.1505 (GTC: absorption)' holds one redshift,
measured twice. Measurements are taken for one redshift if they differ by at most 1 % of
1 + z; the value with most digits is it. Limits, ranges and values marked as doubtful
('~', '?', photometric, tentative, …) are no measurements.
"""

import math
import re

DOUBT = r"(?i)\?|~|tentat|possib|probab|likely|candidate|propos|estimat|photo| or "
"""Words and signs by which catalogues say that a redshift is not firm."""
AGREE = 0.01
"""Largest difference of measurements of one redshift, as a part of 1 + z."""
_PARTS = re.compile(r"\||;|(?<=[)}])\s*,|\bor\b")
_MEASURED = re.compile(r"\s*(?:z\s*=\s*)?(\d+(?:\.\d+)?)\s*(?:[({].*)?")


def agreed_redshift(cell: str | None) -> float:
    """Return the redshift on which the measurements of a cell agree; NaN without one."""
    values = quoted_redshifts(cell)
    if not values:
        return math.nan
    numbers = [float(value) for value in values]
    if max(numbers) - min(numbers) > AGREE * (1 + min(numbers)):
        return math.nan
    return float(max(values, key=lambda value: len(value.partition(".")[2])))


def quoted_redshifts(cell: str | None) -> list[str]:
    """Return the firm measurements that a cell quotes, as written.

    A single doubtful one without a '?' is taken: the stored text shows its doubt.
    """
    parts = [part for part in _PARTS.split(cell or "") if part.strip()]
    measured = [
        (match[1], re.search(DOUBT, part) is not None)
        for part in parts
        if (match := _MEASURED.fullmatch(part))
    ]
    if len(parts) == 1:
        return [value for value, _ in measured if "?" not in parts[0]]
    return [value for value, is_doubtful in measured if not is_doubtful]
