"""CPU time of the parts that answer a control: kernel, server, database, browser."""

import time

import psutil

PARTS = ("kernel", "server", "database", "browser")
IDLE_S, QUIET_S = 0.05, 5.0
"""CPU time in a second below which a database is idle, and for how long, s."""
KERNEL, DATABASE = "ipykernel_launcher", "vast_standin"


class Parts:
    """The processes of a lab over a platform, and those of the browser that shows it."""

    def __init__(self, server_pid, home):
        server = psutil.Process(server_pid)
        kernels = [p for p in server.children(recursive=True) if _runs(p, KERNEL)]
        self._processes = {
            "kernel": kernels,
            "server": [server],
            "database": _databases(home),
            "browser": [p for p in _descendants() if _runs(p, "--type=")],
        }

    def cpu_ms(self):
        """Return the CPU time of each part until now, ms."""
        return [
            1e3 * sum(sum(p.cpu_times()[:2]) for p in processes)
            for processes in self._processes.values()
        ]


def quiet(home, seconds):
    """Wait until a database has merged what was written: it uses no CPU any more.

    Return the time waited, s; None if it still works after so many seconds.
    """
    start, processes = time.monotonic(), _databases(home)
    idle_since, before = start, 0.0
    while time.monotonic() - start < seconds:
        time.sleep(1.0)
        spent = sum(sum(p.cpu_times()[:2]) for p in processes)
        if spent - before > IDLE_S:
            idle_since = time.monotonic()
        before = spent
        if time.monotonic() - idle_since > QUIET_S:
            return round(time.monotonic() - start, 1)
    return None


def _databases(home):
    return [
        process
        for process in psutil.process_iter()
        if _runs(process, DATABASE) and str(home) in process.cmdline()
    ]


def _descendants():
    return psutil.Process().children(recursive=True)


def _runs(process, module):
    try:
        return any(module in word for word in process.cmdline())
    except psutil.Error:
        return False
