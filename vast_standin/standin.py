"""The stand-in of one data folder: opens what is stored, listens, closes in order."""

import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

from vast_standin import __version__, keys, tls
from vast_standin.access_log import AccessLog
from vast_standin.buckets import ViewBuckets
from vast_standin.custody import Home
from vast_standin.data_port import DataPort
from vast_standin.engine import Engine
from vast_standin.faults import Faults
from vast_standin.listener import Listener
from vast_standin.meters import SAMPLE_SECONDS
from vast_standin.owner import Ownership
from vast_standin.s3.objects import ObjectStore
from vast_standin.tabular.routes import handle
from vast_standin.verification import Verification
from vast_standin.vms import VmsPort, metering
from vast_standin.vms.alarms import watch
from vast_standin.vms.cluster import Cluster
from vast_standin.vms.monitors import gauges
from vast_standin.vms.protection import take_due
from vast_standin.vms.quotas import check_writable
from vast_standin.vms.records import Records
from vast_standin.vms.seeds import seed
from vast_standin.vms.snapshots import expire

DUTIES: tuple[Callable[[Cluster], None], ...] = (watch, expire, take_due, metering.keep)
LOG = logging.getLogger("vast_standin")


class Closable(Protocol):
    """Something to close at the end."""

    def close(self) -> None:
        """Close it."""


Opened = TypeVar("Opened", bound=Closable)


@dataclass(frozen=True)
class Options:
    """Options of a stand-in."""

    folder: Path
    host: str = "127.0.0.1"
    port: int = 0
    vms_port: int = 0
    faults: bool = False
    data_tls: bool = False
    sync: bool = False
    skew_minutes: float = 15.0
    accept_loss: bool = False


class Standin:
    """A running stand-in; construct, then `stop`."""

    def __init__(self, options: Options) -> None:
        folder = options.folder.absolute()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._ownership = Ownership(folder)
        self._closers: list[Callable[[], None]] = [self._ownership.release]
        try:
            self._open(folder, options)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop listening, then close what is stored, in reverse order of opening."""
        while self._closers:
            self._closers.pop()()

    def _open(self, folder: Path, options: Options) -> None:
        certificates = tls.load_or_create(folder / "tls")
        context = certificates.server_context()
        credentials = keys.load_or_create(folder, certificates.authority)
        log = self._closing(AccessLog(folder / "access.log"))
        home = Home(folder, options.accept_loss)
        with _opening(folder / "vms.sqlite") as path:
            records = self._closing(Records(path, home))
        with _opening(folder / "objects") as path:
            objects = self._closing(ObjectStore(path, home, sync=options.sync))
        with _opening(folder / "tables") as path:
            engine = self._closing(Engine.open(path, home, durable=options.sync))
        home.establish()
        cluster = Cluster(folder, records, engine, objects, credentials, home)
        seed(cluster)
        engine.growth.check_writable = partial(check_writable, cluster)
        objects.check_writable = engine.growth.check_writable
        faults = Faults(enabled=options.faults)
        data = DataPort(
            cluster,
            objects,
            ViewBuckets(cluster),
            lambda request, readable: handle(engine, readable, request),
            faults,
            timedelta(minutes=options.skew_minutes),
        )
        self.data = Listener(
            (options.host, options.port),
            data,
            log,
            context if options.data_tls else None,
        )
        self._closers.append(self.data.server_close)
        management = VmsPort(cluster, faults)
        self.vms = Listener((options.host, options.vms_port), management, log, context)
        self._closers.append(self.vms.server_close)
        cluster.addresses = ((options.host, self.data.port),)
        self._keeping_house(cluster)
        verification = self._closing(Verification(home, engine, objects))
        for listener in (self.data, self.vms):
            listener.start()
            self._closers.append(listener.stop)
        scheme = "https" if options.data_tls else "http"
        self.note: dict[str, object] = {
            "endpoint": f"{scheme}://{_bracketed(options.host)}:{self.data.port}",
            "vms_address": f"{_bracketed(options.host)}:{self.vms.port}",
            "version": __version__,
            "warnings": home.warnings(),
            "started": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        self._ownership.announce(self.note)
        self._announcing_damage(home)
        verification.start()

    def _closing(self, thing: Opened) -> Opened:
        self._closers.append(thing.close)
        return thing

    def _announcing_damage(self, home: Home) -> None:
        """Keep the warnings of the note as they are now, until this closes."""

        def announce() -> None:
            self.note["warnings"] = home.warnings()
            try:
                self._ownership.announce(self.note)
            except OSError as error:
                LOG.warning("the note cannot be written: %s", error)

        home.on_damage = announce
        self._closers.append(partial(setattr, home, "on_damage", lambda: None))

    def _keeping_house(self, cluster: Cluster) -> None:
        stopped = threading.Event()
        cluster.meters.sample(gauges(cluster))

        def keep() -> None:
            while not stopped.wait(SAMPLE_SECONDS):
                cluster.meters.sample(gauges(cluster))
                for duty in DUTIES:
                    try:
                        duty(cluster)
                    except Exception:
                        LOG.exception("%s failed and will be repeated", duty.__name__)

        thread = threading.Thread(target=keep, name="house", daemon=True)
        thread.start()
        self._closers.append(thread.join)
        self._closers.append(stopped.set)


@contextmanager
def _opening(path: Path) -> Iterator[Path]:
    """Add the path to errors of opening a database."""
    try:
        yield path
    except sqlite3.Error as error:
        raise ValueError(
            f"{path} cannot be opened ({error}): nothing in it was changed; put it back "
            "from a copy, or move the whole folder away to begin with an empty one"
        ) from error


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
