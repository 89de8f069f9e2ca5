"""The five calls of every resource; CALLS has the others."""

from collections.abc import Callable

from vast_standin.http import ProtocolError
from vast_standin.vms.cluster import Cluster
from vast_standin.vms.fields import bad_request, check_create, check_patch
from vast_standin.vms.kinds import RESOURCES
from vast_standin.vms.particular import CALLS, Answer
from vast_standin.vms.requests import VmsCall
from vast_standin.vms.resource import Resource, select
from vast_standin.vms.shown import page_of, record_in_path, show, visible


def handle(cluster: Cluster, call: VmsCall) -> Answer:
    """Return status and JSON value of a call; raise ProtocolError otherwise."""
    particular = CALLS.get((call.method, call.route))
    if particular is not None:
        return particular(cluster, call)
    kind = RESOURCES.get(call.parts[0])
    if kind is None or len(call.parts) > 2:
        raise ProtocolError(
            404,
            "NotFound",
            f"{'/'.join(call.parts)} is not implemented by this stand-in; "
            f"resources: {', '.join(sorted(RESOURCES))}",
        )
    shape = "one" if len(call.parts) == 2 else "all"
    shared = _SHARED.get((call.method, shape))
    if shared is None:
        raise ProtocolError(
            405, "MethodNotAllowed", f"{call.method} is not allowed here"
        )
    return shared(cluster, kind, call)


def _list(cluster: Cluster, kind: Resource, call: VmsCall) -> Answer:
    kind.need("list")
    records = kind.listed(cluster) if kind.listed else cluster.records.all(kind.name)
    shown = [show(cluster, kind, r) for r in records if visible(r, call)]
    chosen = select(kind, shown, call.query)
    return 200, page_of(chosen, call)


def _create(cluster: Cluster, kind: Resource, call: VmsCall) -> Answer:
    kind.need("create")
    body = dict(call.body)
    knows_tenant = any(f.name == "tenant_id" and f.creatable for f in kind.fields)
    if call.tenant is not None and knows_tenant:
        body.setdefault("tenant_id", call.tenant["id"])
    with cluster.records.transaction():
        record = kind.rules.creating(cluster, check_create(kind.fields, body))
        stored = cluster.records.add(kind.name, record)
        kind.rules.created(cluster, stored)
    return 201, show(cluster, kind, stored)


def _get(cluster: Cluster, kind: Resource, call: VmsCall) -> Answer:
    kind.need("get")
    return 200, show(cluster, kind, record_in_path(cluster, kind, call))


def _patch(cluster: Cluster, kind: Resource, call: VmsCall) -> Answer:
    kind.need("patch")
    with cluster.records.transaction():
        old = record_in_path(cluster, kind, call)
        changes = check_patch(kind.fields, call.body)
        changes = kind.rules.changing(cluster, old, changes)
        stored = cluster.records.change(kind.name, call.id, changes)
    return 200, show(cluster, kind, stored)


def _delete(cluster: Cluster, kind: Resource, call: VmsCall) -> Answer:
    kind.need("delete")
    if call.body:
        raise bad_request(f"unknown fields: {', '.join(sorted(call.body))}")
    with cluster.records.transaction():
        record = record_in_path(cluster, kind, call)
        kind.rules.deleting(cluster, record)
        cluster.records.remove(kind.name, call.id)
    return 204, None


def _options(cluster: Cluster, kind: Resource, call: VmsCall) -> Answer:
    del cluster, call
    fields = {
        f.name: {
            "type": f.kind,
            "required": f.required,
            "read_only": not (f.creatable or f.patchable),
            "choices": list(f.choices),
        }
        for f in kind.fields
    }
    return 200, {"name": kind.name, "calls": sorted(kind.calls), "fields": fields}


_SHARED: dict[tuple[str, str], Callable[[Cluster, Resource, VmsCall], Answer]] = {
    ("GET", "all"): _list,
    ("POST", "all"): _create,
    ("GET", "one"): _get,
    ("PATCH", "one"): _patch,
    ("DELETE", "one"): _delete,
    ("OPTIONS", "all"): _options,
}
