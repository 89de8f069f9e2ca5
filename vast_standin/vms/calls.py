"""The five calls every resource shares, and CALLS: those that are particular to one."""

from collections.abc import Callable

from vast_standin.http import ProtocolError
from vast_standin.vms import capacity, quotas, users
from vast_standin.vms.cluster import Cluster
from vast_standin.vms.fields import answer, bad_request, check_create, check_patch
from vast_standin.vms.records import Record
from vast_standin.vms.requests import VmsCall
from vast_standin.vms.resource import Resource, select
from vast_standin.vms.resources import RESOURCES

Answer = tuple[int, object]


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
        raise ProtocolError(405, "MethodNotAllowed", f"{call.method} is not allowed here")
    return shared(cluster, kind, call)


def found(cluster: Cluster, kind: Resource, call: VmsCall) -> Record:
    """Return the record a path names; raise 404."""
    records = kind.listed(cluster) if kind.listed else cluster.records.all(kind.name)
    for record in records:
        if record["id"] == call.id and _visible(record, call):
            return record
    raise ProtocolError(404, "NotFound", f"there is no record {call.id} in {kind.name}")


def show(cluster: Cluster, kind: Resource, record: Record) -> Record:
    """Return a record as it is answered."""
    return answer(kind.fields, kind.rules.shown(cluster, record))


def _list(cluster: Cluster, kind: Resource, call: VmsCall) -> Answer:
    kind.need("list")
    records = kind.listed(cluster) if kind.listed else cluster.records.all(kind.name)
    shown = [show(cluster, kind, r) for r in records if _visible(r, call)]
    chosen = select(kind, shown, call.query)
    return 200, _page(chosen, call)


def _create(cluster: Cluster, kind: Resource, call: VmsCall) -> Answer:
    kind.need("create")
    body = dict(call.body)
    knows_tenant = any(f.name == "tenant_id" and f.creatable for f in kind.fields)
    if call.tenant is not None and knows_tenant:
        body.setdefault("tenant_id", call.tenant["id"])
    with cluster.records.transaction():
        record = kind.rules.creating(cluster, check_create(kind.fields, body))
        stored = cluster.records.add(kind.name, record)
    return 201, show(cluster, kind, stored)


def _get(cluster: Cluster, kind: Resource, call: VmsCall) -> Answer:
    kind.need("get")
    return 200, show(cluster, kind, found(cluster, kind, call))


def _patch(cluster: Cluster, kind: Resource, call: VmsCall) -> Answer:
    kind.need("patch")
    with cluster.records.transaction():
        old = found(cluster, kind, call)
        changes = check_patch(kind.fields, call.body)
        changes = kind.rules.changing(cluster, old, changes)
        stored = cluster.records.change(kind.name, call.id, changes)
    return 200, show(cluster, kind, stored)


def _delete(cluster: Cluster, kind: Resource, call: VmsCall) -> Answer:
    kind.need("delete")
    if call.body:
        raise bad_request(f"unknown fields: {', '.join(sorted(call.body))}")
    with cluster.records.transaction():
        record = found(cluster, kind, call)
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


def _visible(record: Record, call: VmsCall) -> bool:
    """Tell whether the tenant named in X-Tenant-Name may see a record."""
    if call.tenant is None or "tenant_id" not in record:
        return True
    return record["tenant_id"] == call.tenant["id"]


def _page(records: list[Record], call: VmsCall) -> object:
    """Return the bare list, or one page in an envelope where page_size is given."""
    size, page = call.one("page_size"), call.one("page", "1")
    if not size:
        return records
    if not (size.isdigit() and page.isdigit() and int(size) > 0 and int(page) > 0):
        raise bad_request("page, page_size: whole numbers from 1 are expected")
    first = (int(page) - 1) * int(size)
    last = first + int(size)
    if first and first >= len(records):
        raise ProtocolError(404, "NotFound", "Invalid page.")

    def link(number: int) -> str:
        others = "&".join(f"{k}={v}" for k, v in call.query if k not in ("page", "page_size"))
        text = f"/api/latest/{call.parts[0]}/?page={number}&page_size={size}"
        return f"{text}&{others}" if others else text

    return {
        "count": len(records),
        "next": link(int(page) + 1) if last < len(records) else None,
        "previous": link(int(page) - 1) if first else None,
        "results": records[first:last],
    }


def _capacity(cluster: Cluster, call: VmsCall) -> Answer:
    return 200, capacity.report(cluster, dict(call.query))


def _reset_grace(cluster: Cluster, call: VmsCall) -> Answer:
    kind = RESOURCES["quotas"]
    record = found(cluster, kind, call)
    quotas.reset_grace(cluster, call.id)
    return 200, show(cluster, kind, {**record, "_soft_since": cluster.clock()})


def _recalc(cluster: Cluster, call: VmsCall) -> Answer:
    """Usage is counted as it changes; there is nothing to recalculate."""
    del call
    for quota in cluster.records.all("quotas"):
        quotas.standing(cluster, quota)
    return 200, None


def _add_key(cluster: Cluster, call: VmsCall) -> Answer:
    user = found(cluster, RESOURCES["users"], call)
    return 200, users.add_key(cluster, user)


def _enable_key(cluster: Cluster, call: VmsCall) -> Answer:
    user = found(cluster, RESOURCES["users"], call)
    key, enabled = call.body.get("access_key"), call.body.get("enabled")
    if not isinstance(key, str) or not isinstance(enabled, bool):
        raise bad_request("access_key, enabled: required")
    users.enable_key(cluster, user, key, enabled=enabled)
    return 204, None


def _remove_key(cluster: Cluster, call: VmsCall) -> Answer:
    user = found(cluster, RESOURCES["users"], call)
    key = call.body.get("access_key")
    if not isinstance(key, str):
        raise bad_request("access_key: required")
    users.remove_key(cluster, user, key)
    return 204, None


def _vips(cluster: Cluster, call: VmsCall) -> Answer:
    del call
    return 200, [{"vip": host, "port": port} for host, port in cluster.addresses]


_SHARED: dict[tuple[str, str], Callable[[Cluster, Resource, VmsCall], Answer]] = {
    ("GET", "all"): _list,
    ("POST", "all"): _create,
    ("GET", "one"): _get,
    ("PATCH", "one"): _patch,
    ("DELETE", "one"): _delete,
    ("OPTIONS", "all"): _options,
}

CALLS: dict[tuple[str, str], Callable[[Cluster, VmsCall], Answer]] = {
    ("GET", "capacity"): _capacity,
    ("PATCH", "quotas/{id}/reset_grace_period"): _reset_grace,
    ("PATCH", "quotas/recalc"): _recalc,
    ("POST", "users/{id}/access_keys"): _add_key,
    ("PATCH", "users/{id}/access_keys"): _enable_key,
    ("DELETE", "users/{id}/access_keys"): _remove_key,
    ("GET", "vastdb/vips"): _vips,
}
