"""Libraries of the first cone, imported in the background while a person types.

Only a kernel does so: a command or a script would wait for what it may never use.
"""

import sys
import threading

NAME = "orbital-imports"


def import_early() -> None:
    """Import what covers a cone, 0.3 s, in a thread of its own; once per kernel."""
    if "ipykernel" in sys.modules and "cdshealpix" not in sys.modules:
        threading.Thread(target=_import, name=NAME, daemon=True).start()


def _import() -> None:
    import cdshealpix.nested  # noqa: F401
