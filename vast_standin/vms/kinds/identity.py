"""Users of the data side, their policies, and the tokens of managers."""

from vast_standin.vms.resource import resource
from vast_standin.vms.s3_policies import S3PolicyRules
from vast_standin.vms.tokens import TokenRules, list_managers
from vast_standin.vms.users import UserRules, list_keys

_USERS = resource(
    "users",
    """
    id int A
    guid str A
    title str A
    name str RA
    uid int CPA
    leading_gid int CPA
    gids [int] CPA =[]
    local bool CPA =true
    local_provider_id int RP
    password str CP
    allow_create_bucket bool CPA =false
    allow_delete_bucket bool CPA =false
    s3_superuser bool CPA =false
    s3_policies_ids [int] CPA =[]
    access_keys [obj] A
    sid str A
    vid int A
    """,
    rules=UserRules(),
)

_S3POLICIES = resource(
    "s3policies",
    """
    id int A
    guid str A
    title str A
    name str RPA
    policy str RPA
    enabled bool PA =true
    tenant_id int CA
    tenant_name str A
    users [str] A
    groups [str] A =[]
    is_replicated bool A =false
    """,
    rules=S3PolicyRules(),
)
_LOCALS3KEYS = resource(
    "locals3keys",
    """
    id int A
    access_key str A
    enabled bool A
    """,
    calls="list",
    listed=list_keys,
)
_APITOKENS = resource(
    "apitokens",
    """
    id str A
    name str RPA
    owner str CA
    expiry_date str CPA
    created str A
    last_used str A
    revoked bool A =false
    revocation_time str A
    """,
    filters="owner archived=revoked",
    calls="list create get patch",
    rules=TokenRules(),
)
_MANAGERS = resource(
    "managers",
    """
    id int A
    guid str A
    username str A
    full_name str A
    is_active bool A
    is_default bool A
    user_type str A SUPER_ADMIN|TENANT_ADMIN
    """,
    filters="username",
    calls="list get",
    listed=list_managers,
)
KINDS = (_USERS, _S3POLICIES, _LOCALS3KEYS, _APITOKENS, _MANAGERS)
