"""Instants as people give them: text in UTC, datetimes, and astropy's Time."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from orbital_kernel.errors import QueryError
from orbital_kernel.model.times import tt_from_utc

if TYPE_CHECKING:
    from astropy.time import Time


def instant_of(given: "datetime | str | Time | None", name: str) -> datetime | None:
    """Return an instant, TT; QueryError if it is none. `name` is that of the argument.

    Text is UTC, and so is a datetime with a time zone; one without is TT.
    """
    if given is None:
        return None
    if isinstance(given, datetime):
        if given.tzinfo is None:
            return given
        given = given.astimezone(UTC).replace(tzinfo=None).isoformat()
    on_tt: Any = getattr(given, "tt", None)
    if on_tt is not None:
        if not on_tt.isscalar:
            raise QueryError(f"{name} is one time, not {len(on_tt)}")
        instant: datetime = on_tt.to_datetime()
        return instant
    if not isinstance(given, str) or not given.strip():
        raise QueryError(
            f"{name} is a text in UTC, a datetime or a Time, not {given!r}"
        )
    try:
        converted: datetime = tt_from_utc([given])[0].astype("datetime64[us]").item()
    except ValueError as error:
        raise QueryError(f"{name} {given!r} is not a time: {error}") from None
    return converted
