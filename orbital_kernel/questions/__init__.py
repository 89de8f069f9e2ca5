"""Cross-observatory questions, one call each: planned as queries, sent side by side.

Conditions the database can evaluate are pushed; joins in space and time are computed
locally by the functions of science. Every answer includes how it was found.
"""

from orbital_kernel.questions.asking import Asks, Session
from orbital_kernel.questions.place import Known
from orbital_kernel.questions.rare import KINDS, Rare
from orbital_kernel.questions.session import Questions

__all__ = ["KINDS", "Asks", "Known", "Questions", "Rare", "Session"]
