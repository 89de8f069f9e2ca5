"""CPU time of the parts that answer a control: kernel, server, database, browser."""

import psutil

PARTS = ("kernel", "server", "database", "browser")
KERNEL, DATABASE = "ipykernel_launcher", "vast_standin"


class Parts:
    """The processes of a lab over a platform, and those of the browser that shows it."""

    def __init__(self, server_pid, home):
        server = psutil.Process(server_pid)
        kernels = [p for p in server.children(recursive=True) if _runs(p, KERNEL)]
        databases = [
            process
            for process in psutil.process_iter()
            if _runs(process, DATABASE) and str(home) in process.cmdline()
        ]
        self._processes = {
            "kernel": kernels,
            "server": [server],
            "database": databases,
            "browser": [p for p in _descendants() if _runs(p, "--type=")],
        }

    def cpu_ms(self):
        """Return the CPU time of each part until now, ms."""
        return [
            1e3 * sum(sum(p.cpu_times()[:2]) for p in processes)
            for processes in self._processes.values()
        ]


def _descendants():
    return psutil.Process().children(recursive=True)


def _runs(process, module):
    try:
        return any(module in word for word in process.cmdline())
    except psutil.Error:
        return False
