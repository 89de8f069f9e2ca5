"""A stand-in process that benchmarks start, observe and kill."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

START_SECONDS = 60


@dataclass
class Standin:
    """One stand-in on a folder; a context that stops it."""

    data: Path
    arguments: tuple[str, ...] = ()
    process: subprocess.Popen | None = None
    port: int = 0
    first_answer_s: float = field(default=0.0, init=False)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.end(signal.SIGTERM)

    def start(self):
        """Start it, timing until its first answer over HTTP."""
        self.port = self.port or _free_port()
        command = [sys.executable, "-m", "vast_standin", "--data", str(self.data)]
        begun = time.perf_counter()
        self.process = subprocess.Popen(
            [*command, "--port", str(self.port), *self.arguments],
            stdout=subprocess.DEVNULL,
        )
        while not _answers(self.port):
            if self.process.poll() is not None:
                raise RuntimeError("the stand-in ended")
            if time.perf_counter() - begun > START_SECONDS:
                raise RuntimeError(f"no answer after {START_SECONDS} s")
            time.sleep(0.002)
        self.first_answer_s = time.perf_counter() - begun
        while not (self.data / "standin.json").exists():
            time.sleep(0.005)

    def end(self, how):
        """End it by a signal, where it still runs."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        self.process.wait(60)

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def keys(self):
        return json.loads((self.data / "credentials.json").read_bytes())

    def memory(self, name="RssAnon"):
        """Return a memory figure of the process in bytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(x for x in status.splitlines() if x.startswith(f"{name}:"))
        return int(line.split()[1]) * 1024

    @property
    def cpu_s(self):
        """Return the seconds of CPU it has used, to a hundredth."""
        return _cpu_s(self.process.pid)

    @property
    def log_lines(self):
        """Return the access log's entries."""
        text = (self.data / "access.log").read_text()
        return [json.loads(line) for line in text.splitlines()]


class Floor:
    """A server that stores nothing, in a process of its own; a context that ends it."""

    def __enter__(self):
        script = Path(__file__).with_name("standin_floor.py")
        self.process = subprocess.Popen(
            [sys.executable, str(script)], stdout=subprocess.PIPE, text=True
        )
        self.endpoint = f"http://127.0.0.1:{int(self.process.stdout.readline())}"
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(60)
        self.process.stdout.close()

    @property
    def cpu_s(self):
        """Return the seconds of CPU it has used, to a hundredth."""
        return _cpu_s(self.process.pid)


class Peak:
    """The largest RssAnon of a process while a block runs, asked every 5 ms."""

    def __init__(self, standin):
        self.standin, self.bytes = standin, 0
        self._ended = threading.Event()

    def __enter__(self):
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._thread.join()

    def _watch(self):
        while not self._ended.wait(0.005):
            self.bytes = max(self.bytes, self.standin.memory())


def _cpu_s(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2]
    user, system = fields.split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def _answers(port):
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(b"GET /health/ HTTP/1.1\r\nHost: localhost\r\n\r\n")
            return connection.recv(64).startswith(b"HTTP/1.1 ")
    except OSError:
        return False
