"""Cross-observatory questions, one call each: planned as queries, asked side by side.

What the database can evaluate is pushed; joins in space and time are made here, by the
functions of science. Every answer tells how it was found.
"""

from typing import Any

from orbital_kernel.query import Answer
from orbital_kernel.questions.asking import Asks
from orbital_kernel.questions.followups import follow_ups
from orbital_kernel.questions.place import Known, known_at
from orbital_kernel.questions.rare import KINDS, Rare, rare
from orbital_kernel.questions.simultaneous import simultaneous

__all__ = ["KINDS", "Asks", "Known", "Questions", "Rare"]


class Questions:
    """The questions, asked through one session; see each function's own text."""

    def __init__(self, orbital: Asks) -> None:
        self._orbital = orbital

    def simultaneous(self, first: str, second: str, **limits: Any) -> Answer:
        """Return stretches of good time both shared, with how."""
        return simultaneous(self._orbital, first, second, **limits)

    def follow_ups(self, bursts: Any = None, **limits: Any) -> Answer:
        """Return who looked at which burst afterwards, with how."""
        return follow_ups(self._orbital, bursts, **limits)

    def known_at(self, ra: float, dec: float, *, radius_arcmin: float = 1.0) -> Known:
        """Return everything the store knows of a place (ICRS deg)."""
        return known_at(self._orbital, ra, dec, radius_arcmin=radius_arcmin)

    def rare(self, kind: str, **options: Any) -> Rare:
        """Return rare events of a kind of KINDS, ranked."""
        return rare(self._orbital, kind, **options)
