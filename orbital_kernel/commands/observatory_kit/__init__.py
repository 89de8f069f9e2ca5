"""Whether an observatory's file fits the rest: the conformance kit of a new one."""

from orbital_kernel.commands.observatory_kit.checks import BLANK, Check, check, failing
from orbital_kernel.commands.observatory_kit.scaffold import scaffold

__all__ = ["BLANK", "Check", "check", "failing", "scaffold"]
