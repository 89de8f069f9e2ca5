"""The cluster, its nodes and its addresses."""

from vast_standin.vms.hardware import (
    ClusterRules,
    list_cnodes,
    list_dnodes,
    list_versions,
    list_vms,
)
from vast_standin.vms.network import VipPoolRules, list_vips
from vast_standin.vms.resource import resource

_CLUSTERS = resource(
    "clusters",
    """
    id int A
    guid str A
    name str PA
    title str A
    state str A
    sw_version str A
    build str A
    psnt str PA
    system_name str A
    physical_space int A
    physical_space_in_use int A
    physical_space_in_use_percent num A
    physical_space_tb num A
    physical_space_in_use_tb num A
    free_physical_space num A
    free_physical_space_tb num A
    logical_space int A
    logical_space_in_use int A
    logical_space_in_use_percent num A
    logical_space_tb num A
    logical_space_in_use_tb num A
    free_logical_space num A
    free_logical_space_tb num A
    usable_capacity_bytes int A
    free_usable_capacity int A
    auxiliary_space_in_use num A
    drr num A
    drr_text str A
    ssd_raid_state str A
    nvram_raid_state str A
    memory_raid_state str A
    raid_drives_can_fail int A
    quotas_allocated_capacity int A
    quotas_used_capacity int A
    quotas_used_percent num A
    bw int A
    iops int A
    rd_bw int A
    wr_bw int A
    rd_iops int A
    wr_iops int A
    latency int A
    uptime str A
    enabled bool A
    enable_s3 bool A
    leader_state str A
    mgmt_vip str A
    """,
    calls="list get patch",
    rules=ClusterRules(),
)


_CNODES = resource(
    "cnodes",
    """
    id int A
    guid str A
    name str A
    title str A
    ip str A
    mgmt_ip str A
    hostname str A
    state str A
    display_state str A
    enabled bool A
    is_mgmt bool A
    cores int A
    os_version str A
    sync str A
    build str A
    data_tcp_port int A
    cluster str A
    cluster_id int A
    """,
    filters="ip state cluster_name=cluster cluster_id name enabled",
    calls="list get",
    listed=list_cnodes,
)


_DNODES = resource(
    "dnodes",
    """
    id int A
    guid str A
    name str A
    title str A
    ip str A
    mgmt_ip str A
    hostname str A
    state str A
    enabled bool A
    os_version str A
    sync str A
    build str A
    cluster str A
    cluster_id int A
    """,
    filters="ip state cluster__name=cluster cluster__id=cluster_id name enabled",
    calls="list get",
    listed=list_dnodes,
)

_VIPPOOLS = resource(
    "vippools",
    """
    id int A
    guid str A
    title str A
    name str RPA
    ip_ranges [any] CPA =[]
    start_ip str CPA
    end_ip str CPA
    subnet_cidr int CPA =32
    role str CPA PROTOCOLS|REPLICATION|BIG_CATALOG|QUERY_ENGINE_CNODE_GROUP ="PROTOCOLS"
    domain_name str CPA
    cnode_ids [int] CPA =[]
    active_cnode_ids [int] A
    vlan int CPA =0
    enabled bool CPA =true
    tenant_id int CPA
    tenant_name str A
    state str A
    ranges_summary str A
    cluster str A
    cluster_id int A
    sync str A
    sync_time str A
    """,
    filters="start_ip end_ip cluster__name=cluster cluster__id=cluster_id tenant_id "
    "tenant_name__icontains",
    rules=VipPoolRules(),
)
_VIPS = resource(
    "vips",
    """
    id int A
    guid str A
    name str A
    title str A
    ip str A
    cnode str A
    vippool str A
    cluster str A
    """,
    filters="ip ip__icontains vippool__name=vippool cnode__name=cnode "
    "cluster__name=cluster",
    calls="list",
    listed=list_vips,
)
_VERSIONS = resource(
    "versions",
    """
    id int A
    guid str A
    name str A
    title str A
    sys_version str A
    os_version str A
    build str A
    status str A
    created str A
    """,
    calls="list get",
    listed=list_versions,
)
_VMS = resource(
    "vms",
    """
    id int A
    guid str A
    name str A
    title str A
    state str A
    sw_version str A
    build str A
    ip str A
    mgmt_vip str A
    ssl_port int A
    created str A
    capacity_base_10 bool A
    performance_base_10 bool A
    tabular_support str A
    """,
    calls="list get",
    listed=list_vms,
)
KINDS = (_CLUSTERS, _CNODES, _DNODES, _VIPPOOLS, _VIPS, _VERSIONS, _VMS)
