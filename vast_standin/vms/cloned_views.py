"""Views at the path of a clone: their buckets begin with the contents of a snapshot."""

from typing import Any

from vast_standin.engine.cloning import clone_into
from vast_standin.vms.cluster import Cluster, is_under
from vast_standin.vms.records import Record
from vast_standin.vms.waiting_clones import CLONES, waiting_clones


def make_bucket(cluster: Cluster, view: Record) -> None:
    """Create the bucket of a view; fill it from a clone that waits for it."""
    bucket = str(view["bucket"])
    cluster.engine.create_bucket(bucket, str(view["bucket_owner"]))
    for clone in waiting_clones(cluster):
        root, path = str(clone["loanee_root_path"]), str(view["path"])
        waiting: dict[str, str] = dict(clone["_waiting"])  # type: ignore[call-overload]
        source = waiting.pop(path.removeprefix(root), None)
        if clone["tenant_id"] != view["tenant_id"] or not is_under(path, root):
            continue
        if source is not None:
            snapshot = cluster.records.get("snapshots", clone["loanee_snapshot_id"])
            engine: Any = cluster.engine
            name = str((snapshot or {})["name"])
            state = engine.snapshot_root(source, name)
            with engine.writing(None) as transaction:
                clone_into(transaction, state, bucket)
            cluster.objects.restore(source, name, bucket)
            number = int(str(clone["id"]))
            cluster.records.change(CLONES, number, {"_waiting": waiting})
