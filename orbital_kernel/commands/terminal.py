"""Text on a terminal: what files and services gave is shown, never obeyed.

A name in a file may hold sequences that move the cursor, erase lines, rename the window
or reverse the order of writing. They are printed as the characters they are made of.
"""

import re
from typing import Any

import click

# C0 and C1 controls but for tab and line feed, and marks of writing direction.
_UNSAFE = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]"
)


def visible(text: str) -> str:
    r"""Return text whose control characters are written out, as in `\x1b[2J`."""
    return _UNSAFE.sub(_written_out, text)


def echo(text: Any = "", *, err: bool = False, nl: bool = True) -> None:
    """Print text on stdout, or on stderr, with its control characters written out."""
    click.echo(visible(str(text)), err=err, nl=nl)


def _written_out(match: "re.Match[str]") -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
