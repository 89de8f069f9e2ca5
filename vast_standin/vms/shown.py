"""Records as calls find, show and list them, for the requested tenant."""

from vast_standin.digits import whole
from vast_standin.http import ProtocolError
from vast_standin.vms.cluster import Cluster
from vast_standin.vms.fields import answer, bad_request
from vast_standin.vms.published import published
from vast_standin.vms.records import Record
from vast_standin.vms.requests import VmsCall
from vast_standin.vms.resource import Resource


def record_in_path(cluster: Cluster, kind: Resource, call: VmsCall) -> Record:
    """Return the record a path names; raise 404."""
    records = kind.listed(cluster) if kind.listed else cluster.records.all(kind.name)
    for record in records:
        if record["id"] == call.id and visible(record, call):
            return record
    raise ProtocolError(404, "NotFound", f"there is no record {call.id} in {kind.name}")


def show(cluster: Cluster, kind: Resource, record: Record) -> Record:
    """Return a record as it is answered: all published fields, null where unknown."""
    unknown = dict.fromkeys(published().get(kind.name, ()))
    return unknown | answer(kind.fields, kind.rules.shown(cluster, record))


def visible(record: Record, call: VmsCall) -> bool:
    """Return whether the tenant named in X-Tenant-Name may see a record."""
    if call.tenant is None or "tenant_id" not in record:
        return True
    return record["tenant_id"] == call.tenant["id"]


def page_of(records: list[Record], call: VmsCall) -> object:
    """Return the bare list, or one page in an envelope if page_size is given.

    Without page_size all records are on page 1, and there is no other.
    """
    size, page = (whole(call.parameter(name, "1")) for name in ("page_size", "page"))
    if not call.parameter("page_size"):
        size = len(records) or 1
    if not size or not page:
        raise bad_request("page, page_size: whole numbers from 1 are expected")
    first = (page - 1) * size
    last = first + size
    if first and first >= len(records):
        raise ProtocolError(404, "NotFound", "Invalid page.")

    if not call.parameter("page_size"):
        return records

    return {
        "count": len(records),
        "next": call.link(page=page + 1, page_size=size)
        if last < len(records)
        else None,
        "previous": call.link(page=page - 1, page_size=size) if first else None,
        "results": records[first:last],
    }
