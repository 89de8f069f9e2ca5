"""Named snapshots of a path, so that a report can be reproduced from its data.

Tenant, path and name identify a snapshot: taking an existing one returns it. Protection
policies take snapshots on a schedule; `take` takes one now.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from orbital_kernel.errors import ProvisionError
from orbital_kernel.storage.listing import Row
from orbital_kernel.storage.protocols import Vms

WORKING = ("INIT", "CREATING", "RETRYING")


@dataclass(frozen=True)
class Snapshot:
    """One snapshot; `unique_bytes` is the VMS's estimate of what only it holds."""

    id: int
    name: str
    path: str
    created: str
    expires: str | None
    unique_bytes: int | None


def snapshots(
    vms: Vms, path: str, *, tenant_id: int | None = None
) -> tuple[Snapshot, ...]:
    """Return the usable snapshots of exactly this path, oldest first."""
    rows = [r for r in _rows(vms, path, tenant_id) if r.get("state") == "SUCCEED"]
    return tuple(_snapshot(row) for row in sorted(rows, key=lambda row: int(row["id"])))


def take(
    vms: Vms,
    path: str,
    name: str,
    *,
    keep_s: float,
    tenant_id: int | None = None,
    now: datetime | None = None,
) -> Snapshot:
    """Return the snapshot of a path with this name; take it if it does not exist.

    Waits until it is usable. Raises ProvisionError if it fails or takes too long.
    """

    def find() -> Row | None:
        rows = [row for row in _rows(vms, path, tenant_id) if row["name"] == name]
        return rows[0] if rows else None

    row = find()
    if row is None:
        until = (now or datetime.now(UTC)) + timedelta(seconds=keep_s)
        fields: Row = {
            "path": path,
            "name": name,
            "expiration_time": until.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        if tenant_id is not None:
            fields["tenant_id"] = tenant_id
        row = vms.create("snapshots", fields, find)
    for pause in vms.patience.pauses():
        if row is None or row.get("state") not in WORKING:
            break
        vms.patience.sleep(pause)
        row = find()
    if row is None or row.get("state") != "SUCCEED":
        state = "gone" if row is None else row.get("state")
        raise ProvisionError(
            f"snapshot {name} of {path} is {state}: look at the VMS's alarms, then take "
            "it again under another name"
        )
    return _snapshot(row)


def _rows(vms: Vms, path: str, tenant_id: int | None) -> list[Row]:
    rows = vms.listing("snapshots", paged=True, path=path)
    return [
        row
        for row in rows
        if row.get("path", "").rstrip("/") == path.rstrip("/")
        and (tenant_id is None or row.get("tenant_id") in (None, tenant_id))
    ]


def _snapshot(row: Row) -> Snapshot:
    return Snapshot(
        id=int(row["id"]),
        name=str(row["name"]),
        path=str(row["path"]),
        created=str(row.get("created")),
        expires=row.get("expiration_time"),
        unique_bytes=row.get("unique_phys_estimation"),
    )
