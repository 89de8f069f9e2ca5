"""Delta: management objects created, changed and deleted since a generation."""

from vast_standin.digits import whole
from vast_standin.vms.cluster import Cluster
from vast_standin.vms.fields import answer, bad_request
from vast_standin.vms.journal import Change
from vast_standin.vms.kinds import RESOURCES
from vast_standin.vms.records import Record
from vast_standin.vms.requests import VmsCall

_PARAMETERS = {
    "sequence", "generation", "op_type", "object__type", "object__guid", "object__id",
}  # fmt: skip
_CONFIG: Record = {"enabled": True, "ignored_objects_prefix": ""}


def delta(cluster: Cluster, call: VmsCall) -> Record:
    """Return the changes after a generation; another sequence's reader begins again."""
    query, journal = dict(call.query), cluster.journal
    unknown = sorted(query.keys() - _PARAMETERS)
    since = whole(query.get("generation", ""))
    if unknown or "sequence" not in query or since is None:
        raise bad_request(f"sequence, generation: required; unknown: {unknown}")
    entries = list(journal.entries)
    first = entries[0][0] if entries else journal.generation + 1
    same_sequence = query["sequence"] == journal.sequence
    fresh = same_sequence and first - 1 <= since <= journal.generation
    ignored = str(config(cluster)["ignored_objects_prefix"])
    records = [
        _entry(n, change, ignored) for n, change in entries if fresh and n > since
    ]
    return {
        "status": "ok" if fresh else "reset",
        "current_sequence": journal.sequence,
        "current_generation": journal.generation,
        "records": [row for row in records if row and _matches(row, query)],
    }


def config(cluster: Cluster) -> Record:
    """Return whether changes are recorded, and which objects are ignored."""
    stored = cluster.records.all("clusters")[0].get("_delta") or {}
    return {**_CONFIG, **stored}  # type: ignore[dict-item]


def configure(cluster: Cluster, call: VmsCall) -> Record:
    """Change these settings."""
    wrong = [n for n, v in call.body.items() if type(v) is not type(_CONFIG.get(n))]
    if wrong:
        raise bad_request(f"{', '.join(wrong)}: not a setting, or not a valid value")
    number = int(str(cluster.records.all("clusters")[0]["id"]))
    settings = {**config(cluster), **call.body}
    cluster.records.change("clusters", number, {"_delta": settings})
    follow(cluster)
    return settings


def follow(cluster: Cluster) -> None:
    """Apply the settings to the journal."""
    cluster.journal.enabled = bool(config(cluster)["enabled"])


def _entry(generation: int, change: Change, ignored: str) -> Record | None:
    """Return a change as answers show it, None for objects that no answer shows."""
    resource, number, old, new = change
    kind = RESOURCES.get(resource)
    record = new or old or {}
    if kind is None or (ignored and str(record.get("name")).startswith(ignored)):
        return None
    before, after = (
        {n: v for n, v in answer(kind.fields, r).items() if v is not None}
        for r in (old or {}, new or {})
    )
    changes = {n: v for n, v in after.items() if before.get(n) != v}
    if old and new and not changes:
        return None
    entry: Record = {
        "generation": generation,
        "op_type": "created" if not old else "modified" if new else "deleted",
        "object": {
            "id": number,
            "type": _singular(resource),
            "guid": str(record.get("guid")),
        },
        "data": after or before,
    }
    return {**entry, "changes": changes} if old and new else entry


def _matches(row: Record, query: dict[str, str]) -> bool:
    thing: Record = row["object"]  # type: ignore[assignment]
    values = {f"object__{name}": value for name, value in thing.items()}
    values["op_type"] = row["op_type"]
    return all(str(v) == query[n] for n, v in values.items() if n in query)


def _singular(resource: str) -> str:
    return (
        f"{resource[:-3]}y" if resource.endswith("ies") else resource.removesuffix("s")
    )
