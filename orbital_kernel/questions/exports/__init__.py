"""Rows of whole selections as files, written slice by slice."""

from orbital_kernel.questions.exports.session import Exported, Exports

__all__ = ["Exported", "Exports"]
