"""Bursts and notices as they arrive: new rates in, rows of cross.bursts and alerts out.

bursts is the front door and scan works on whole series. The watcher: follow reads new
rows, detectors and changes turn them into changes, coincident matches them, write
brings them to cross.bursts, record keeps the order with checkpoint, deliver passes
alerts to sinks, replay feeds a file's rows at any speed, and loop runs all of it.
"""

from orbital_kernel.monitor.loop import Watch
from orbital_kernel.monitor.replay import Replay
from orbital_kernel.monitor.sinks import AlertFile, Printed, Sink, Webhook

__all__ = ["AlertFile", "Printed", "Replay", "Sink", "Watch", "Webhook"]
