"""Pages of names: shared by all listing calls."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from vast_standin.http import ProtocolError, Response
from vast_standin.tabular.call import Call

EXACT_NAME = "tabular-name-exact-match"
_DEFAULT_PAGE = 1000


class Named(Protocol):
    """Something a listing lists."""

    @property
    def id(self) -> int:
        """Its handle."""

    @property
    def name(self) -> str:
        """Its name."""


T = TypeVar("T", bound=Named)


@dataclass(frozen=True)
class Page(Generic[T]):
    """Items of one page and where the next begins."""

    items: Sequence[T]
    next_key: int
    truncated: bool
    count: int

    def respond(self, body: bytes) -> Response:
        """Answer with the page."""
        return Response(
            headers={
                "tabular-next-key": str(self.next_key),
                "tabular-is-truncated": "true" if self.truncated else "false",
                "tabular-list-count": str(self.count),
            },
            body=body,
        )


def page(call: Call, items: Iterable[T]) -> Page[T]:
    """Choose the items a request asks for, in order of their handles."""
    largest = call.integer("tabular-max-keys", _DEFAULT_PAGE)
    after = call.integer("tabular-next-key", 0)
    if largest < 0:
        raise ProtocolError(400, "InvalidArgument", "tabular-max-keys is below 0")
    exact = call.request.headers.get(EXACT_NAME)
    prefix = call.header("tabular-name-prefix")
    matching = [i for i in items if _fits(i.name, exact, prefix)]
    if call.flag("tabular-list-count-only"):
        return Page((), 0, truncated=False, count=len(matching))
    following = sorted((i for i in matching if i.id > after), key=lambda i: i.id)
    chosen = following[:largest]
    truncated = len(following) > len(chosen) and bool(chosen)
    last = chosen[-1].id if truncated else 0
    return Page(chosen, last, truncated=truncated, count=len(chosen))


def _fits(name: str, exact: str | None, prefix: str) -> bool:
    return name == exact if exact else name.startswith(prefix)
