"""The one cluster of a data folder: records, buckets, objects and their users."""

import shutil
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from vast_standin.custody import Home, Ledger
from vast_standin.keys import Credentials
from vast_standin.meters import Counts, Meters
from vast_standin.s3.objects import ObjectStore
from vast_standin.vms.journal import Journal
from vast_standin.vms.records import Record, Records

DATABASE_PROTOCOLS = frozenset({"S3", "DATABASE", "KAFKA"})


class Usage(Protocol):
    """Usage of a bucket's tables."""

    @property
    def bytes(self) -> int:
        """Bytes on disk."""

    @property
    def tables(self) -> int:
        """Number of tables."""


class Engine(Protocol):
    """The database engine as the management side uses it."""

    @property
    def ledger(self) -> Ledger:
        """Return the ledger of its catalogue and data files."""

    def files(self) -> list[str]:
        """Name the files that committed data and snapshots are in."""

    def snapshot_files(self) -> list[Path]:
        """Return the catalogues of all snapshots."""

    @property
    def root(self) -> Any:
        """Return the newest state: schemas and tables by name and number."""

    def writing(self, transaction: None) -> AbstractContextManager[Any]:
        """Return a transaction of its own that commits at the end of the block."""

    def new_id(self) -> int:
        """Return a new number."""

    def buckets(self) -> Mapping[str, object]:
        """Return the buckets by name."""

    def create_bucket(self, name: str, owner: str) -> None:
        """Create a bucket."""

    def drop_bucket(self, name: str) -> None:
        """Drop a bucket."""

    def usage(self, bucket: str) -> Usage:
        """Return rows, bytes and tables of a bucket."""

    def create_snapshot(self, bucket: str, name: str) -> None:
        """Create a snapshot of a bucket's tables."""

    def drop_snapshot(self, bucket: str, name: str) -> None:
        """Delete a snapshot."""

    def snapshots(self, bucket: str) -> list[str]:
        """Return the names of a bucket's snapshots."""


@dataclass(frozen=True)
class Space:
    """Logical bytes and inodes (objects, tables, directories) of a path."""

    bytes: int
    inodes: int

    def __add__(self, other: "Space") -> "Space":
        """Return the sum of two spaces."""
        return Space(self.bytes + other.bytes, self.inodes + other.inodes)


@dataclass(frozen=True)
class Index:
    """Records by the names that every request looks up."""

    version: int
    keys: dict[str, Record]
    users: dict[str, Record]
    views: dict[str, Record]

    @classmethod
    def of(cls, records: Records) -> "Index":
        """Return the index of the present records."""
        with records.lock:
            return cls(
                records.version,
                {str(k["access_key"]): k for k in records.all("s3keys")},
                {str(u["name"]): u for u in records.all("users")},
                {str(v["bucket"]): v for v in records.all("views") if v.get("bucket")},
            )


@dataclass
class Cluster:
    """Everything that rules read and change."""

    folder: Path
    records: Records
    engine: Engine
    objects: ObjectStore
    credentials: Credentials
    home: Home
    clock: Callable[[], float] = time.time
    started: float = field(default_factory=time.time)
    meters: Meters = field(default_factory=Meters)
    addresses: tuple[tuple[str, int], ...] = ()
    journal: Journal = field(default_factory=Journal)
    _index: "Index | None" = None

    def __post_init__(self) -> None:
        """Note every change of a record."""
        self.records.watch = self.journal.note

    def space_of_bucket(self, bucket: str) -> Space:
        """Return what a bucket holds."""
        tables = self.engine.usage(bucket)
        count, size = self.objects.usage(bucket)
        return Space(tables.bytes + size, tables.tables + count)

    def space_of_view(self, view: Record) -> Space:
        """Return what a view holds; the view's directory is one inode."""
        bucket = view.get("bucket")
        directory = Space(0, 1)
        return directory + self.space_of_bucket(str(bucket)) if bucket else directory

    def space_under(self, path: str, tenant_id: object) -> Space:
        """Return what the views of a tenant at and below a path hold."""
        total = Space(0, 0)
        for view in self.records.all("views"):
            if view["tenant_id"] == tenant_id and is_under(str(view["path"]), path):
                total += self.space_of_view(view)
        return total

    def spaces_by_owner(self, path: str, tenant_id: object) -> dict[str, Space]:
        """Return the same by owner; a bucket's owner has its directory and tables."""
        held: dict[str, Space] = {}
        for view in self.records.all("views"):
            inside = is_under(str(view["path"]), path) and view.get("bucket")
            if view["tenant_id"] != tenant_id or not inside:
                continue
            bucket, owner = str(view["bucket"]), str(view["bucket_owner"])
            tables = self.engine.usage(bucket)
            parts = [(owner, Space(tables.bytes, 1 + tables.tables))]
            parts += [
                (writer or owner, Space(size, count))
                for writer, (count, size) in self.objects.usage_by_owner(bucket).items()
            ]
            for name, space in parts:
                held[name] = held.get(name, Space(0, 0)) + space
        return held

    def total_space(self) -> Space:
        """Return what all views hold."""
        total = Space(0, 0)
        for view in self.records.all("views"):
            total += self.space_of_view(view)
        return total

    def view_of_bucket(self, bucket: str) -> Record | None:
        """Return the view that exposes a bucket."""
        return self.index.views.get(bucket)

    @property
    def index(self) -> "Index":
        """Return keys, users and views by name, as of the newest records."""
        index = self._index
        if index is None or index.version != self.records.version:
            index = self._index = Index.of(self.records)
        return index

    def directory_exists(self, path: str, tenant_id: object) -> bool:
        """Return whether a view or a quota made this directory or one below it."""
        if path == "/":
            return True
        return any(
            record["tenant_id"] == tenant_id and is_under(str(record["path"]), path)
            for resource in ("views", "directories")
            for record in self.records.all(resource)
        )

    def rates(self) -> Record:
        """Return operations and bytes per second over the last minute, all views together."""
        points = self.meters.samples(self.clock() - 60)
        total = Counts()
        for counts in self.meters.now().values():
            total = total.plus(counts)
        if points:
            total = total.minus(points[0].total(None))
        seconds = max(1.0, self.clock() - (points[0].at if points else self.started))
        operations = total.read_ops + total.write_ops
        spent = total.read_ms + total.write_ms
        return {
            "rd_bw": int(total.read_bytes / seconds),
            "wr_bw": int(total.write_bytes / seconds),
            "bw": int((total.read_bytes + total.write_bytes) / seconds),
            "rd_iops": int(total.read_ops / seconds),
            "wr_iops": int(total.write_ops / seconds),
            "iops": int(operations / seconds),
            "latency": int(1000 * spent / operations) if operations else 0,
        }

    def disk(self) -> tuple[int, int, int]:
        """Return total, used and free bytes of the disk the folder is on."""
        usage = shutil.disk_usage(self.folder)
        return usage.total, usage.total - usage.free, usage.free


def is_under(path: str, ancestor: str) -> bool:
    """Return whether a path is an ancestor itself or below it."""
    return ancestor in ("/", path) or path.startswith(f"{ancestor}/")


def platform_name() -> str:
    """Return interpreter and system, for version answers."""
    return f"Python {sys.version.split()[0]} on {sys.platform}"
