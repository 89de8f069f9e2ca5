"""Users of the data side and their S3 keys; rules and calls on them."""

import re
import zlib

from vast_standin.http import ProtocolError
from vast_standin.keys import new_access_key, new_secret_key
from vast_standin.vms.cluster import Cluster
from vast_standin.vms.fields import bad_request
from vast_standin.vms.records import Record
from vast_standin.vms.references import check_reference
from vast_standin.vms.resource import Rules

KEYS_LIMIT = 2
_NAME = re.compile(r"[\w.@-]{1,128}\Z")


class UserRules(Rules):
    """Local users; they own buckets and sign requests."""

    def creating(self, cluster: Cluster, record: Record) -> Record:
        """Check the name; assign a uid if none is given."""
        if not _NAME.match(str(record["name"])):
            raise bad_request("name: letters, digits and .@-_ are expected")
        if cluster.records.find("users", name=record["name"]):
            raise bad_request(f"name: there is a user {record['name']!r} already")
        _check_policies(cluster, record)
        uid = record.get("uid")
        if uid is None:
            uids = [int(str(user["uid"])) for user in cluster.records.all("users")]
            uid = max([1000, *uids]) + 1
        return {**_without_password(record), "uid": uid}

    def changing(self, cluster: Cluster, old: Record, changes: Record) -> Record:
        """Check the policies."""
        del old
        _check_policies(cluster, changes)
        return _without_password(changes)

    def deleting(self, cluster: Cluster, record: Record) -> None:
        """Refuse while the user owns buckets; its keys are deleted with it."""
        for view in cluster.records.all("views"):
            if view.get("bucket_owner") == record["name"]:
                raise ProtocolError(
                    409,
                    "Conflict",
                    f"{record['name']} owns the bucket {view['bucket']}",
                )
        if key_of(cluster, cluster.credentials.access_key)["user"] == record["name"]:
            raise ProtocolError(
                409, "Conflict", "the user of credentials.json cannot be deleted"
            )
        for key in keys_of(cluster, record):
            cluster.records.remove("s3keys", int(str(key["id"])))

    def shown(self, cluster: Cluster, record: Record) -> Record:
        """Add keys without their secrets."""
        keys = [
            {
                "access_key": key["access_key"],
                "enabled": key["enabled"],
                "creation_time": key["created"],
            }
            for key in keys_of(cluster, record)
        ]
        return {
            **record,
            "title": record["name"],
            "access_keys": keys,
            "sid": f"S-1-5-21-0-0-0-{record['uid']}",
            "vid": zlib.crc32(str(record["name"]).encode()),
        }


def keys_of(cluster: Cluster, user: Record) -> list[Record]:
    """Return the S3 keys of a user."""
    return [k for k in cluster.records.all("s3keys") if k["user"] == user["name"]]


def list_keys(cluster: Cluster) -> list[Record]:
    """Return all S3 keys without their secrets."""
    return cluster.records.all("s3keys")


def key_of(cluster: Cluster, access_key: str) -> Record:
    """Return the record of an access key; raise 404."""
    key = cluster.records.find("s3keys", access_key=access_key)
    if key is None:
        raise ProtocolError(404, "NotFound", "there is no such access key")
    return key


def add_key(cluster: Cluster, user: Record) -> Record:
    """Generate a key pair; its secret is shown only here."""
    if len(keys_of(cluster, user)) >= KEYS_LIMIT:
        raise bad_request(f"a user has at most {KEYS_LIMIT} key pairs")
    pair: Record = {"access_key": new_access_key(), "secret_key": new_secret_key()}
    cluster.records.add("s3keys", {**pair, "user": user["name"], "enabled": True})
    return pair


def enable_key(
    cluster: Cluster, user: Record, access_key: str, *, enabled: bool
) -> None:
    """Switch a user's key on or off."""
    key = _key_of_user(cluster, user, access_key)
    cluster.records.change("s3keys", int(str(key["id"])), {"enabled": enabled})


def remove_key(cluster: Cluster, user: Record, access_key: str) -> None:
    """Remove a user's key."""
    if access_key == cluster.credentials.access_key:
        raise ProtocolError(
            409, "Conflict", "the key of credentials.json cannot be removed"
        )
    key = _key_of_user(cluster, user, access_key)
    cluster.records.remove("s3keys", int(str(key["id"])))


def _key_of_user(cluster: Cluster, user: Record, access_key: str) -> Record:
    key = key_of(cluster, access_key)
    if key["user"] != user["name"]:
        raise ProtocolError(404, "NotFound", f"{user['name']} has no such access key")
    return key


def _check_policies(cluster: Cluster, record: Record) -> None:
    for number in record.get("s3_policies_ids") or []:  # type: ignore[attr-defined]
        check_reference(
            cluster, {"s3_policies_ids": number}, "s3_policies_ids", "s3policies"
        )


def _without_password(record: Record) -> Record:
    if record.get("password"):
        raise bad_request(
            "password: users sign with S3 keys here, they have no password"
        )
    return {
        n: v for n, v in record.items() if n not in ("password", "local_provider_id")
    }
