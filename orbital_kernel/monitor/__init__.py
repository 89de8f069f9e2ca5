"""Follow the store live: new rates in, rows of cross.bursts and alerts out.

follow reads what is new, course turns triggers into changes, coincident and renew match
them, write brings cross.bursts into step, checkpoint keeps all across restarts, deliver
hands alerts to sinks, replay feeds a file's rows at any speed, life tells that the
watcher lives, loop ties them together.
"""

from orbital_kernel.monitor.loop import Watch
from orbital_kernel.monitor.replay import Replay
from orbital_kernel.monitor.sinks import AlertFile, Printed, Sink, Webhook

__all__ = ["AlertFile", "Printed", "Replay", "Sink", "Watch", "Webhook"]
