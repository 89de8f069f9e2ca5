"""Views, their policies, quotas and tenants."""

from vast_standin.vms.quotas import QuotaRules
from vast_standin.vms.resource import resource
from vast_standin.vms.storage_policies import QosRules, ViewPolicyRules
from vast_standin.vms.tenants import TenantRules
from vast_standin.vms.user_quotas import UserQuotaRules, list_user_quotas
from vast_standin.vms.views import ViewRules

_VIEWS = resource(
    "views",
    """
    id int A
    guid str A
    title str A
    name str CPA
    path str RPA
    alias str CPA
    share str CPA
    bucket str CPA
    bucket_owner str CPA
    bucket_owner_type str CPA USER ="USER"
    protocols [str] CPA NFS|SMB|NFS4|S3|ENDPOINT|DATABASE|KAFKA|BLOCK =[]
    policy_id int RPA
    policy str A
    qos_policy_id int CPA
    qos_policy str A
    tenant_id int CA
    tenant_name str A
    create_dir bool CP
    create_dir_mode int C
    select_for_live_monitoring bool CPA =false
    s3_versioning bool CPA =false
    locking bool CPA =false
    is_seamless bool CPA =false
    allow_s3_anonymous_access bool CPA =false
    allow_anonymous_access bool CPA =false
    abac_tags [str] CA =[]
    event_notifications [obj] CPA =[]
    kafka_vip_pools [int] CA =[]
    is_kafka_encrypted_conn_allowed bool CPA =false
    is_kafka_unencrypted_conn_allowed bool CPA =false
    kafka_encrypted_auth_mechanism str CPA NONE|SASL_PLAIN ="NONE"
    kafka_unencrypted_auth_mechanism str CPA NONE|SASL_PLAIN ="NONE"
    kafka_is_authorization_required bool CPA =false
    kafka_first_join_group_timeout_sec int CPA
    kafka_rejoin_group_timeout_sec int CPA
    cluster str A
    cluster_id int A
    created str A
    logical_capacity int A
    physical_capacity int A
    directory bool A
    internal bool A
    is_remote bool A
    sync str A
    sync_time str A
    """,
    filters="name path alias bucket share policy__name=policy policy__id=policy_id "
    "cluster__name=cluster cluster__id=cluster_id tenant_id "
    "tenant_name__icontains",
    rules=ViewRules(),
)


_VIEWPOLICIES = resource(
    "viewpolicies",
    """
    id int A
    guid str A
    title str A
    name str RPA
    flavor str CPA NFS|SMB|MIXED_LAST_WINS|S3_NATIVE ="NFS"
    access_flavor str CPA NFS4|SMB|ALL ="ALL"
    auth_source str CPA RPC|PROVIDERS|RPC_AND_PROVIDERS ="RPC"
    path_length str CPA LCD|NPL ="LCD"
    allowed_characters str CPA LCD|NPL ="LCD"
    gid_inheritance str CPA LINUX|BSD ="LINUX"
    nfs_no_squash [str] CPA =[]
    nfs_root_squash [str] CPA =["*"]
    nfs_all_squash [str] CPA =[]
    nfs_read_write [str] CPA =["*"]
    nfs_read_only [str] CPA =[]
    smb_read_write [str] CPA =["*"]
    smb_read_only [str] CPA =[]
    s3_read_write [str] CPA =["*"]
    s3_read_only [str] CPA =[]
    s3_visibility [str] CPA =[]
    s3_visibility_groups [str] CPA =[]
    s3_special_chars_support bool CPA =false
    is_s3_default_policy bool CPA =false
    protocols [str] CPA =[]
    protocols_audit obj CPA
    vip_pools [int] CPA =[]
    tenant_id int CPA
    tenant_name str A
    cluster str A
    cluster_id int CPA
    count_views int A
    created str A
    internal bool A
    sync str A
    sync_time str A
    """,
    filters="name cluster__name=cluster cluster__id=cluster_id tenant_id "
    "tenant_name__icontains",
    rules=ViewPolicyRules(),
)


_QUOTAS = resource(
    "quotas",
    """
    id int A
    guid str A
    title str A
    name str RPA
    path str RA
    soft_limit int CPA
    hard_limit int CPA
    soft_limit_inodes int CPA
    hard_limit_inodes int CPA
    grace_period str CPA
    default_email str CPA
    enable_alarms bool CPA =true
    enable_email_providers bool CPA =false
    is_user_quota bool CPA =false
    is_physical_quota bool C =false
    user_quotas [obj] CPA
    group_quotas [obj] CPA
    default_user_quota obj CPA
    default_group_quota obj CPA
    create_dir bool C
    create_dir_mode int C
    tenant_id int CA
    tenant_name str A
    cluster str A
    cluster_id int A
    system_id int A
    state str A
    pretty_state str A
    used_capacity int A
    used_capacity_tb num A
    used_effective_capacity int A
    used_effective_capacity_tb num A
    used_limited_capacity int A
    used_inodes int A
    percent_capacity int A
    percent_inodes int A
    time_to_block str A
    pretty_grace_period str A
    pretty_grace_period_expiration str A
    num_exceeded_users int A
    num_blocked_users int A
    sync_state str A
    internal bool A
    """,
    filters="name hard_limit soft_limit soft_limit_inodes hard_limit_inodes system_id "
    "show_user_rules=is_user_quota tenant_id tenant_name__icontains",
    rules=QuotaRules(),
)


_USERQUOTAS = resource(
    "userquotas",
    """
    id int A
    guid str A
    name str CA
    identifier str CA
    identifier_type str CA
    entity_identifier str A
    is_group bool CA =false
    is_iam_role bool A
    is_accountable bool A
    vast_id int A
    path str A
    quota_id int R
    quota_system_id int A
    soft_limit int CPA
    hard_limit int CPA
    soft_limit_inodes int CPA
    hard_limit_inodes int CPA
    grace_period str CPA
    state str A
    used_capacity int A
    used_inodes int A
    percent_capacity int A
    percent_inodes int A
    time_to_block str A
    """,
    filters="is_accountable quota_system_id quota_id=quota_system_id "
    "entity__is_group=is_group entity__is_iam_role=is_iam_role refresh_data=id__any",
    rules=UserQuotaRules(),
    listed=list_user_quotas,
)


_QOSPOLICIES = resource(
    "qospolicies",
    """
    id int A
    guid str A
    name str RA
    mode str CPA STATIC|USED_CAPACITY|PROVISIONED_CAPACITY ="STATIC"
    policy_type str CA VIEW|USER|VOLUME ="VIEW"
    limit_by str CPA BW|IOPS|BW_IOPS ="BW_IOPS"
    is_gold bool CPA =false
    is_default bool CPA =false
    use_total_limits bool CPA =false
    io_size_bytes int A =65536
    static_limits obj CPA
    static_total_limits obj CPA
    capacity_limits obj CPA
    capacity_total_limits obj CPA
    s3_connections_limit int CPA
    attached_users [obj] CPA =[]
    tenant_id int CA
    tenant_name str A
    """,
    rules=QosRules(),
)


_TENANTS = resource(
    "tenants",
    """
    id int A
    guid str A
    title str A
    name str RA
    client_ip_ranges [any] CPA =[]
    capacity_rules obj CPA
    qos obj CPA
    max_views int CPA
    access_ip_ranges [str] CPA =[]
    domain_name str CPA
    sync str A
    sync_time str A
    """,
    filters="name__icontains",
    rules=TenantRules(),
)

KINDS = (_VIEWS, _VIEWPOLICIES, _QUOTAS, _USERQUOTAS, _QOSPOLICIES, _TENANTS)
