"""The form of dates and intervals that papers' tables write freely."""

import re

_DASH = r"\s*[-\u2013\u2014]{1,3}\s*"
_CLOCK = r"\d{1,2}:\d{2}(?::\d{2}(?:\.\d*)?)?(?:\s*(?:Z|UTC?(?:[+-]\d{2}:\d{2})?|\+\d{2}:\d{2}))?"
FORM = (
    rf"(?P<year>\d{{4}})[\s-]+(?P<month>[A-Za-z]{{3,9}})\.?[\s-]+(?P<day>\d{{1,2}}(?:\.\d*)?)"
    rf"(?:(?:{_DASH}|\s+)(?P<clock>{_CLOCK}))?"
    rf"(?:{_DASH}(?:(?P<until>{_CLOCK})"
    rf"|(?:(?P<last_month>[A-Za-z]{{3,9}})\.?[\s-]+)?(?P<last_day>\d{{1,2}}(?:\.\d*)?)))?"
)
PATTERN = re.sub(r"\(\?P<\w+>", "(?:", FORM)
"""The form of a date or interval within a longer pattern."""
