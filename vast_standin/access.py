"""Who may do what in which bucket: keys, owners, superusers, view policies, S3 policies."""

import functools
import ipaddress
import json
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import BinaryIO

from vast_standin.http import ProtocolError, Request
from vast_standin.s3.call import split_path
from vast_standin.s3.objects import ObjectStore
from vast_standin.tabular.system import AUDIT_BUCKET, CATALOGUE_BUCKET
from vast_standin.vms.cluster import Cluster
from vast_standin.vms.records import Record

_SYSTEM = frozenset({CATALOGUE_BUCKET, AUDIT_BUCKET})
_READS = frozenset({"GET", "HEAD"})
_READ_ACTIONS = frozenset({"s3:GetObject", "s3:ListBucket"})


def secret_of(cluster: Cluster, access_key: str) -> str | None:
    """Return the secret of an enabled access key, None for any other."""
    key = cluster.index.keys.get(access_key)
    return str(key["secret_key"]) if key and key["enabled"] else None


def user_of(cluster: Cluster, access_key: str) -> Record:
    """Return the user whose key signed; raise 403 if it is gone."""
    key = cluster.index.keys.get(access_key)
    user = cluster.index.users.get(str(key["user"])) if key else None
    if user is None:
        raise ProtocolError(
            403, "AccessDenied", "the key's user does not exist any more"
        )
    return user


@dataclass(frozen=True)
class Guard:
    """What one user may do, asked from one address; checks raise 403 AccessDenied."""

    cluster: Cluster
    user: Record
    peer: str
    access_key: str = ""

    def check_request(self, request: Request) -> None:
        """Check the bucket a request names in its path.

        Transactions and the list of buckets name none and are open to every user; SQL
        names tables in its text, and each is checked where the text is read.
        """
        bucket, key = split_path(request.path)
        if "/" in bucket:
            raise ProtocolError(
                400, "InvalidBucketName", f"{bucket!r} is not a bucket name"
            )
        if not bucket:
            return
        if self.cluster.view_of_bucket(bucket) is None:
            self._check_unknown(request, bucket, key)
        elif _is_bulk(request, key):
            self._check_host(bucket, writes=True)
        else:
            self.check(_action(request, key), bucket, key)

    def check(self, action: str, bucket: str, key: str = "") -> None:
        """Check one action on a bucket or an object of it."""
        if bucket in _SYSTEM:
            self._check_system(bucket, action, reads=action in _READ_ACTIONS)
            return
        view = self.cluster.view_of_bucket(bucket)
        if view is None:
            raise ProtocolError(404, "NoSuchBucket", f"there is no bucket {bucket!r}")
        self._check_host(bucket, writes=action not in _READ_ACTIONS)
        user = self.user
        if user.get("s3_superuser") or view.get("bucket_owner") == user["name"]:
            return
        arn = f"arn:aws:s3:::{bucket}/{key}" if key else f"arn:aws:s3:::{bucket}"
        if not _allowed(_statements(self.cluster, user), action, arn):
            raise ProtocolError(
                403,
                "AccessDenied",
                f"user {user['name']} may not {action} on {arn}: the bucket belongs to "
                f"{view.get('bucket_owner')} and no policy allows it",
            )

    def _check_unknown(self, request: Request, bucket: str, key: str) -> None:
        system = bucket in _SYSTEM
        creates = request.method == "PUT" and not key and not system
        if creates and not self.user.get("allow_create_bucket"):
            raise ProtocolError(
                403, "AccessDenied", f"user {self.user['name']} may not create buckets"
            )
        if system:
            reads = request.method in _READS
            self._check_system(bucket, request.method, reads=reads)
        elif not creates:
            raise ProtocolError(404, "NoSuchBucket", f"there is no bucket {bucket!r}")

    def _check_system(self, bucket: str, does: str, *, reads: bool) -> None:
        """Let superusers read the tables that list everything stored; nobody writes."""
        if not (reads and self.user.get("s3_superuser")):
            raise ProtocolError(
                403,
                "AccessDenied",
                f"user {self.user['name']} may not {does} {bucket}: it lists "
                "what everybody stores, and superusers may read it",
            )

    def _check_host(self, bucket: str, *, writes: bool) -> None:
        view = self.cluster.view_of_bucket(bucket) or {}
        policy = self.cluster.records.get("viewpolicies", view.get("policy_id")) or {}
        if _listed(policy.get("s3_read_write"), self.peer):
            return
        if not writes and _listed(policy.get("s3_read_only"), self.peer):
            return
        raise ProtocolError(
            403,
            "AccessDenied",
            f"view policy {policy.get('name')} does not let {self.peer} "
            f"{'write to' if writes else 'read'} {view.get('path')}",
        )


@dataclass(frozen=True)
class ReadableObjects:
    """The objects as one user may read them, and what else the user may do."""

    objects: ObjectStore
    guard: Guard

    @property
    def owner(self) -> str:
        """The access key that signed; transactions and queries belong to it."""
        return self.guard.access_key

    def check(self, action: str, bucket: str, key: str) -> None:
        """Check one action on a key of a bucket."""
        self.guard.check(action, bucket, key)

    def open(self, bucket: str, key: str) -> BinaryIO:
        """Open an object the user may read."""
        self.guard.check("s3:GetObject", bucket, key)
        return self.objects.open(bucket, key)

    def exists(self, bucket: str, key: str) -> bool:
        """Return whether there is such an object; what may not be read is refused."""
        self.guard.check("s3:GetObject", bucket, key)
        return self.objects.exists(bucket, key)


def _listed(hosts: object, peer: str) -> bool:
    if not isinstance(hosts, list):
        return False
    if "*" in hosts:
        return True
    address = ipaddress.ip_address(peer)
    return any(
        address in ipaddress.ip_network(str(host), strict=False) for host in hosts
    )


def _is_bulk(request: Request, key: str) -> bool:
    """Return whether a request deletes many objects: each is checked by itself."""
    return (
        not key
        and request.method == "POST"
        and any(name == "delete" for name, _ in request.query)
    )


def _action(request: Request, key: str) -> str:
    """Return the S3 action a request is judged as; tabular calls as object access."""
    if request.method in _READS:
        return "s3:GetObject" if key else "s3:ListBucket"
    if request.method == "DELETE":
        return "s3:DeleteObject" if key else "s3:DeleteBucket"
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
    statements = json.loads(text).get("Statement", [])
    return tuple(statements if isinstance(statements, list) else [statements])


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
