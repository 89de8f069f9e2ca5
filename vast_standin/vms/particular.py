"""CALLS: calls of a single resource, or of none."""

from collections.abc import Callable

from vast_standin.digits import whole
from vast_standin.vms import (
    alarms,
    capacity,
    changes,
    clones,
    database,
    delta,
    folders,
    loading,
    metering,
    monitors,
    prometheus,
    questions,
    quotas,
    system_tables,
    tokens,
    topics,
    users,
)
from vast_standin.vms.cluster import Cluster
from vast_standin.vms.fields import bad_request, check_create
from vast_standin.vms.kinds import RESOURCES
from vast_standin.vms.requests import VmsCall
from vast_standin.vms.shown import page_of, record_in_path, show

Answer = tuple[int, object]
FREE_SPACE_WARNING = 1 << 30


def _capacity(cluster: Cluster, call: VmsCall) -> Answer:
    return 200, capacity.report(cluster, dict(call.query))


def _reset_grace(cluster: Cluster, call: VmsCall) -> Answer:
    kind = RESOURCES["quotas"]
    record = record_in_path(cluster, kind, call)
    quotas.reset_grace(cluster, call.id)
    return 200, show(cluster, kind, {**record, "_soft_since": cluster.clock()})


def _recalc(cluster: Cluster, call: VmsCall) -> Answer:
    """Usage is counted as it changes; there is nothing to recalculate."""
    del call
    for quota in cluster.records.all("quotas"):
        quotas.standing(cluster, quota)
    return 200, None


def _add_key(cluster: Cluster, call: VmsCall) -> Answer:
    user = record_in_path(cluster, RESOURCES["users"], call)
    return 200, users.add_key(cluster, user)


def _enable_key(cluster: Cluster, call: VmsCall) -> Answer:
    user = record_in_path(cluster, RESOURCES["users"], call)
    key, enabled = call.body.get("access_key"), call.body.get("enabled")
    if not isinstance(key, str) or not isinstance(enabled, bool):
        raise bad_request("access_key, enabled: required")
    users.enable_key(cluster, user, key, enabled=enabled)
    return 204, None


def _remove_key(cluster: Cluster, call: VmsCall) -> Answer:
    user = record_in_path(cluster, RESOURCES["users"], call)
    key = call.body.get("access_key")
    if not isinstance(key, str):
        raise bad_request("access_key: required")
    users.remove_key(cluster, user, key)
    return 204, None


def _vips(cluster: Cluster, call: VmsCall) -> Answer:
    del call
    return 200, [{"vip": host, "port": port} for host, port in cluster.addresses]


def _health(cluster: Cluster, call: VmsCall) -> Answer:
    """Report the parts that can fail: the record file and the disk."""
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
    record = record_in_path(cluster, RESOURCES["clusters"], call)
    defaults = {"vast_db_splits": 64, "vast_db_sub_splits": 8}
    if call.method == "PATCH":
        unknown = sorted(call.body.keys() - defaults.keys())
        wrong = [n for n, v in call.body.items() if type(v) is not int or v < 1]
        if unknown or wrong:
            raise bad_request(f"unknown: {unknown}; not whole numbers from 1: {wrong}")
        record = cluster.records.change("clusters", call.id, call.body)
    return 200, {name: record.get(name) or value for name, value in defaults.items()}


def _auditing(cluster: Cluster, call: VmsCall) -> Answer:
    record = record_in_path(cluster, RESOURCES["clusters"], call)
    if call.method == "PATCH":
        record = system_tables.set_auditing(cluster, record, call.body)
    return 200, system_tables.auditing(record)


def _delta_config(cluster: Cluster, call: VmsCall) -> Answer:
    if call.method == "PATCH":
        return 200, delta.configure(cluster, call)
    return 200, delta.config(cluster)


def _clear_alarms(cluster: Cluster, call: VmsCall) -> Answer:
    del call
    alarms.clear(cluster)
    return 200, None


def _issue_token(cluster: Cluster, call: VmsCall) -> Answer:
    kind = RESOURCES["apitokens"]
    fields = kind.rules.creating(cluster, check_create(kind.fields, call.body))
    return 201, tokens.issue(cluster, fields)


def _revoke_token(cluster: Cluster, call: VmsCall) -> Answer:
    record_in_path(cluster, RESOURCES["apitokens"], call)
    tokens.revoke(cluster, call.id)
    return 200, "revoked"


def _ad_hoc(cluster: Cluster, call: VmsCall) -> Answer:
    return 200, monitors.query(cluster, monitors.question(call))


def _saved(cluster: Cluster, call: VmsCall) -> Answer:
    return 200, monitors.query(
        cluster, record_in_path(cluster, RESOURCES["monitors"], call)
    )


def _top(cluster: Cluster, call: VmsCall) -> Answer:
    count = whole(call.parameter("count", "10"))
    if count is None:
        raise bad_request("count: a whole number is expected")
    return 200, monitors.top(
        cluster, call.parameter("key"), call.parameter("type"), count
    )


def _metrics(cluster: Cluster, call: VmsCall) -> Answer:
    del cluster, call
    return 200, monitors.metrics_list()


def _prometheus(cluster: Cluster, call: VmsCall) -> Answer:
    return 200, prometheus.respond(
        cluster, call.parts[1] if len(call.parts) > 1 else "all"
    )


def _client_metrics(cluster: Cluster, call: VmsCall) -> Answer:
    tenant = record_in_path(cluster, RESOURCES["tenants"], call)
    if call.method == "PATCH":
        metering.configure(cluster, tenant, call.body)
        tenant = record_in_path(cluster, RESOURCES["tenants"], call)
    return 200, metering.configuration(tenant)


def _clone(cluster: Cluster, call: VmsCall) -> Answer:
    snapshot = record_in_path(cluster, RESOURCES["snapshots"], call)
    kind = RESOURCES["globalsnapstreams"]
    body = {**call.body, "loanee_snapshot_id": snapshot["id"]}
    with cluster.records.transaction():
        record = kind.rules.creating(cluster, check_create(kind.fields, body))
        stored = cluster.records.add(kind.name, record)
    return 200, show(cluster, kind, stored)


def _delete_clone(cluster: Cluster, call: VmsCall) -> Answer:
    kind = RESOURCES["globalsnapstreams"]
    clones.delete(cluster, call, record_in_path(cluster, kind, call))
    return 200, None


def _answering(
    make: Callable[[Cluster, VmsCall], object],
) -> Callable[[Cluster, VmsCall], Answer]:
    def answer(cluster: Cluster, call: VmsCall) -> Answer:
        rows = make(cluster, call)
        return 200, page_of(rows, call) if isinstance(rows, list) else rows

    return answer


def _done(
    status: int, act: Callable[[Cluster, VmsCall], None]
) -> Callable[[Cluster, VmsCall], Answer]:
    def do(cluster: Cluster, call: VmsCall) -> Answer:
        act(cluster, call)
        return status, None

    return do


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
    ("GET", "schemas"): _answering(database.list_schemas),
    ("POST", "schemas"): _done(201, changes.create_schema),
    ("DELETE", "schemas/delete"): _done(204, changes.delete_schema),
    ("GET", "schemas/show"): _answering(database.show_schema),
    ("PATCH", "schemas/rename"): _done(204, changes.rename_schema),
    ("POST", "tables"): _done(201, changes.create_table),
    ("PATCH", "tables/rename"): _done(204, changes.rename_table),
    ("PATCH", "tables/add_columns"): _done(204, changes.add_columns),
    ("GET", "projections/show"): _answering(database.show_projection),
    ("POST", "projections"): _done(201, changes.create_projection),
    ("PATCH", "projections/rename"): _done(204, changes.rename_projection),
    ("DELETE", "projections/delete"): _done(204, changes.delete_projection),
    ("GET", "tenants/{id}/client_metrics"): _client_metrics,
    ("PATCH", "tenants/{id}/client_metrics"): _client_metrics,
    ("GET", "iodata"): _answering(metering.flow),
    ("GET", "tables"): _answering(database.list_tables),
    ("GET", "tables/show"): _answering(database.show_table),
    ("DELETE", "tables/delete"): _done(204, changes.delete_table),
    ("POST", "tables/load_from_file"): _done(200, loading.load_from_file),
    ("DELETE", "folders/delete_folder"): _done(200, folders.delete_folder),
    ("POST", "snapshots/{id}/clone"): _clone,
    ("DELETE", "globalsnapstreams/{id}"): _delete_clone,
    ("GET", "clusters/{id}/auditing"): _auditing,
    ("PATCH", "clusters/{id}/auditing"): _auditing,
    ("GET", "topics"): _answering(topics.list_topics),
    ("POST", "topics"): _done(201, topics.create_topic),
    ("PATCH", "topics"): _done(201, topics.no_topic),
    ("GET", "topics/show"): _done(200, topics.no_topic),
    ("DELETE", "topics/delete"): _done(204, topics.no_topic),
    ("GET", "delta"): _answering(delta.delta),
    ("GET", "delta/config"): _delta_config,
    ("PATCH", "delta/config"): _delta_config,
    ("GET", "vastdbtable/aggregate"): _answering(questions.aggregate),
    **{
        (method, f"{table}/{call}"): _answering(answer)
        for table in ("bigcatalogconfig", "vastauditlog")
        for method, call, answer in (
            ("GET", "columns", system_tables.columns),
            ("GET", "stats", system_tables.stats),
            ("GET", "query_data", system_tables.query_data),
            ("POST", "query_data", system_tables.query_data),
        )
    },
    ("GET", "columns"): _answering(database.list_columns),
    ("GET", "projections"): _answering(database.list_projections),
    ("GET", "prometheusmetrics"): _prometheus,
    **{
        ("GET", f"prometheusmetrics/{name}"): _prometheus
        for name in ("all", *prometheus.FAMILIES)
    },
}
