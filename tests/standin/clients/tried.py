"""Operations of clients: each works, is skipped with a reason, or fails."""

import traceback
from collections.abc import Callable
from dataclasses import dataclass, field


class Skipped(Exception):
    """A client cannot be tried here, for a reason."""


@dataclass
class Client:
    """One client and its operations, tried in the order in which they are declared."""

    name: str
    version: Callable[[], str]
    operations: dict[str, Callable[[], None]] = field(default_factory=dict)

    def operation(
        self, name: str
    ) -> Callable[[Callable[[], None]], Callable[[], None]]:
        """Declare an operation, which raises if it does not work."""

        def add(work: Callable[[], None]) -> Callable[[], None]:
            self.operations[name] = work
            return work

        return add


@dataclass(frozen=True)
class Result:
    """What became of a client's operations."""

    name: str
    version: str
    tried: int
    failed: dict[str, str]
    skipped: str = ""

    @property
    def works(self) -> int:
        return self.tried - len(self.failed)


def result_of(client: Client) -> Result:
    """Try all operations of a client."""
    try:
        version = client.version()
    except Skipped as reason:
        return Result(client.name, "", 0, {}, str(reason))
    failed = {}
    for name, work in client.operations.items():
        try:
            work()
        except Exception as error:  # noqa: BLE001 - of any client
            last = traceback.extract_tb(error.__traceback__)[-1]
            text = " ".join(str(error).split())[:300]
            failed[name] = f"{type(error).__name__}: {text} ({last.name}:{last.lineno})"
    return Result(client.name, version, len(client.operations), failed)


def same(expected: object, actual: object) -> None:
    """Fail unless two values are equal."""
    if expected != actual:
        raise AssertionError(f"expected {str(expected)[:100]}, got {str(actual)[:100]}")
