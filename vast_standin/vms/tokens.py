"""API tokens, shown once and stored as digests; and the one manager."""

import hashlib
import secrets
from datetime import UTC, datetime

from vast_standin.vms.cluster import Cluster
from vast_standin.vms.fields import bad_request
from vast_standin.vms.records import Record, stamp
from vast_standin.vms.resource import Rules


class TokenRules(Rules):
    """Tokens of the one manager; live until they expire or are revoked."""

    def creating(self, cluster: Cluster, record: Record) -> Record:
        """Check owner and date."""
        owner = record.get("owner") or cluster.credentials.vms_user
        if owner != cluster.credentials.vms_user:
            raise bad_request(f"owner: there is no manager {owner!r}")
        _check_date(record)
        return {**record, "owner": owner}

    def changing(self, cluster: Cluster, old: Record, changes: Record) -> Record:
        """Check the date."""
        del cluster, old
        _check_date(changes)
        return changes

    def shown(self, cluster: Cluster, record: Record) -> Record:
        """Return the id as text, as the vendor does."""
        del cluster
        return {**record, "id": str(record["id"])}


def issue(cluster: Cluster, fields: Record) -> Record:
    """Store a new token and return its id and text; the text is shown only here."""
    token = secrets.token_urlsafe(32)
    digest = hashlib.sha256(token.encode()).hexdigest()
    stored = cluster.records.add("apitokens", {**fields, "_digest": digest})
    return {"id": str(stored["id"]), "token": token}


def revoke(cluster: Cluster, number: int) -> None:
    """Revoke a token."""
    cluster.records.change(
        "apitokens", number, {"revoked": True, "revocation_time": stamp()}
    )


def expiry(record: Record) -> datetime | None:
    """Return when a token ends, None for never; naive times are UTC."""
    text = record.get("expiry_date")
    if not text:
        return None
    moment = datetime.fromisoformat(str(text))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def list_managers(cluster: Cluster) -> list[Record]:
    """Return the one manager; its password is in credentials.json alone."""
    name = cluster.credentials.vms_user
    home = cluster.records.all("clusters")[0]
    return [
        {
            "id": 1,
            "guid": f"{home['guid']}-manager-1",
            "username": name,
            "full_name": name,
            "is_active": True,
            "is_default": True,
            "user_type": "SUPER_ADMIN",
        }
    ]


def _check_date(record: Record) -> None:
    try:
        expiry(record)
    except ValueError:
        raise bad_request("expiry_date: an ISO 8601 time is expected") from None
