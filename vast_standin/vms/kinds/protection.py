"""Snapshots and the policies that take them."""

from vast_standin.vms.clones import CloneRules
from vast_standin.vms.protection import (
    PathRules,
    PolicyRules,
)
from vast_standin.vms.resource import resource
from vast_standin.vms.snapshots import SnapshotRules
from vast_standin.vms.system_tables import CatalogueRules

_SNAPSHOTS = resource(
    "snapshots",
    """
    id int A
    guid str A
    title str A
    name str RPA
    path str RA
    expiration_time str CPA
    indestructible bool CPA =false
    locked bool CPA =false
    tenant_id int CA
    tenant_name str A
    cluster str A
    created str A
    state str A
    type str A
    policy str A
    policy_id int A
    protection_policy str A
    protection_policy_id int A
    aggr_phys_estimation int A
    unique_phys_estimation int A
    """,
    filters="path name__contains expiration_time protection_policy__name=protection_policy "
    "protection_policy__id=protection_policy_id state created locked tenant_id "
    "tenant_name__icontains",
    rules=SnapshotRules(),
)
_PROTECTIONPOLICIES = resource(
    "protectionpolicies",
    """
    id int A
    guid str A
    title str A
    name str RPA
    prefix str RPA
    frames [obj] RPA
    clone_type str RPA LOCAL|NATIVE_REPLICATION|CLOUD_REPLICATION
    indestructible bool CPA =false
    big_catalog bool CP =false
    tenant_id int CA
    created str A
    pretty_schedules [str] A
    state str A
    is_local bool A
    internal bool A
    """,
    filters="name",
    rules=PolicyRules(),
)
_PROTECTEDPATHS = resource(
    "protectedpaths",
    """
    id int A
    guid str A
    name str RPA
    source_dir str RPA
    target_exported_dir str RPA
    tenant_id int RA
    tenant_name str A
    protection_policy_id any CPA
    protection_policy_name str A
    enabled bool CPA =true
    capabilities str CA
    state str A
    health str A
    is_local bool A
    internal bool A
    last_snapshot_creation_time str A
    logical_size int A
    physical_size int A
    """,
    filters="state role source_dir name enabled",
    rules=PathRules(),
)
_CLONES = resource(
    "globalsnapstreams",
    """
    id int A
    guid str A
    name str CA
    enabled bool CA =true
    loanee_root_path str CA
    loanee_snapshot str A
    loanee_snapshot_id int CA
    loanee_tenant_id int C
    loanee_tenant obj A
    owner_tenant obj A
    source_cluster str A
    source_path str A
    source_snapshot str A
    target_cluster str A
    state str A
    health str A
    sync_progress int A
    view_replication_enabled bool A
    """,
    filters="name",
    calls="list get create delete",
    rules=CloneRules(),
)
_CATALOGUE = resource(
    "bigcatalogconfig",
    """
    id int A
    guid str A
    title str A
    name str A
    frames any RPA
    clone_type str A LOCAL|NATIVE_REPLICATION|CLOUD_REPLICATION
    prefix str A
    enable bool PA
    created str A
    pretty_schedules [str] A
    state str A
    is_local bool A
    internal bool A
    indestructible bool A
    tenant_id int A
    """,
    rules=CatalogueRules(),
)
KINDS = (_SNAPSHOTS, _CLONES, _CATALOGUE, _PROTECTIONPOLICIES, _PROTECTEDPATHS)
