"""What S3 answers of a plain bucket and its objects: nothing is configured.

Configurations cannot be written here (501), so reading them says that there is none, and
deleting one that is not there succeeds, as in S3.
"""

from collections.abc import Callable, Sequence

from vast_standin.http import ProtocolError, Response
from vast_standin.s3.call import Call
from vast_standin.s3.documents import Node, xml_response

Handler = Callable[[Call], Response]
_XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
_ABSENT: dict[str, tuple[str, str]] = {
    "policy": ("NoSuchBucketPolicy", "bucket policy"),
    "policyStatus": ("NoSuchBucketPolicy", "bucket policy"),
    "lifecycle": ("NoSuchLifecycleConfiguration", "lifecycle configuration"),
    "tagging": ("NoSuchTagSet", "tag set"),
    "cors": ("NoSuchCORSConfiguration", "CORS configuration"),
    "website": ("NoSuchWebsiteConfiguration", "website configuration"),
    "replication": ("ReplicationConfigurationNotFoundError", "replication"),
    "object-lock": ("ObjectLockConfigurationNotFoundError", "object lock"),
    "encryption": ("ServerSideEncryptionConfigurationNotFoundError", "encryption"),
    "publicAccessBlock": (
        "NoSuchPublicAccessBlockConfiguration",
        "public access block",
    ),
}
_REMOVABLE = (
    *("policy", "lifecycle", "tagging", "cors", "website", "replication"),
    *("encryption", "publicAccessBlock"),
)
_PLAIN: dict[str, tuple[str, Sequence[Node], str]] = {
    "notification": ("NotificationConfiguration", [], "no notifications"),
    "logging": ("BucketLoggingStatus", [], "no log"),
    "accelerate": ("AccelerateConfiguration", [], "no acceleration"),
    "requestPayment": (
        "RequestPaymentConfiguration",
        [("Payer", "BucketOwner")],
        "its owner pays",
    ),
    "ownershipControls": (
        "OwnershipControls",
        [("Rule", [("ObjectOwnership", "BucketOwnerEnforced")])],
        "ACLs have no effect",
    ),
}


def get_acl(call: Call) -> Response:
    """GetBucketAcl and GetObjectAcl: the owner alone; policies are not ACLs."""
    call.need_bucket()
    owner = call.buckets.owner(call.bucket)
    if call.key:
        call.check_version()
        thing = call.objects.find(call.bucket, call.key)
        owner = thing.properties.owner or owner
    user: list[Node] = [("ID", owner), ("DisplayName", owner)]
    grant: list[Node] = [
        (f'Grantee {_XSI} xsi:type="CanonicalUser"', user),
        ("Permission", "FULL_CONTROL"),
    ]
    grants: list[Node] = [("Grant", grant)]
    return xml_response(
        "AccessControlPolicy", [("Owner", user), ("AccessControlList", grants)]
    )


def get_lock(call: Call) -> Response:
    """GetObjectRetention and GetObjectLegalHold: 400, no bucket has object locks."""
    call.need_bucket()
    call.check_version()
    call.objects.find(call.bucket, call.key)
    raise ProtocolError(
        400, "InvalidRequest", "Bucket is missing Object Lock Configuration"
    )


def _absent(code: str, subject: str) -> Handler:
    def answer(call: Call) -> Response:
        call.need_bucket()
        raise ProtocolError(404, code, f"{call.bucket} has no {subject}.")

    answer.__doc__ = f"404 `{code}`: there is no {subject}."
    return answer


def _remove(call: Call) -> Response:
    """204: there is none."""
    call.need_bucket()
    return Response(status=204)


def _plain(root: str, nodes: Sequence[Node], meaning: str) -> Handler:
    def answer(call: Call) -> Response:
        call.need_bucket()
        return xml_response(root, nodes)

    answer.__doc__ = f"`{root}`: {meaning}."
    return answer


ROUTES: dict[tuple[str, str, str], Handler] = {
    ("GET", "bucket", "acl"): get_acl,
    ("GET", "object", "acl"): get_acl,
    ("GET", "object", "retention"): get_lock,
    ("GET", "object", "legal-hold"): get_lock,
    **{("GET", "bucket", sub): _absent(*answer) for sub, answer in _ABSENT.items()},
    **{("GET", "bucket", sub): _plain(*answer) for sub, answer in _PLAIN.items()},
    **{("DELETE", "bucket", sub): _remove for sub in _REMOVABLE},
}
