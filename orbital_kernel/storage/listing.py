"""Complete lists from pages: the VMS answers an array, or one page of several."""

from collections.abc import Callable
from typing import Any

from orbital_kernel.errors import ProvisionError

Row = dict[str, Any]
PAGE_SIZE = 500
READINGS = 5


class NotOffered(ProvisionError):
    """The VMS does not have this resource, item or page."""


def everything(page: Callable[..., Any], resource: str, *, paged: bool) -> list[Row]:
    """Return every row, each once; `page(**params)` sends one GET.

    A list that changes during reading is read again. Raises ProvisionError if the pages
    never add up to the count that the VMS states.
    """
    stated: int | None = None
    received = 0
    for _ in range(READINGS):
        rows, stated = _once(page, {"page_size": PAGE_SIZE} if paged else {}, resource)
        unique = {row.get("id", number): row for number, row in enumerate(rows)}
        received = len(unique)
        if stated is None or received == stated:
            return list(unique.values())
    raise ProvisionError(
        f"the list of {resource} states {stated} rows but has {received}, in {READINGS} "
        "readings: somebody is changing it, or the VMS is at fault; try again later"
    )


def _once(
    page: Callable[..., Any], params: Row, resource: str
) -> tuple[list[Row], int | None]:
    """Return rows and the stated count: None if absent, -1 if a page vanished."""
    answer = page(**params)
    if isinstance(answer, list):
        return answer, None
    if not isinstance(answer, dict) or not isinstance(answer.get("results"), list):
        raise ProvisionError(
            f"the list of {resource} is neither an array nor a page of results "
            f"but {str(answer)[:80]!r}: is this address a VMS?"
        )
    rows, number = list(answer["results"]), 1
    while answer.get("next"):
        number += 1
        try:
            answer = page(**params, page=number)
        except NotOffered:
            return rows, -1
        rows += answer["results"]
    return rows, answer.get("count", len(rows))
