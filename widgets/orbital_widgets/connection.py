"""A lost platform in words, and a new session in place of one that lost it."""

import logging
from typing import Any

from orbital_kernel import connect
from orbital_kernel.errors import ConfigError, OrbitalError, PlatformError, StoreError

CLUSTER = "cluster"
LOG = logging.getLogger(__name__)


def is_lost(error: BaseException) -> bool:
    """Return whether an error means that the platform does not answer."""
    return isinstance(error, StoreError | PlatformError | ConfigError | OSError)


def sentence(error: BaseException) -> str:
    """Return an error in words; what nobody foresaw is logged with its traceback."""
    if isinstance(error, OrbitalError):
        text = str(error)
    elif isinstance(error, OSError):
        text = f"the platform does not answer ({error.strerror or 'no connection'})"
    else:
        LOG.error("a widget's question failed unexpectedly", exc_info=error)
        text = (
            "the question failed for a reason that Orbital did not foresee; the log of "
            "this notebook has the details"
        )
    if is_lost(error):
        text = f"{text.rstrip('.')}. Press [Reconnect] when the platform runs"
    return text


def renewed(session: Any) -> Any:
    """Return a new session on the same database, the embedded platform started if needed.

    An object without settings, such as a function, is returned as it is.
    """
    if not hasattr(session, "settings"):
        return session
    cluster = session.settings.engine == CLUSTER
    return connect(None if cluster else session.home, database=session.database)
