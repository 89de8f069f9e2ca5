"""Who may do what in which bucket: keys, owners, superusers, view policies, S3 policies."""

import functools
import ipaddress
import json
from collections.abc import Iterable
from fnmatch import fnmatchcase

from vast_standin.http import ProtocolError, Request
from vast_standin.s3.call import split_path
from vast_standin.vms.cluster import Cluster
from vast_standin.vms.records import Record

_READS = frozenset({"GET", "HEAD"})


def secret_of(cluster: Cluster, access_key: str) -> str | None:
    """Return the secret of an enabled access key, None for any other."""
    key = cluster.index.keys.get(access_key)
    return str(key["secret_key"]) if key and key["enabled"] else None


def user_of(cluster: Cluster, access_key: str) -> Record:
    """Return the user whose key signed; raise 403 where it is gone."""
    key = cluster.index.keys.get(access_key)
    user = cluster.index.users.get(str(key["user"])) if key else None
    if user is None:
        raise ProtocolError(
            403, "AccessDenied", "the key's user does not exist any more"
        )
    return user


def check_access(cluster: Cluster, user: Record, request: Request, peer: str) -> None:
    """Raise 403 AccessDenied where a request goes beyond what a user may do.

    Calls without a bucket (transactions, query engine, list of buckets) are open to
    every user: each statement inside names its bucket in a call of its own.
    """
    bucket, key = split_path(request.path)
    if not bucket:
        return
    view = cluster.view_of_bucket(bucket)
    writes = request.method not in _READS
    if view is None:
        _check_bucket_call(user, request)
        return
    _check_host(cluster, view, peer, writes=writes)
    if user.get("s3_superuser") or view.get("bucket_owner") == user["name"]:
        return
    action = _action(request, key)
    resource = f"arn:aws:s3:::{bucket}/{key}" if key else f"arn:aws:s3:::{bucket}"
    if not _allowed(_statements(cluster, user), action, resource):
        raise ProtocolError(
            403,
            "AccessDenied",
            f"user {user['name']} may not {action} on {resource}: the bucket belongs to "
            f"{view.get('bucket_owner')} and no policy allows it",
        )


def _check_bucket_call(user: Record, request: Request) -> None:
    if request.method == "PUT" and not (
        user.get("s3_superuser") or user.get("allow_create_bucket")
    ):
        raise ProtocolError(
            403, "AccessDenied", f"user {user['name']} may not create buckets"
        )


def _check_host(cluster: Cluster, view: Record, peer: str, *, writes: bool) -> None:
    policy = cluster.records.get("viewpolicies", view["policy_id"]) or {}
    if _listed(policy.get("s3_read_write"), peer):
        return
    if not writes and _listed(policy.get("s3_read_only"), peer):
        return
    raise ProtocolError(
        403,
        "AccessDenied",
        f"view policy {policy.get('name')} does not let {peer} "
        f"{'write to' if writes else 'read'} {view['path']}",
    )


def _listed(hosts: object, peer: str) -> bool:
    if not isinstance(hosts, list):
        return False
    if "*" in hosts:
        return True
    address = ipaddress.ip_address(peer)
    return any(
        address in ipaddress.ip_network(str(host), strict=False) for host in hosts
    )


def _action(request: Request, key: str) -> str:
    """Return the S3 action a request is judged as; tabular calls as object access."""
    if request.method in _READS:
        return "s3:GetObject" if key else "s3:ListBucket"
    if request.method == "DELETE":
        return "s3:DeleteObject" if key else "s3:DeleteBucket"
    if not key and any(name == "delete" for name, _ in request.query):
        return "s3:DeleteObject"
    return "s3:PutObject"


def _statements(cluster: Cluster, user: Record) -> list[Record]:
    numbers = user.get("s3_policies_ids") or []
    statements: list[Record] = []
    for number in numbers:  # type: ignore[attr-defined]
        policy = cluster.records.get("s3policies", number)
        if policy is not None and policy.get("enabled", True):
            statements += _parsed(str(policy["policy"]))
    return statements


@functools.lru_cache(maxsize=256)
def _parsed(text: str) -> tuple[Record, ...]:
    found = json.loads(text).get("Statement", [])
    return tuple(found if isinstance(found, list) else [found])


def _allowed(statements: Iterable[Record], action: str, resource: str) -> bool:
    """Return what the statements decide: a denial wins, silence is no."""
    effects = {
        statement.get("Effect")
        for statement in statements
        if _covers(statement.get("Action"), action.lower(), fold=True)
        and _covers(statement.get("Resource"), resource, fold=False)
    }
    return "Allow" in effects and "Deny" not in effects


def _covers(patterns: object, text: str, *, fold: bool) -> bool:
    listed = patterns if isinstance(patterns, list) else [patterns]
    return any(
        isinstance(pattern, str)
        and fnmatchcase(
            text, (pattern.lower() if fold else pattern).replace("[", "[[]")
        )
        for pattern in listed
    )
