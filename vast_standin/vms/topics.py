"""Topics: there is no event broker here, so no database has any."""

from vast_standin.http import ProtocolError
from vast_standin.vms.cluster import Cluster
from vast_standin.vms.database import parameters
from vast_standin.vms.fields import bad_request
from vast_standin.vms.records import Record
from vast_standin.vms.requests import VmsCall

_SHAPE = {
    "topic_partitions",
    "retention_ms",
    "message_timestamp_type",
    "message_timestamp_after_max_ms",
    "message_timestamp_before_max_ms",
}


def list_topics(cluster: Cluster, call: VmsCall) -> list[Record]:
    """Return an empty list for an existing database."""
    query = parameters(call, {"database_name"}, needed=True, more={"count_only"})
    _check_database(cluster, query["database_name"])
    return []


def create_topic(cluster: Cluster, call: VmsCall) -> None:
    """Refuse a valid request with 501."""
    name = _named(cluster, call, needed={"topic_partitions"}, more=_SHAPE)
    raise ProtocolError(
        501, "NotImplemented", f"{name}: there is no event broker here to hold topics"
    )


def no_topic(cluster: Cluster, call: VmsCall) -> None:
    """Raise 404: there is no topic to change, show or delete."""
    if call.method == "GET":
        query = parameters(call, {"database_name", "name"}, needed=True)
        _check_database(cluster, query["database_name"])
        name: object = query["name"]
    else:
        more = {*_SHAPE, "new_name", "schema_name", "tenant_id", "is_imports_table"}
        name = _named(cluster, call, needed=set(), more=more)
    raise ProtocolError(404, "NotFound", f"there is no topic {name}")


def _named(
    cluster: Cluster, call: VmsCall, *, needed: set[str], more: set[str]
) -> object:
    needed = needed | {"database_name", "name"}
    missing = sorted(needed - call.body.keys())
    unknown = sorted(call.body.keys() - needed - more)
    if missing or unknown:
        raise bad_request(f"missing: {missing}; unknown fields: {unknown}")
    _check_database(cluster, call.body["database_name"])
    return call.body["name"]


def _check_database(cluster: Cluster, name: object) -> None:
    if name not in cluster.engine.buckets():
        raise ProtocolError(404, "NotFound", f"there is no database {name}")
