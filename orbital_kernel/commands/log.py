"""Records of Orbital's loggers: warnings on stderr, everything in the platform's log file.

Only the logger `orbital_kernel` gets handlers and a level. Loggers of libraries and the
root logger stay as they are.
"""

import logging
import os
import re
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path

from orbital_kernel import config
from orbital_kernel.commands.terminal import echo, visible
from orbital_kernel.errors import OrbitalError

LOG = logging.getLogger(__name__)
FILE = Path("logs", "orbital.log")
MOST_BYTES = 1_000_000
OLDER_FILES = 3
HIDDEN = "(hidden)"
SECRET_NAME = re.compile("SECRET|PASSWORD|TOKEN")
SHORTEST_SECRET = 4
URL_PRIVATE = re.compile(r"(?<=://)[^/\s@]+(?=@)|(?<=\?)[^\s'\"]*=[^\s'\"]*")
"""User and password, or the query, of an address."""


@dataclass
class _Platform:
    """The platform whose folder holds the log; None is the one `connect()` would use."""

    folder: Path | None = None


_PLATFORM = _Platform()


def begin(*, verbose: bool) -> None:
    """Send the records of `orbital_kernel.*` to stderr and to the platform's log file.

    With `verbose` stderr shows every record and its traceback, else warnings only.
    """
    use_folder(None)
    logger = logging.getLogger("orbital_kernel")
    for handler in list(logger.handlers):
        if isinstance(handler, Screen | LogFile):
            logger.removeHandler(handler)
    logger.setLevel(logging.DEBUG if verbose else logging.INFO)
    logger.addHandler(Screen(verbose=verbose))
    logger.addHandler(LogFile(verbose=verbose))


def use_folder(folder: Path | None) -> None:
    """Log to the platform's folder that `--data` names, from now on."""
    _PLATFORM.folder = folder


def report_failure(command: str, error: Exception) -> str:
    """Log an unexpected exception with its traceback; return one sentence for people."""
    LOG.error("`%s` failed", command, exc_info=error)
    text = without_secrets(" ".join(str(error).split()))
    reason = f"{type(error).__name__}: {text}" if text else type(error).__name__
    handlers = logging.getLogger("orbital_kernel").handlers
    paths = [h.path for h in handlers if isinstance(h, LogFile) and h.path]
    advice = (
        f"the log with the traceback is {paths[0]}"
        if paths
        else "no log file could be written: run it again as `orbital --verbose …` to see "
        "the traceback"
    )
    return f"`{command}` failed unexpectedly ({reason}); {advice}"


def without_secrets(text: str) -> str:
    """Return a text with keys, passwords and tokens replaced, also those in addresses."""
    for secret in _secrets():
        text = text.replace(secret, HIDDEN)
    return URL_PRIVATE.sub(HIDDEN, text)


def _secrets() -> Iterator[str]:
    """Yield the secrets of the environment and of the embedded platform."""
    from orbital_kernel.embedded import files

    for name, value in os.environ.items():
        if SECRET_NAME.search(name) and len(value) >= SHORTEST_SECRET:
            yield value
    try:
        keys = files.credentials(config.data_folder(_PLATFORM.folder))
    except (OrbitalError, OSError):
        return
    yield from (keys["secret_key"], keys["vms_password"])


class _Formatter(logging.Formatter):
    """Time in UTC, process, level, logger, message and traceback, without secrets."""

    converter = staticmethod(time.gmtime)

    def __init__(self) -> None:
        super().__init__(
            "%(asctime)s.%(msecs)03dZ %(process)d %(levelname)s %(name)s: %(message)s",
            "%Y-%m-%dT%H:%M:%S",
        )

    def format(self, record: logging.LogRecord) -> str:
        return without_secrets(super().format(record))


class Screen(logging.Handler):
    """Shows records on stderr: warnings as a sentence, with `verbose` all in full."""

    def __init__(self, *, verbose: bool) -> None:
        super().__init__(logging.DEBUG if verbose else logging.WARNING)
        self.setFormatter(_Formatter())
        self.verbose = verbose

    def emit(self, record: logging.LogRecord) -> None:
        """Print a record; a failure's sentence is printed by the command itself."""
        if self.verbose:
            echo(self.format(record), err=True)
        elif record.name != LOG.name:
            text = without_secrets(record.getMessage())
            echo(f"{record.levelname.lower()}: {text}", err=True)


class LogFile(logging.Handler):
    """Appends records to the log file of the platform's folder.

    The file is opened for each record: the folder may be chosen, made or removed while a
    command runs, and several processes write to the same file.
    """

    def __init__(self, *, verbose: bool) -> None:
        super().__init__()
        self.setFormatter(_Formatter())
        self.verbose = verbose
        self.path: Path | None = None
        """The file that the last record was written to; None if there is not one."""

    def emit(self, record: logging.LogRecord) -> None:
        """Append a record, or say once under --verbose why it cannot be written."""
        try:
            path = config.data_folder(_PLATFORM.folder) / FILE
            path.parent.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.parent.mkdir(mode=0o700, exist_ok=True)
            _append(path, self.format(record))
        except (OrbitalError, OSError) as error:
            if self.verbose:
                echo(f"orbital: no log file is written: {error}", err=True)
            self.verbose, self.path = False, None
        else:
            self.path = path


class _PrivateFile(RotatingFileHandler):
    """A rotating log file that only its owner can read."""

    stream: TextIOWrapper

    def _open(self) -> TextIOWrapper:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        return os.fdopen(
            os.open(self.baseFilename, flags, 0o600), "a", encoding="utf-8"
        )


def _append(path: Path, text: str) -> None:
    """Append a line, in a new file if the present one is full."""
    file = _PrivateFile(path, maxBytes=MOST_BYTES, backupCount=OLDER_FILES)
    with closing(file):
        if path.stat().st_size + len(text) > MOST_BYTES:
            file.doRollover()
        file.stream.write(f"{visible(text)}\n")
