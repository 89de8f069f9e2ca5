"""System tables: catalogue and audit log."""

import math
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import Any

from vast_standin.tabular.system import (
    AUDIT_BUCKET,
    CATALOGUE_BUCKET,
    Settings,
    configure,
    system_root,
    times_of,
)
from vast_standin.vms.cluster import Cluster
from vast_standin.vms.fields import bad_request
from vast_standin.vms.frames import check_frames
from vast_standin.vms.questions import LIMITED, conditions, page, rows_of
from vast_standin.vms.records import Record
from vast_standin.vms.requests import VmsCall
from vast_standin.vms.resource import Rules
from vast_standin.vms.standing import seconds_of

CONFIG = "bigcatalogconfig"
_CALLS = {CONFIG: CATALOGUE_BUCKET, "vastauditlog": AUDIT_BUCKET}
_AUDITING: Record = {
    "audit_dir_name": "",
    "read_access_users": [],
    "read_access_users_groups": [],
    "max_file_size": 0,
    "max_retention_period": 0,
    "max_retention_timeunit": "d",
    "protocols_audit": {},
    "protocols": ["S3", "VAST_DB"],
    "max_audit_dir_size": "0",
    "enable_json_audit": False,
    "enable_vast_db_audit": True,
}
_SETTABLE = {
    "enable_vast_db_audit": bool,
    "max_retention_period": int,
    "max_retention_timeunit": str,
}


class CatalogueRules(Rules):
    """The catalogue exists while it has an enabled configuration."""

    def creating(self, cluster: Cluster, record: Record) -> Record:
        """Check the schedule; there is one configuration."""
        if cluster.records.all(CONFIG):
            raise bad_request("there is a configuration of the catalogue already")
        return _default() | _checked(record)

    def changing(self, cluster: Cluster, old: Record, changes: Record) -> Record:
        """Check the schedule."""
        del cluster, old
        return _checked(changes)

    def shown(self, cluster: Cluster, record: Record) -> Record:
        """Add the schedule in words."""
        frames: list[dict[str, str]] = record["frames"]  # type: ignore[assignment]
        tenant = cluster.records.all("tenants")[0]
        return {
            **record,
            "title": record["name"],
            "pretty_schedules": [
                " ".join(f"{name} {text}" for name, text in frame.items())
                for frame in frames
            ],
            "state": "working",
            "is_local": True,
            "internal": True,
            "indestructible": False,
            "tenant_id": tenant["id"],
        }


def seed_system(cluster: Cluster) -> None:
    """Configure the system tables from the records; a new folder has both."""
    if not cluster.records.find("clusters", _catalogue_seeded=True):
        cluster.records.add(CONFIG, _default())
        number = int(str(cluster.records.all("clusters")[0]["id"]))
        cluster.records.change("clusters", number, {"_catalogue_seeded": True})
    engine: Any = cluster.engine
    configure(engine, partial(_settings, cluster), partial(_objects, cluster))


def auditing(record: Record) -> Record:
    """Return the settings of the audit log."""
    settings = {**_AUDITING, **(record.get("_auditing") or {})}  # type: ignore[dict-item]
    state = "CREATED" if settings["enable_vast_db_audit"] else "NONE"
    return {**settings, "vast_audit_log_state": state}


def set_auditing(cluster: Cluster, record: Record, body: Record) -> Record:
    """Switch the audit log, or set how long it keeps a request."""
    wrong = [n for n, v in body.items() if type(v) is not _SETTABLE.get(n)]
    if wrong:
        raise bad_request(f"{', '.join(wrong)}: {', '.join(_SETTABLE)} can be set here")
    merged = {**(record.get("_auditing") or {}), **body}  # type: ignore[dict-item]
    try:
        _kept_s(merged)
    except ValueError as error:
        raise bad_request(f"max_retention_timeunit: {error}") from None
    number = int(str(record["id"]))
    return cluster.records.change("clusters", number, {"_auditing": merged})


def columns(cluster: Cluster, call: VmsCall) -> list[Record]:
    """Return the columns of a system table."""
    schema, table = _table(cluster, call)
    return [
        {
            "database_name": schema.bucket,
            "schema_name": schema.path,
            "table_name": table.name,
            "name": column.name,
            "field": {"column_type": str(column.field.type)},
            "raw_field": str(column.field),
        }
        for column in table.definition.columns
    ]


def stats(cluster: Cluster, call: VmsCall) -> Record:
    """Return the size of a system table."""
    _, table = _table(cluster, call)
    return {"count_rows": table.live, "count_columns": len(table.definition.columns)}


def query_data(cluster: Cluster, call: VmsCall) -> Record:
    """Return rows of a system table, each the JSON of its values.

    Parameters are those of the query, or fields of a body.
    """
    query: dict[str, Any] = {**dict(call.query), **call.body}
    names = {"fields", "filters", "ordering", "tenant_id", *LIMITED}
    if call.parts[0] == CONFIG:
        names |= {"path", "snapshot"}
        if not isinstance(query.get("path"), str):
            raise bad_request("path: This field is required.")
    unknown = sorted(query.keys() - names)
    if unknown:
        raise bad_request(f"unknown parameters: {', '.join(unknown)}")
    for name in ("fields", "ordering"):
        if name not in call.body:
            query[name] = [n for t in call.many(name) for n in t.split(",")]
    _, table = _table(cluster, call, query.get("snapshot"))
    where = conditions(table, query.get("filters") or "{}")
    if "path" in query:
        where.append(_below(query["path"]))
    return page(call, rows_of(cluster, table, query, where))


def _below(path: str) -> str:
    """Return the condition of rows at and below a path."""
    text = path.rstrip("/").replace("'", "''")
    full = "rtrim(parent_path, '/') || '/' || name"
    return f"({full} = '{text}' OR starts_with({full}, '{text}/'))"


def _table(cluster: Cluster, call: VmsCall, snapshot: str | None = None) -> Any:
    engine: Any = cluster.engine
    root = system_root(engine, _CALLS[call.parts[0]], snapshot)
    if root is None or not root.tables:
        raise bad_request(f"snapshot: there is no snapshot {snapshot!r}")
    return next(iter(root.schemas.values())), next(iter(root.tables.values()))


def _default() -> Record:
    return {
        "name": CONFIG,
        "prefix": "bc_table",
        "clone_type": "LOCAL",
        "frames": [{"every": "1h", "keep-local": "1d"}],
        "enable": True,
    }


def _checked(record: Record) -> Record:
    frames = record.get("frames", [{"every": "1h", "keep-local": "1d"}])
    listed = [frames] if isinstance(frames, dict) else frames
    if not isinstance(listed, list) or len(listed) != 1:
        raise bad_request("frames: one schedule, {every, keep-local}, is expected")
    check_frames(listed)
    return {**record, "frames": listed} if "frames" in record else record


def _settings(cluster: Cluster) -> Settings:
    """Return the settings of the system tables from the records."""
    configs = [c for c in cluster.records.all(CONFIG) if c.get("enable")]
    audits: Any = cluster.records.all("clusters")[0].get("_auditing") or {}
    frame: Any = configs[0]["frames"] if configs else [{}]
    return Settings(
        catalogue=bool(configs),
        snapshot_every_s=seconds_of(frame[0].get("every", "1h")),
        snapshots_kept_s=seconds_of(frame[0].get("keep-local", "1d")),
        audit=audits.get("enable_vast_db_audit", True),
        audits_kept_s=_kept_s(audits) or math.inf,
    )


def _kept_s(audits: Any) -> int:
    unit = audits.get("max_retention_timeunit", "d")
    return seconds_of(f"{audits.get('max_retention_period', 0)}{unit}")


def _objects(cluster: Cluster) -> Iterator[dict[str, Any]]:
    """Yield the catalogue's rows of objects, and of the folders that hold them."""
    folders: dict[str, float] = {}
    for thing in cluster.objects.everything():
        parent, _, name = f"/{thing.bucket}/{thing.key}".rpartition("/")
        view = cluster.view_of_bucket(thing.bucket) or {}
        for folder in _folders(parent):
            folders[folder] = max(folders.get(folder, 0.0), thing.modified)
        if not name:  # a key that ends with / is a folder
            continue
        yield {
            "parent_path": parent,
            "name": name,
            "element_type": "FILE",
            "size": thing.size,
            "owner_name": thing.properties.owner or view.get("bucket_owner"),
            "tenant_id": view.get("tenant_id"),
            "user_tags": thing.properties.tags,
            "user_metadata": thing.properties.metadata,
            **times_of(thing.modified),
        }
    for directory in cluster.records.all("directories"):
        created = datetime.fromisoformat(str(directory["created"])).timestamp()
        folders.setdefault(str(directory["path"]).rstrip("/"), created)
    for folder, modified in sorted(folders.items()):
        parent, _, name = folder.rpartition("/")
        yield {
            "parent_path": parent or "/",
            "name": name,
            "element_type": "DIR",
            **times_of(modified),
        }


def _folders(path: str) -> Iterator[str]:
    """Yield a path below a bucket and all between it and the bucket."""
    while path.count("/") > 1:
        yield path
        path = path.rpartition("/")[0]
