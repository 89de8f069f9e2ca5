"""Whether an observatory's file fits the rest: the conformance kit of a new one."""

from orbital_kernel.conformance.checks import BLANK, Check, check, failing
from orbital_kernel.conformance.scaffold import scaffold

__all__ = ["BLANK", "Check", "check", "failing", "scaffold"]
