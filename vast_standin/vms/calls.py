"""The five calls every resource shares, and CALLS: those that are particular to one."""

from collections.abc import Callable

from vast_standin.http import ProtocolError
from vast_standin.vms import (
    alarms,
    capacity,
    database,
    folders,
    monitors,
    prometheus,
    quotas,
    tokens,
    users,
)
from vast_standin.vms.cluster import Cluster
from vast_standin.vms.fields import answer, bad_request, check_create, check_patch
from vast_standin.vms.records import Record
from vast_standin.vms.requests import VmsCall
from vast_standin.vms.resource import Resource, select
from vast_standin.vms.resources import RESOURCES

Answer = tuple[int, object]
FREE_SPACE_WARNING = 1 << 30


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
        others = "&".join(
            f"{k}={v}" for k, v in call.query if k not in ("page", "page_size")
        )
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


def _health(cluster: Cluster, call: VmsCall) -> Answer:
    """Tell of the parts that can fail: the record file and the disk."""
    del call
    free = cluster.disk()[2]
    disk = "ok" if free > FREE_SPACE_WARNING else "warning"
    cluster.records.all("clusters")
    return 200, {
        "status": disk,
        "db": {"status": "ok"},
        "cache": {"status": "ok"},
    }


def _cluster_database(cluster: Cluster, call: VmsCall) -> Answer:
    record = found(cluster, RESOURCES["clusters"], call)
    known: Record = {"vast_db_splits": 64, "vast_db_sub_splits": 8}
    if call.method == "PATCH":
        unknown = sorted(call.body.keys() - known.keys())
        wrong = [n for n, v in call.body.items() if type(v) is not int or v < 1]
        if unknown or wrong:
            raise bad_request(f"unknown: {unknown}; not whole numbers from 1: {wrong}")
        record = cluster.records.change("clusters", call.id, call.body)
    return 200, {name: record.get(name) or value for name, value in known.items()}


def _clear_alarms(cluster: Cluster, call: VmsCall) -> Answer:
    del call
    alarms.clear(cluster)
    return 200, None


def _issue_token(cluster: Cluster, call: VmsCall) -> Answer:
    kind = RESOURCES["apitokens"]
    fields = kind.rules.creating(cluster, check_create(kind.fields, call.body))
    return 201, tokens.issue(cluster, fields)


def _revoke_token(cluster: Cluster, call: VmsCall) -> Answer:
    found(cluster, RESOURCES["apitokens"], call)
    tokens.revoke(cluster, call.id)
    return 200, "revoked"


def _ad_hoc(cluster: Cluster, call: VmsCall) -> Answer:
    return 200, monitors.query(cluster, monitors.question(call))


def _saved(cluster: Cluster, call: VmsCall) -> Answer:
    return 200, monitors.query(cluster, found(cluster, RESOURCES["monitors"], call))


def _top(cluster: Cluster, call: VmsCall) -> Answer:
    count = call.one("count", "10")
    if not count.isdigit():
        raise bad_request("count: a whole number is expected")
    return 200, monitors.top(cluster, call.one("key"), call.one("type"), int(count))


def _metrics(cluster: Cluster, call: VmsCall) -> Answer:
    del cluster, call
    return 200, monitors.metrics_list()


def _prometheus(cluster: Cluster, call: VmsCall) -> Answer:
    return 200, prometheus.respond(
        cluster, call.parts[1] if len(call.parts) > 1 else "all"
    )


def _told(
    make: Callable[[Cluster, VmsCall], object],
) -> Callable[[Cluster, VmsCall], Answer]:
    def tell(cluster: Cluster, call: VmsCall) -> Answer:
        rows = make(cluster, call)
        return 200, _page(rows, call) if isinstance(rows, list) else rows

    return tell


def _done(
    status: int, act: Callable[[Cluster, VmsCall], None]
) -> Callable[[Cluster, VmsCall], Answer]:
    def do(cluster: Cluster, call: VmsCall) -> Answer:
        act(cluster, call)
        return status, None

    return do


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
    ("GET", "health"): _health,
    ("GET", "clusters/{id}/vast_db"): _cluster_database,
    ("PATCH", "clusters/{id}/vast_db"): _cluster_database,
    ("PATCH", "alarms/clear"): _clear_alarms,
    ("POST", "apitokens"): _issue_token,
    ("PATCH", "apitokens/{id}/revoke"): _revoke_token,
    ("GET", "monitors/ad_hoc_query"): _ad_hoc,
    ("GET", "monitors/{id}/query"): _saved,
    ("GET", "monitors/topn"): _top,
    ("GET", "metrics"): _metrics,
    ("GET", "schemas"): _told(database.list_schemas),
    ("POST", "schemas"): _done(201, database.create_schema),
    ("DELETE", "schemas/delete"): _done(204, database.delete_schema),
    ("GET", "tables"): _told(database.list_tables),
    ("GET", "tables/show"): _told(database.show_table),
    ("DELETE", "tables/delete"): _done(204, database.delete_table),
    ("DELETE", "folders/delete_folder"): _done(200, folders.delete_folder),
    ("GET", "columns"): _told(database.list_columns),
    ("GET", "projections"): _told(database.list_projections),
    ("GET", "prometheusmetrics"): _prometheus,
    **{
        ("GET", f"prometheusmetrics/{name}"): _prometheus
        for name in ("all", *prometheus.FAMILIES)
    },
}
