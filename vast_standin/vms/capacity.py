"""Capacity of a path and its children."""

from vast_standin.digits import whole
from vast_standin.vms.cluster import Cluster, Space, is_under
from vast_standin.vms.fields import bad_request
from vast_standin.vms.references import check_path

KINDS = ("usable", "logical", "unique")


def report(cluster: Cluster, query: dict[str, str]) -> dict[str, object]:
    """Return capacities of a path and its direct children, in bytes.

    One disk without reduction: usable, logical and unique capacity are the same number,
    answered as a list in that order for each path (the object's form is free in the
    vendor's description).
    """
    unknown = sorted(set(query) - {"path", "type", "tenant_id", "page", "page_size"})
    if unknown:
        raise bad_request(f"unknown parameters: {', '.join(unknown)}")
    kind = query.get("type", "usable")
    if kind not in KINDS:
        raise bad_request(f"type: {kind} is not one of {', '.join(KINDS)}")
    path = check_path(query.get("path", "/"))
    tenant = _tenant(cluster, query.get("tenant_id"))
    spaces = _spaces(cluster, path, tenant)
    details = [
        [
            name,
            {
                "data": [space.bytes] * len(KINDS),
                "parent": path if name != path else None,
                "percent": _percent(space, spaces[path]),
                "average_atime": None,
            },
        ]
        for name, space in sorted(spaces.items(), key=lambda item: -item[1].bytes)
    ]
    return {
        "keys": list(KINDS),
        "sort_key": kind,
        "root_data": [spaces[path].bytes] * len(KINDS),
        "details": details,
        "small_folders": [],
        "time": cluster.clock(),
    }


def _spaces(cluster: Cluster, path: str, tenant: object) -> dict[str, Space]:
    spaces = {path: cluster.space_under(path, tenant)}
    depth = 0 if path == "/" else path.count("/")
    for view in cluster.records.all("views"):
        path_of_view = str(view["path"])
        if (
            view["tenant_id"] == tenant
            and path_of_view != path
            and is_under(path_of_view, path)
        ):
            child = "/".join(path_of_view.split("/")[: depth + 2])
            spaces[child] = cluster.space_under(child, tenant)
    return spaces


def _tenant(cluster: Cluster, text: str | None) -> object:
    tenants = cluster.records.all("tenants")
    if text is None:
        return tenants[0]["id"]
    number = whole(text)
    if number is None or cluster.records.get("tenants", number) is None:
        raise bad_request(f"tenant_id: there is no tenant {text}")
    return number


def _percent(part: Space, total: Space) -> float:
    return round(100 * part.bytes / total.bytes, 2) if total.bytes else 0.0
