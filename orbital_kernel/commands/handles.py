"""The number of files and connections that a command may have open at once."""

import resource

from orbital_kernel.errors import HANDLES, ConfigError

FEWEST = 64
"""Below this, libraries end the process without a sentence."""


def require_handles() -> None:
    """Raise this process's limit to the fewest that suffice; ConfigError if not allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if _suffices(soft):
        return
    if not _suffices(hard):
        raise ConfigError(
            f"orbital needs {FEWEST} open files and this shell allows {hard}: {HANDLES}"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (FEWEST, hard))


def _suffices(limit: int) -> bool:
    return limit == resource.RLIM_INFINITY or limit >= FEWEST
