"""Folders of the element store: deleting one with all that is in it."""

from vast_standin.http import ProtocolError
from vast_standin.vms.cluster import Cluster, is_under
from vast_standin.vms.fields import bad_request
from vast_standin.vms.records import Record
from vast_standin.vms.references import check_path
from vast_standin.vms.requests import VmsCall


def delete_folder(cluster: Cluster, call: VmsCall) -> None:
    """Delete tables, objects and directories at and below a path of a tenant.

    Views stay, and show an empty directory. Snapshots keep what they hold. A cluster
    does this by an asynchronous task of its own; here it is done when it is answered.
    """
    delete_path(cluster, *_given(cluster, call.body))


def delete_path(cluster: Cluster, path: str, tenant: object) -> None:
    """Delete all at and below a path; raise 404 if there is none."""
    views = [
        view
        for view in cluster.records.all("views")
        if view["tenant_id"] == tenant and is_under(str(view["path"]), path)
    ]
    if not views and not cluster.directory_exists(path, tenant):
        raise ProtocolError(404, "NotFound", f"no such directory: {path}")
    for view in views:
        if view.get("bucket"):
            _empty(cluster, str(view["bucket"]))
    for directory in cluster.records.all("directories"):
        if directory["tenant_id"] == tenant and is_under(str(directory["path"]), path):
            cluster.records.remove("directories", int(str(directory["id"])))


def _given(cluster: Cluster, body: Record) -> tuple[str, object]:
    unknown = sorted(body.keys() - {"path", "tenant_id"})
    if unknown or not isinstance(body.get("path"), str):
        raise bad_request(f"path: required; unknown fields: {unknown}")
    path = check_path(body["path"])
    if path == "/":
        raise bad_request("path: / cannot be deleted")
    tenant = body.get("tenant_id", cluster.records.all("tenants")[0]["id"])
    if cluster.records.get("tenants", tenant) is None:
        raise bad_request(f"tenant_id: there is no tenant {tenant}")
    return path, tenant


def _empty(cluster: Cluster, bucket: str) -> None:
    root = cluster.engine.root
    schemas = [s for s in root.schemas.values() if s.bucket == bucket]
    with cluster.engine.writing(None) as tx:
        for schema in sorted(schemas, key=lambda s: -len(s.path)):
            for table in list(root.tables_in(schema.id)):
                tx.drop_table(tx.table(bucket, schema.path, table.name))
            tx.drop_schema(bucket, schema.path)
    while objects := cluster.objects.list(bucket).objects:
        for thing in objects:
            cluster.objects.delete(bucket, thing.key)
