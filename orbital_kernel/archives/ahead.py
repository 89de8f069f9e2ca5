"""Libraries imported in a thread, while a reader splits the first rows of its file."""

import importlib
import threading
from contextlib import suppress

INDICES = "cdshealpix.nested"
"""Imports astropy's coordinates too: a fifth of a second."""


def import_ahead(name: str) -> None:
    """Import a library that rows will need; an error is raised where they use it."""

    def imported() -> None:
        with suppress(ImportError):
            importlib.import_module(name)

    threading.Thread(target=imported, name=f"import {name}", daemon=True).start()
