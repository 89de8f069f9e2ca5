"""Tables the system itself keeps: its catalogue of everything stored, and its audit log.

Both are computed on request: the rows of the catalogue from
buckets, schemas, tables and objects, those of the audit log from the access log. The
management side decides which of them exist and how long their contents are kept.
"""

import json
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any
from weakref import WeakKeyDictionary

import pyarrow as pa

from vast_standin.engine.engine import Engine
from vast_standin.engine.memory import table_of
from vast_standin.engine.root import Root, Schema
from vast_standin.engine.table import Table
from vast_standin.http import ProtocolError

CATALOGUE_BUCKET = "vast-big-catalog-bucket"
AUDIT_BUCKET = "vast-audit-log-bucket"
_ACCESS_LOG = "access.log"
_MOST_AUDITED = 100_000
_FRESH_S = 5.0
_TEXTS = pa.map_(pa.string(), pa.string())
_CATALOGUE = pa.schema(
    [
        ("phandle", pa.struct([("clone_id", pa.int32()), ("handle_id", pa.int64())])),
        ("creation_time", pa.timestamp("ns")),
        ("uid", pa.int32()),
        ("owner_sid", pa.string()),
        ("owner_name", pa.string()),
        ("gid", pa.int32()),
        ("group_owner_sid", pa.string()),
        ("group_owner_name", pa.string()),
        ("atime", pa.timestamp("ns")),
        ("mtime", pa.timestamp("ns")),
        ("ctime", pa.timestamp("ns")),
        ("nlinks", pa.int32()),
        ("element_type", pa.string()),
        ("size", pa.int64()),
        ("used", pa.int64()),
        ("tenant_id", pa.int32()),
        ("name", pa.string()),
        ("extension", pa.string()),
        ("parent_path", pa.string()),
        ("symlink_path", pa.string()),
        ("major_device", pa.int32()),
        ("minor_device", pa.int32()),
        ("nfs_mode_bits", pa.int32()),
        ("name_aces_exist", pa.bool_()),
        ("s3_locks_legal_hold", pa.bool_()),
        ("user_tags_count", pa.int32()),
        ("user_metadata", _TEXTS),
        ("user_tags", _TEXTS),
        ("login_name", pa.string()),
        ("search_path", pa.string()),
        ("rows", pa.int64()),
        ("handle", pa.int64()),
    ]
)
"""Columns of a cluster's catalogue that public clients read (vastdb_sdk's README, VAST's
Trino examples); null where an object store has nothing to say. `rows` and `handle` are ours.
"""
_AUDIT = pa.schema(
    [
        ("time", pa.timestamp("us")),
        ("protocol", pa.string()),
        ("user_name", pa.string()),
        ("method", pa.string()),
        ("path", pa.string()),
        ("command", pa.string()),
        ("status", pa.int32()),
        ("bytes_in", pa.int64()),
        ("bytes_out", pa.int64()),
        ("milliseconds", pa.float64()),
        ("request_id", pa.string()),
    ]
)


@dataclass(frozen=True)
class Settings:
    """Which system tables exist, and how long snapshots and audits are kept."""

    catalogue: bool = True
    snapshot_every_s: float = 3600.0
    snapshots_kept_s: float = 86_400.0
    audit: bool = True
    audits_kept_s: float = math.inf

    def on(self, bucket: str) -> bool:
        """Return whether the table of a bucket exists."""
        return self.audit if bucket == AUDIT_BUCKET else self.catalogue


@dataclass
class System:
    """The system tables of one engine, kept for a few seconds."""

    tables: dict[str, tuple[float, Settings, Root]] = field(default_factory=dict)
    snapshots: dict[str, tuple[float, Root]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    settings: Callable[[], Settings] = Settings
    objects: Callable[[], Iterator[dict[str, Any]]] = field(default=lambda: iter(()))


def configure(
    engine: Engine,
    settings: Callable[[], Settings],
    objects: Callable[[], Iterator[dict[str, Any]]],
) -> None:
    """Set the source of the settings and of the objects of the catalogue."""
    system = _system(engine)
    system.settings, system.objects = settings, objects


def system_root(engine: Engine, bucket: str, snapshot: str | None) -> Root | None:
    """Return the state that holds a system table; None for other buckets."""
    make = _BUCKETS.get(bucket)
    if make is None:
        return None
    system = _system(engine)
    settings = system.settings()
    if not settings.on(bucket):
        raise ProtocolError(404, "NoSuchBucket", f"{bucket} is switched off")
    with system.lock:
        if snapshot is not None:
            return system.snapshots.get(snapshot, (0.0, Root()))[1]
        cached = system.tables.get(bucket)
        now = time.monotonic()
        if cached is None or now - cached[0] > _FRESH_S or cached[1] != settings:
            cached = system.tables[bucket] = (now, settings, make(engine))
        return cached[2]


def system_roots(engine: Engine, text: str) -> Iterator[Root]:
    """Return the states that hold the system tables whose bucket a text names."""
    for bucket in _BUCKETS:
        if bucket in text and _system(engine).settings().on(bucket):
            root = system_root(engine, bucket, None)
            if root is not None:
                yield root


def catalogue_snapshots(engine: Engine) -> list[str]:
    """List the kept states of the catalogue, of this run; take one if it is due."""
    system = _system(engine)
    settings = system.settings()
    if not settings.catalogue:
        return []
    with system.lock:
        now = time.monotonic()
        newest = max((at for at, _ in system.snapshots.values()), default=-math.inf)
        if now - newest >= settings.snapshot_every_s:
            name = f"bc_table_{datetime.now(UTC):%Y-%m-%d_%H_%M_%S}"
            system.snapshots[name] = (now, _catalogue(engine))
        oldest = now - settings.snapshots_kept_s
        system.snapshots = {
            n: snapshot
            for n, snapshot in system.snapshots.items()
            if snapshot[0] >= oldest
        }
        return sorted(system.snapshots)


_SYSTEMS: "WeakKeyDictionary[Engine, System]" = WeakKeyDictionary()


def _system(engine: Engine) -> System:
    return _SYSTEMS.setdefault(engine, System())


def times_of(seconds: float) -> dict[str, datetime]:
    """Return the times of something that was written once, in UTC."""
    at = datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
    return dict.fromkeys(("creation_time", "ctime", "mtime", "atime"), at)


def _catalogue(engine: Engine) -> Root:
    rows = [_element(row) for row in _catalogue_rows(engine)]
    return _root(
        CATALOGUE_BUCKET, "vast_big_catalog_schema", "vast_big_catalog_table",
        pa.Table.from_pylist(rows, schema=_CATALOGUE),
    )  # fmt: skip


def _element(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row of the catalogue with what follows from the others."""
    suffix = PurePosixPath(row["name"]).suffix.lstrip(".")
    tags = row.get("user_tags") or {}
    return {
        "used": row.get("size"),
        "extension": suffix if row["element_type"] == "FILE" and suffix else None,
        "search_path": f"{row['parent_path'].rstrip('/')}/",
        "user_tags_count": len(tags),
        "nlinks": 1,
        "login_name": row.get("owner_name"),
        **row,
        "user_tags": list(tags.items()),
        "user_metadata": list((row.get("user_metadata") or {}).items()),
    }


def _catalogue_rows(engine: Engine) -> Iterator[dict[str, Any]]:
    buckets = engine.buckets()
    root = engine.root
    for bucket in buckets.values():
        yield {
            "parent_path": "/",
            "name": bucket.name,
            "element_type": "BUCKET",
            "owner_name": bucket.owner,
            "size": engine.usage(bucket.name).bytes,
            **times_of(bucket.created),
        }
    for schema in root.schemas.values():
        parent, _, name = f"/{schema.bucket}/{schema.path}".rpartition("/")
        yield {
            "parent_path": parent,
            "name": name,
            "element_type": "SCHEMA",
            "owner_name": buckets[schema.bucket].owner,
            "handle": schema.id,
        }
    for table in root.tables.values():
        holder = root.schemas.get(table.schema_id)
        if holder is not None:
            yield {
                "parent_path": f"/{holder.bucket}/{holder.path}",
                "name": table.name,
                "element_type": "TABLE",
                "size": table.nbytes,
                "rows": table.live,
                "owner_name": buckets[holder.bucket].owner,
                "handle": table.id,
            }
    yield from _system(engine).objects()


def _audit_log(engine: Engine) -> Root:
    rows = list(_audit_rows(engine))
    return _root(
        AUDIT_BUCKET, "vast_audit_log_schema", "vast_audit_log_table",
        pa.Table.from_pylist(rows, schema=_AUDIT),
    )  # fmt: skip


def _audit_rows(engine: Engine) -> Iterator[dict[str, Any]]:
    log = engine.path.parent / _ACCESS_LOG
    if not log.exists():
        return
    kept_s = _system(engine).settings().audits_kept_s
    oldest = datetime.fromtimestamp(max(0.0, time.time() - kept_s), UTC)
    with log.open(encoding="utf-8") as lines:
        for line in deque(lines, _MOST_AUDITED):
            try:
                entry = json.loads(line)
                at = datetime.fromisoformat(entry["time"])
            except ValueError:
                continue
            if at < oldest:
                continue
            yield {
                "time": at.replace(tzinfo=None),
                "protocol": entry.get("port"),
                "user_name": entry.get("user"),
                "method": entry.get("method"),
                "path": entry.get("path"),
                "command": next(iter(entry.get("query") or {}), None),
                "status": entry.get("status"),
                "bytes_in": entry.get("bytes_in"),
                "bytes_out": entry.get("bytes_out"),
                "milliseconds": entry.get("ms"),
                "request_id": entry.get("id"),
            }


def _root(bucket: str, schema: str, name: str, data: pa.Table) -> Root:
    memory = table_of(data)
    table = Table(1, 1, name, memory.definition, memory.segments, inserted=len(data))
    return Root().with_schema(Schema(1, bucket, schema)).with_table(table)


_BUCKETS: dict[str, Callable[[Engine], Root]] = {
    CATALOGUE_BUCKET: _catalogue,
    AUDIT_BUCKET: _audit_log,
}
