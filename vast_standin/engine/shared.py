"""What an engine shares with its transactions and its upkeep."""

from collections.abc import Callable
from dataclasses import dataclass

from vast_standin.engine.data_folder import DataFolder
from vast_standin.engine.locks import Locks
from vast_standin.engine.numbers import Numbers
from vast_standin.engine.published import Published


@dataclass(frozen=True)
class Shared:
    """The parts of one open folder that its writers work with.

    `check_space` raises ProtocolError if a bucket may not grow by that many bytes.
    """

    folder: DataFolder
    numbers: Numbers
    locks: Locks
    published: Published
    check_space: Callable[[str, int], None]
