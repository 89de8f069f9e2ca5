"""What should be: the resources that observatories and site ask for; pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from orbital_kernel import schema
from orbital_kernel.observatory import Observatory, Site
from orbital_kernel.storage.kinds import CLUSTER, ORDER, TABLE, Fields
from orbital_kernel.storage.resource import Resource, table_fields
from orbital_kernel.storage.space import Protection, Qos, Space
from orbital_kernel.storage.units import clock_of

Limits = Mapping[str, tuple[int, int]]
"""Path of a quota → (soft, hard) bytes that automation has since recorded for it."""


def desired(
    observatories: Iterable[Observatory],
    site: Site,
    *,
    grown: Limits | None = None,
    tables: bool = True,
) -> tuple[Resource, ...]:
    """Return every resource these observatories and this site need, in order of making.

    `grown` replaces the files' quota limits by those automation recorded since, where
    these are higher.
    `tables` includes those of schema.py, as kind 'table'. The kind 'cluster' is no
    change but the rule the cluster's promises are held against.
    """
    every = tuple(observatories)
    spaces = (site.database, *(observatory.storage for observatory in every))
    rule = vars(site.over_commit)
    resources = [
        Resource("tenant", site.tenant, site.tenant, site.tenant, {}),
        Resource(CLUSTER, site.name, site.tenant, site.name, rule, rule["reason"]),
    ]
    for one in spaces:
        resources.extend(_resources(one, site, grown or {}))
    if tables:
        resources.extend(_tables(every, site))
    return tuple(sorted(resources, key=lambda resource: ORDER.index(resource.kind)))


def _resources(one: Space, site: Site, grown: Limits) -> list[Resource]:
    def make(kind: str, name: str, identity: str, fields: Fields, why: str) -> Resource:
        return Resource(kind, name, site.tenant, identity, fields, why)

    view, policy, quota, qos = one.view, one.policy, one.quota, one.qos
    made = [
        make(
            "viewpolicy", policy.name, policy.name, _policy_fields(one), policy.reason
        ),
        make("qospolicy", qos.name, qos.name, _qos_fields(qos), qos.reason),
        make("view", view.name, view.path, _view_fields(one, site), view.reason),
        make("quota", quota.name, view.path, _quota_fields(one, grown), quota.reason),
    ]
    if one.protection:
        made += _protection(one, one.protection, site)
    return made


def _policy_fields(one: Space) -> Fields:
    policy = one.policy
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


def _view_fields(one: Space, site: Site) -> Fields:
    view = one.view
    return {
        "name": view.name,
        "path": view.path,
        "bucket": view.bucket,
        "bucket_owner": site.bucket_owner,
        "protocols": list(view.protocols),
        "create_dir": True,
        "policy": one.policy.name,
        "qos_policy": one.qos.name,
        "select_for_live_monitoring": view.live_monitoring,
    }


def _quota_fields(one: Space, grown: Limits) -> Fields:
    quota = one.quota
    soft, hard = grown.get(one.view.path, (0, 0))
    return {
        "name": quota.name,
        "path": one.view.path,
        "soft_limit": max(soft, quota.soft_bytes),
        "hard_limit": max(hard, quota.hard_bytes),
        "grace_period": clock_of(quota.grace_s),
        "create_dir": True,
    }


def _protection(one: Space, protection: Protection, site: Site) -> list[Resource]:
    frame = {
        "every": f"{protection.every_s // 60}m",
        "keep-local": f"{protection.keep_s // 3600}h",
    }
    policy: Fields = {
        "name": protection.name,
        "prefix": protection.name,
        "clone_type": "LOCAL",
        "frames": [frame],
    }
    path: Fields = {
        "name": protection.name,
        "source_dir": one.view.path,
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
    sort = {
        f"{observatory.name}.{table}": key
        for observatory in observatories
        for table, key in observatory.sort.items()
    }
    known = schema.tables(tuple(observatory.name for observatory in observatories))
    made = []
    for name, table in known.items():
        fields = table_fields(table)
        fields["sort"] = list(sort.get(name, table.sort))
        made.append(Resource(TABLE, name, site.tenant, name, fields, table.doc))
    return made
