"""Buckets as S3 clients make and drop them: each is a view of the management side."""

from datetime import datetime
from typing import TYPE_CHECKING

from vast_standin.http import ProtocolError
from vast_standin.vms.cluster import Cluster, is_under
from vast_standin.vms.kinds import RESOURCES

if TYPE_CHECKING:
    from vast_standin.vms.records import Record

POLICY = "s3_default_policy"


class ViewBuckets:
    """Buckets over the views of a cluster."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def exists(self, name: str) -> bool:
        """Return whether a bucket exists."""
        return name in self._cluster.engine.buckets()

    def all(self) -> list[tuple[str, float]]:
        """Return name and creation time of every bucket, by name."""
        views = self._cluster.records.all("views")
        return sorted(
            (str(view["bucket"]), _unix(str(view["created"])))
            for view in views
            if view.get("bucket")
        )

    def owner(self, name: str) -> str:
        """Return the name of the user a bucket belongs to, "" if it has none."""
        view = self._cluster.view_of_bucket(name) or {}
        return str(view.get("bucket_owner") or "")

    def snapshots(self, name: str) -> list[str]:
        """Return the names of a bucket's snapshots, in order."""
        return sorted(self._cluster.engine.snapshots(name))

    def create(self, name: str, owner: str) -> None:
        """Create a view at /NAME with the default S3 policy and a bucket of that name."""
        if self.exists(name):
            own = self.owner(name) == owner
            code = "BucketAlreadyOwnedByYou" if own else "BucketAlreadyExists"
            raise ProtocolError(
                409, code, f"The bucket {name} exists already.", {"BucketName": name}
            )
        cluster = self._cluster
        policy = cluster.records.find("viewpolicies", name=POLICY)
        if policy is None:
            raise ProtocolError(
                409,
                "Conflict",
                f"buckets need the view policy {POLICY}, it was deleted",
            )
        rules = RESOURCES["views"].rules
        fields: Record = {
            "path": _free_path(cluster, name),
            "policy_id": policy["id"],
            "protocols": ["S3", "DATABASE"],
            "bucket": name,
            "bucket_owner": owner,
            "create_dir": True,
        }
        with cluster.records.transaction():
            cluster.records.add("views", rules.creating(cluster, fields))

    def drop(self, name: str) -> None:
        """Drop an empty bucket with its view; raise 409 if it holds something."""
        cluster = self._cluster
        view = cluster.view_of_bucket(name)
        if cluster.space_of_bucket(name).inodes:
            raise ProtocolError(
                409, "BucketNotEmpty", f"The bucket {name} is not empty."
            )
        if view is None:
            cluster.engine.drop_bucket(name)
            return
        with cluster.records.transaction():
            RESOURCES["views"].rules.deleting(cluster, view)
            cluster.records.remove("views", int(str(view["id"])))


def _free_path(cluster: Cluster, name: str) -> str:
    path = f"/{name}"
    occupied = any(is_under(str(v["path"]), path) for v in cluster.records.all("views"))
    return f"/buckets/{name}" if occupied else path


def _unix(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
