"""References of a record: its path, its tenant, other records by number and name."""

import re

from vast_standin.http import ProtocolError
from vast_standin.vms.cluster import Cluster
from vast_standin.vms.fields import bad_request
from vast_standin.vms.records import Record

_PATH = re.compile(r"(/[^/\x00-\x1f]+)+\Z|/\Z")


def check_path(value: object) -> str:
    """Return a valid absolute path; raise 400 otherwise."""
    path = str(value)
    parts = path.split("/")
    if not _PATH.match(path) or ".." in parts or "." in parts:
        raise bad_request(
            f"path: {path!r} must be absolute, without a slash at the end and without dots"
        )
    return path


def with_tenant(cluster: Cluster, record: Record) -> Record:
    """Return the record with its tenant, or the default one."""
    number = record.get("tenant_id")
    if number is None:
        return {**record, "tenant_id": cluster.records.all("tenants")[0]["id"]}
    if cluster.records.get("tenants", number) is None:
        raise bad_request(f"tenant_id: there is no tenant {number}")
    return record


def check_reference(cluster: Cluster, record: Record, name: str, resource: str) -> None:
    """Raise 400 if a field names a record that does not exist."""
    number = record.get(name)
    if number is not None and cluster.records.get(resource, number) is None:
        raise bad_request(f"{name}: there is no record {number} in {resource}")


def titled(cluster: Cluster, record: Record) -> Record:
    """Return the record with its title and its tenant's name."""
    tenant = cluster.records.get("tenants", record.get("tenant_id"))
    return {
        **record,
        "title": record["name"],
        "tenant_name": tenant["name"] if tenant else None,
    }


def check_unique(cluster: Cluster, resource: str, record: Record) -> None:
    """Raise 400 if another record of the tenant has the name."""
    other = cluster.records.find(
        resource, name=record["name"], tenant_id=record.get("tenant_id")
    )
    if other is not None and other["id"] != record.get("id"):
        raise bad_request(f"name: {resource} has {record['name']!r} already")


def refuse_while_used(
    cluster: Cluster, resource: str, field: str, record: Record
) -> None:
    """Raise 409 if records of another resource refer to this one."""
    users = [r for r in cluster.records.all(resource) if r.get(field) == record["id"]]
    if users:
        names = ", ".join(str(r.get("path") or r.get("name")) for r in users[:5])
        raise ProtocolError(
            409, "Conflict", f"{record['name']} is in use by {resource}: {names}"
        )
