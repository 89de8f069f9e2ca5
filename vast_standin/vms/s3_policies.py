"""Rules of S3 identity policies: JSON documents of allowed and denied actions."""

import json

from vast_standin.vms.cluster import Cluster
from vast_standin.vms.fields import bad_request
from vast_standin.vms.records import Record
from vast_standin.vms.references import check_unique, titled, with_tenant
from vast_standin.vms.resource import Rules

_KEYS = frozenset({"Sid", "Effect", "Action", "Resource"})


class S3PolicyRules(Rules):
    """Allow and Deny of actions on resources; conditions and principals are refused."""

    def creating(self, cluster: Cluster, record: Record) -> Record:
        """Check name and document."""
        record = with_tenant(cluster, record)
        check_unique(cluster, "s3policies", record)
        _check_document(record)
        return record

    def changing(self, cluster: Cluster, old: Record, changes: Record) -> Record:
        """Check the changed name and document."""
        merged = {**old, **changes}
        check_unique(cluster, "s3policies", merged)
        _check_document(merged)
        return changes

    def deleting(self, cluster: Cluster, record: Record) -> None:
        """Refuse while users have it."""
        names = _users(cluster, record)
        if names:
            raise bad_request(
                f"policy {record['name']} is attached to {', '.join(names)}"
            )

    def shown(self, cluster: Cluster, record: Record) -> Record:
        """Add its users."""
        return {**titled(cluster, record), "users": _users(cluster, record)}


def _users(cluster: Cluster, record: Record) -> list[str]:
    return [
        str(user["name"])
        for user in cluster.records.all("users")
        if record["id"] in (user.get("s3_policies_ids") or [])  # type: ignore[operator]
    ]


def _check_document(record: Record) -> None:
    try:
        document = json.loads(str(record["policy"]))
        statements = document["Statement"]
    except (ValueError, KeyError, TypeError):
        raise bad_request(
            "policy: a JSON document with a Statement is expected"
        ) from None
    for statement in statements if isinstance(statements, list) else [statements]:
        if not isinstance(statement, dict):
            raise bad_request("policy: a statement is not an object")
        unknown = sorted(set(statement) - _KEYS)
        if unknown:
            raise bad_request(
                f"policy: {', '.join(unknown)} are not implemented by this stand-in"
            )
        if statement.get("Effect") not in ("Allow", "Deny"):
            raise bad_request("policy: Effect must be Allow or Deny")
        if not statement.get("Action") or not statement.get("Resource"):
            raise bad_request("policy: a statement needs Action and Resource")
