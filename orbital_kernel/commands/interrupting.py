"""Ctrl-C that Python lost is delivered again.

Where Ctrl-C falls into a destructor or a weak reference's callback, Python prints the
KeyboardInterrupt and goes on: the command runs to its end as if nobody had asked.
"""

import signal
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

AGAIN_SECONDS = 0.05
"""By then the main thread is out of the callback, where it would be lost once more."""


def deliver_lost_interrupts() -> None:
    """Interrupt the main thread again where its KeyboardInterrupt was dropped."""
    sys.unraisablehook = _again


def _again(dropped: "UnraisableHookArgs") -> None:
    if dropped.exc_type is not KeyboardInterrupt:
        sys.__unraisablehook__(dropped)
        return
    main = threading.main_thread().ident
    again = signal.pthread_kill  # a real signal: the main thread may be waiting
    timer = threading.Timer(AGAIN_SECONDS, again, (main, signal.SIGINT))
    timer.daemon = True
    timer.start()
