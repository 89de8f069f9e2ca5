"""A Ctrl-C that Python dropped is delivered again.

If Ctrl-C arrives in a destructor or in a weak reference's callback, Python prints the
KeyboardInterrupt and continues: the command would run to its end.
"""

import signal
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

DELAY_SECONDS = 0.05
"""The main thread has left the callback by then; within it the signal is lost again."""


def deliver_lost_interrupts() -> None:
    """Interrupt the main thread again if its KeyboardInterrupt was dropped."""
    sys.unraisablehook = _deliver


def _deliver(dropped: "UnraisableHookArgs") -> None:
    if dropped.exc_type is not KeyboardInterrupt:
        sys.__unraisablehook__(dropped)
        return
    main = threading.main_thread().ident
    send = signal.pthread_kill  # a real signal: the main thread may be waiting
    timer = threading.Timer(DELAY_SECONDS, send, (main, signal.SIGINT))
    timer.daemon = True
    timer.start()
