"""First records of a data folder, and repairs at every start."""

from vast_standin.vms import delta
from vast_standin.vms.alarms import seed_definitions
from vast_standin.vms.cluster import Cluster
from vast_standin.vms.kinds import RESOURCES
from vast_standin.vms.network import POOL
from vast_standin.vms.records import Record
from vast_standin.vms.system_tables import seed_system

USER = "standin"
CLUSTER = "vast-standin"


def seed(cluster: Cluster) -> None:
    """Store tenant, cluster, policies and first user; create missing buckets of views."""
    records = cluster.records
    tenant = records.seed("tenants", "default", lambda: _defaults("tenants"))["id"]
    records.seed("clusters", CLUSTER, dict)
    records.seed("vippools", POOL, lambda: {**_pool(), "tenant_id": tenant})
    for name, changes in _POLICIES.items():
        owned: Record = {**_defaults("viewpolicies"), **changes, "tenant_id": tenant}
        records.seed("viewpolicies", name, lambda owned=owned: owned)  # type: ignore[misc]
    records.seed("users", USER, _first_user)
    _seed_key(cluster)
    seed_definitions(cluster)
    seed_system(cluster)
    delta.follow(cluster)
    _reconcile(cluster)


_POLICIES: dict[str, Record] = {
    "default": {"flavor": "NFS"},
    "s3_default_policy": {"flavor": "S3_NATIVE", "is_s3_default_policy": True},
}


def _defaults(resource: str) -> Record:
    fields = RESOURCES[resource].fields
    return {f.name: f.default for f in fields if f.default is not None}


def _pool() -> Record:
    addresses = ["127.0.0.1", "127.0.0.1"]
    return {**_defaults("vippools"), "ip_ranges": [addresses]}


def _first_user() -> Record:
    return {
        **_defaults("users"),
        "uid": 1000,
        "s3_superuser": True,
        "allow_create_bucket": True,
        "allow_delete_bucket": True,
    }


def _seed_key(cluster: Cluster) -> None:
    """Give the first user the key of credentials.json, also after a replacement."""
    credentials = cluster.credentials
    key: Record = {
        "access_key": credentials.access_key,
        "secret_key": credentials.secret_key,
        "user": USER,
        "enabled": True,
        "seeded": True,
    }
    old = cluster.records.find("s3keys", seeded=True)
    if old is None:
        cluster.records.add("s3keys", key)
    elif (
        old["access_key"] != credentials.access_key
        or old["secret_key"] != credentials.secret_key
    ):
        cluster.records.change("s3keys", int(str(old["id"])), key)


def _reconcile(cluster: Cluster) -> None:
    """Create buckets of views that a crash left without one; report those without data."""
    buckets = cluster.engine.buckets()
    for view in cluster.records.all("views"):
        bucket = view.get("bucket")
        if bucket and bucket not in buckets:
            cluster.engine.create_bucket(str(bucket), str(view["bucket_owner"]))
    _adopt(cluster)


def _adopt(cluster: Cluster) -> None:
    """Return buckets that a crash left without a view one of their own."""
    policy = cluster.records.find("viewpolicies", name="s3_default_policy")
    for bucket in cluster.engine.buckets():
        if cluster.view_of_bucket(bucket) is not None or policy is None:
            continue
        view: Record = {
            **_defaults("views"),
            "path": f"/{bucket}",
            "name": f"/{bucket}",
            "policy_id": policy["id"],
            "tenant_id": policy["tenant_id"],
            "protocols": ["S3", "DATABASE"],
            "bucket": bucket,
            "bucket_owner": USER,
        }
        cluster.records.add("views", view)
