"""The desired state: the resources that observatories and site ask for."""

from collections.abc import Iterable, Mapping
from typing import Any

from orbital_kernel.model import schema
from orbital_kernel.model.observatory import Observatory
from orbital_kernel.model.site import Site
from orbital_kernel.model.sizes import clock_of
from orbital_kernel.model.storage_spec import Protection, Qos, Space
from orbital_kernel.storage.provision.kinds import CLUSTER, ORDER, TABLE, Fields
from orbital_kernel.storage.provision.resource import Resource, table_fields

ACTIONS = "ops.actions"
GROUND = ("viewpolicy", "qospolicy", "view", TABLE)
Limits = Mapping[str, tuple[int, int]]
"""Path of a quota → (soft, hard) bytes that automation has since recorded for it."""


def desired(
    observatories: Iterable[Observatory],
    site: Site,
    *,
    grown: Limits | None = None,
    tables: bool = True,
) -> tuple[Resource, ...]:
    """Return every resource these observatories and this site need, in creation order.

    `grown` replaces the quota limits of the files where automation recorded higher ones.
    `tables` includes those of schema.py, with the kind 'table'. The kind 'cluster' is
    not created: it holds the rule against which a cluster's promises are checked.
    """
    every = tuple(observatories)
    spaces = (site.database, *(observatory.storage for observatory in every))
    rule = vars(site.over_commit)
    resources = [
        _tenant(site),
        Resource(CLUSTER, site.name, site.tenant, site.name, rule, rule["reason"]),
        *_pools(site),
    ]
    for space in spaces:
        resources.extend(_resources(space, site, grown or {}))
    if tables:
        resources.extend(_tables(every, site))
    ground = {
        site.database.policy.name,
        site.database.qos.name,
        site.database.view.name,
    }

    def order(resource: Resource) -> tuple[bool, int]:
        """Order the database first, because actions are recorded in it."""
        early = resource.kind in GROUND and resource.name in {*ground, ACTIONS}
        shared = ORDER.index(resource.kind) <= ORDER.index("vippool")
        return (not (shared or early), ORDER.index(resource.kind))

    return tuple(sorted(resources, key=order))


def _tenant(site: Site) -> Resource:
    tenancy = site.tenancy
    rules = {
        "soft_limit": tenancy.soft_bytes,
        "hard_limit": tenancy.hard_bytes,
        "grace_period": None if tenancy.grace_s is None else clock_of(tenancy.grace_s),
    }
    settings: dict[str, Any] = {
        "client_ip_ranges": tenancy.client_ip_ranges
        and [list(pair) for pair in tenancy.client_ip_ranges],
        "max_views": tenancy.max_views,
        "capacity_rules": {k: v for k, v in rules.items() if v is not None} or None,
    }
    fields = {k: v for k, v in settings.items() if v is not None}
    named = {"name": tenancy.name, **fields}
    return Resource(
        "tenant", tenancy.name, tenancy.name, tenancy.name, named, tenancy.reason
    )


def _pools(site: Site) -> list[Resource]:
    resources = []
    for pool in site.vip_pools:
        fields: dict[str, Any] = {
            "name": pool.name,
            "ip_ranges": [list(pair) for pair in pool.ip_ranges],
            "subnet_cidr": pool.subnet_cidr,
            "role": pool.role,
            "enabled": True,
        }
        fields |= {"domain_name": pool.domain_name} if pool.domain_name else {}
        fields |= {"vlan": pool.vlan} if pool.vlan else {}
        resources.append(
            Resource("vippool", pool.name, site.tenant, pool.name, fields, pool.reason)
        )
    return resources


def _resources(space: Space, site: Site, grown: Limits) -> list[Resource]:
    def make(kind: str, name: str, identity: str, fields: Fields, why: str) -> Resource:
        return Resource(kind, name, site.tenant, identity, fields, why)

    view, policy, quota, qos = space.view, space.policy, space.quota, space.qos
    resources = [
        make(
            "viewpolicy", policy.name, policy.name, _policy_fields(space), policy.reason
        ),
        make("qospolicy", qos.name, qos.name, _qos_fields(qos), qos.reason),
        make("view", view.name, view.path, _view_fields(space, site), view.reason),
        make("quota", quota.name, view.path, _quota_fields(space, grown), quota.reason),
    ]
    if space.protection:
        resources += _protection(space, space.protection, site)
    return resources


def _policy_fields(space: Space) -> Fields:
    policy = space.policy
    fields: dict[str, Any] = {
        "name": policy.name,
        "flavor": policy.flavor,
        "s3_read_write": list(policy.s3_read_write),
        "nfs_read_only": list(policy.nfs_read_only),
        "nfs_read_write": list(policy.nfs_read_write),
    }
    if policy.vip_pools:
        fields["vip_pools"] = list(policy.vip_pools)
    return fields


def _qos_fields(qos: Qos) -> Fields:
    return {
        "name": qos.name,
        "mode": "STATIC",
        "policy_type": "VIEW",
        "limit_by": "BW_IOPS",
        "is_gold": qos.priority,
        "static_limits": {limit.name: limit.value for limit in qos.limits},
    }


def _view_fields(space: Space, site: Site) -> Fields:
    view = space.view
    bucket = {"bucket": view.bucket, "bucket_owner": site.bucket_owner}
    return {
        "name": view.name,
        "path": view.path,
        **(bucket if view.bucket else {}),
        "protocols": list(view.protocols),
        "create_dir": True,
        "policy": space.policy.name,
        "qos_policy": space.qos.name,
        "select_for_live_monitoring": view.live_monitoring,
    }


def _quota_fields(space: Space, grown: Limits) -> Fields:
    quota = space.quota
    soft, hard = grown.get(space.view.path, (0, 0))
    return {
        "name": quota.name,
        "path": space.view.path,
        "soft_limit": max(soft, quota.soft_bytes),
        "hard_limit": max(hard, quota.hard_bytes),
        "grace_period": clock_of(quota.grace_s),
        "create_dir": True,
    }


def _protection(space: Space, protection: Protection, site: Site) -> list[Resource]:
    hours, remainder = divmod(protection.keep_s, 3600)
    frame = {
        "every": f"{protection.every_s // 60}m",
        "keep-local": f"{protection.keep_s // 60}m" if remainder else f"{hours}h",
    }
    policy: Fields = {
        "name": protection.name,
        "prefix": protection.name,
        "clone_type": "LOCAL",
        "frames": [frame],
    }
    path: Fields = {
        "name": protection.name,
        "source_dir": space.view.path,
        "target_exported_dir": "",
        "protection_policy": protection.name,
        "enabled": True,
    }
    name, tenant, why = protection.name, site.tenant, protection.reason
    return [
        Resource("protectionpolicy", name, tenant, name, policy, why),
        Resource("protectedpath", name, tenant, name, path, why),
    ]


def _tables(observatories: tuple[Observatory, ...], site: Site) -> list[Resource]:
    tables = schema.tables(tuple(observatory.name for observatory in observatories))
    needs = (("view", site.database.view.name),)
    return [
        Resource(TABLE, name, site.tenant, name, table_fields(table), table.doc, needs)
        for name, table in tables.items()
    ]
