"""Follow the store live: new rates in, rows of cross.bursts and alerts out.

follow reads what is new, course turns triggers into rows and alerts, checkpoint keeps
both across restarts, sinks deliver, replay feeds a file's rows at any speed, loop ties
them together.
"""

from orbital_kernel.watch.loop import Watch
from orbital_kernel.watch.replay import Replay
from orbital_kernel.watch.sinks import AlertFile, Printed, Sink, Webhook

__all__ = ["AlertFile", "Printed", "Replay", "Sink", "Watch", "Webhook"]
