"""A candidate being watched until it is over."""

from dataclasses import dataclass


@dataclass
class Episode:
    """A candidate being watched: bins counted from the start of the segment."""

    key: str
    first: int
    end: int
    band: int
    sigma: float
    review: float
    """MET at which it is measured next."""
    waited: bool = False
    """Whether a longer look was already given to a doubtful one."""
