"""Live monitoring of views within the number of views that a cluster takes.

A cluster polls at most ten views every ten seconds, and all others every five minutes
(VMS API, field `select_for_live_monitoring`).
"""

from collections.abc import Sequence
from dataclasses import replace

from orbital_kernel.storage.provision.resource import Actual, Resource

AT_ONCE = 10
FIELD = "select_for_live_monitoring"


def within_limit(
    desired: Sequence[Resource], actual: Actual
) -> tuple[list[Resource], list[str]]:
    """Return the resources with live monitoring where there is room, and what lacks it.

    Views that are monitored live already stay so; the others follow in their order.
    """
    live = {
        (view.tenant, view.identity)
        for view in actual.existing
        if view.kind == "view" and view.fields.get(FIELD)
    }
    asked = [
        resource
        for resource in desired
        if resource.fields.get(FIELD)
        and not any(view.fields.get(FIELD) for view in actual.matching(resource))
    ]
    slower = asked[max(0, AT_ONCE - len(live)) :]
    resources = [
        replace(resource, fields={**resource.fields, FIELD: False})
        if resource in slower
        else resource
        for resource in desired
    ]
    return resources, [
        f"view {view.name} is polled every 5 minutes, not every 10 seconds: a cluster "
        f"monitors {AT_ONCE} views live, which others are; end it for one of them, then "
        "apply again"
        for view in slower
    ]
