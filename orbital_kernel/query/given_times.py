"""Times and spans as people give them, in UTC: one rule for every call."""

from datetime import UTC, datetime

import numpy as np

from orbital_kernel.errors import QueryError
from orbital_kernel.model import times


def given_span(
    start: str | datetime | None, stop: str | datetime | None
) -> tuple[np.datetime64 | None, np.datetime64 | None]:
    """Return both ends of a span given in UTC, on TT; QueryError if it ends before it starts."""
    low, high = (None if end is None else given_time(end) for end in (start, stop))
    if low is not None and high is not None and low > high:
        raise QueryError(
            f"the time span ends before it starts: {start} .. {stop}: give the earlier "
            "time first"
        )
    return low, high


def given_time(instant: str | datetime) -> np.datetime64:
    """Return a time given in UTC, on TT; QueryError for what is not a time."""
    if isinstance(instant, datetime):
        instant = (instant.astimezone(UTC) if instant.tzinfo else instant).replace(
            tzinfo=None
        )
    try:
        tt: np.datetime64 = times.tt_from_utc(
            np.datetime64(instant) if isinstance(instant, datetime) else instant
        )[0]
    except ValueError as error:
        raise QueryError(str(error)) from error
    if np.isnat(tt):
        raise QueryError(
            f"a time span needs a time such as 2013-04-27T07:47, not {instant!r}"
        )
    return tt
