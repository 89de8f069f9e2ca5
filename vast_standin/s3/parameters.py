"""Headers and query parameters of each S3 operation: served, harmless or refused.

What is not in this table is refused with 501 by name, so that no client believes that
something was done which was not. Names of headers are lower-case.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from vast_standin.http import ProtocolError

Route = tuple[str, str, str]
METADATA = "x-amz-meta-"


@dataclass(frozen=True)
class Operation:
    """One S3 operation by its name in the service model, and what it serves."""

    name: str
    headers: frozenset[str]
    query: frozenset[str]
    refused: frozenset[str] = frozenset()
    """Names that the service model has for it, refused here as are all others."""

    def check(self, headers: Iterable[str], query: Iterable[str]) -> None:
        """Raise 501 for the first name that is neither served nor harmless."""
        for name in headers:
            key = METADATA if name.startswith(METADATA) else name
            if _matters(key) and key not in self.headers and key not in HARMLESS:
                raise _refused(f"header {name}", self.name, REFUSED.get(name, ""))
        for name in query:
            if name not in self.query and name not in HARMLESS:
                raise _refused(f"query parameter {name}", self.name, "")

    def check_values(self, headers: Mapping[str, str]) -> None:
        """Raise 501 for a value of a served header that has no effect in this store."""
        for name in self.headers & VALUES.keys() & headers.keys():
            if headers[name].strip().lower() not in VALUES[name]:
                raise _refused(f"{name}: {headers[name][:80]}", self.name, "")


HARMLESS: dict[str, str] = {
    "x-amz-request-payer": "nothing is billed",
    "x-amz-bypass-governance-retention": "no object is locked, so nothing is bypassed",
    "x-amz-security-token": "keys are permanent; the signature alone proves them",
    "x-amz-user-agent": "it names the client",
    "x-amz-optional-object-attributes": "no object was archived, so none was restored",
    "x-id": "it repeats the operation's name",
}
_LOCKS = "objects are not locked"
_KEYS = "objects are not encrypted by keys of the client or of a key service"
_ACLS = "access follows owners and policies, not ACLs"
REFUSED: dict[str, str] = {
    "x-amz-write-offset-bytes": "objects are immutable, nothing is appended",
    "x-amz-website-redirect-location": "buckets are not websites",
    "x-amz-mfa": "there are no second factors",
    "x-amz-object-annotation-directive": "objects have no annotations",
    "x-amz-if-match-last-modified-time": "S3 has it for directory buckets only",
    "x-amz-if-match-size": "S3 has it for directory buckets only",
    "x-amz-if-match-initiated-time": "S3 has it for directory buckets only",
    **dict.fromkeys(
        (
            "x-amz-object-lock-mode",
            "x-amz-object-lock-retain-until-date",
            "x-amz-object-lock-legal-hold",
            "x-amz-object-lock-event-hold",
            "x-amz-object-lock-event-hold-duration-days",
            "x-amz-object-lock-event-hold-duration-years",
        ),
        _LOCKS,
    ),
    **dict.fromkeys(
        (
            "x-amz-server-side-encryption",
            "x-amz-server-side-encryption-aws-kms-key-id",
            "x-amz-server-side-encryption-bucket-key-enabled",
            "x-amz-server-side-encryption-context",
            "x-amz-server-side-encryption-customer-algorithm",
            "x-amz-server-side-encryption-customer-key",
            "x-amz-server-side-encryption-customer-key-md5",
            "x-amz-copy-source-server-side-encryption-customer-algorithm",
            "x-amz-copy-source-server-side-encryption-customer-key",
            "x-amz-copy-source-server-side-encryption-customer-key-md5",
        ),
        _KEYS,
    ),
    **dict.fromkeys(
        (
            "x-amz-grant-full-control",
            "x-amz-grant-read",
            "x-amz-grant-read-acp",
            "x-amz-grant-write",
            "x-amz-grant-write-acp",
        ),
        _ACLS,
    ),
    **dict.fromkeys(
        (
            "x-amz-checksum-sha512",
            "x-amz-checksum-md5",
            "x-amz-checksum-xxhash64",
            "x-amz-checksum-xxhash3",
            "x-amz-checksum-xxhash128",
        ),
        "use CRC32, CRC32C, CRC64NVME, SHA1 or SHA256",
    ),
}
VALUES: dict[str, frozenset[str]] = {
    "x-amz-api-version": frozenset({"2006-03-01"}),
    "x-amz-acl": frozenset({"private", "bucket-owner-full-control"}),
    "x-amz-storage-class": frozenset({"standard"}),
    "x-amz-object-ownership": frozenset({"bucketownerenforced"}),
    "x-amz-bucket-object-lock-enabled": frozenset({"false"}),
    "x-amz-bucket-namespace": frozenset({"global"}),
    "x-amz-metadata-directive": frozenset({"copy", "replace"}),
    "x-amz-tagging-directive": frozenset({"copy", "replace"}),
    "x-amz-checksum-mode": frozenset({"enabled"}),
}
_CONDITIONS = frozenset(
    {"if-match", "if-none-match", "if-modified-since", "if-unmodified-since"}
)
_ALWAYS = (
    "x-amz-date x-amz-content-sha256 x-amz-decoded-content-length x-amz-trailer "
    "x-amz-expected-bucket-owner x-amz-api-version"
)
PROTOCOL = frozenset(_ALWAYS.split())
_SUMS = (
    "x-amz-sdk-checksum-algorithm x-amz-checksum-crc32 x-amz-checksum-crc32c "
    "x-amz-checksum-crc64nvme x-amz-checksum-sha1 x-amz-checksum-sha256"
)
_BODY = f"content-length content-md5 {_SUMS}"
_WRITES = (
    "cache-control content-disposition content-encoding content-language content-type "
    f"expires x-amz-acl x-amz-storage-class x-amz-tagging {METADATA}"
)
_READS = "range if-range x-amz-checksum-mode " + " ".join(sorted(_CONDITIONS))
_OVERRIDES = (
    "response-cache-control response-content-disposition response-content-encoding "
    "response-content-language response-content-type response-expires"
)
_SOURCE = (
    "x-amz-copy-source x-amz-copy-source-if-match x-amz-copy-source-if-modified-since "
    "x-amz-copy-source-if-none-match x-amz-copy-source-if-unmodified-since "
    "x-amz-source-expected-bucket-owner"
)
_PAGE = "delimiter encoding-type max-keys prefix"


def _operation(
    name: str, headers: str = "", query: str = "", refused: str = ""
) -> Operation:
    served = frozenset(f"{_ALWAYS} {headers}".split())
    return Operation(name, served, frozenset(query.split()), frozenset(refused.split()))


OPERATIONS: dict[Route, Operation] = {
    ("GET", "service", ""): _operation(
        "ListBuckets", query="max-buckets continuation-token prefix bucket-region"
    ),
    ("PUT", "bucket", ""): _operation(
        "CreateBucket",
        f"{_BODY} x-amz-acl x-amz-object-ownership x-amz-bucket-object-lock-enabled "
        "x-amz-bucket-namespace",
    ),
    ("HEAD", "bucket", ""): _operation("HeadBucket"),
    ("DELETE", "bucket", ""): _operation("DeleteBucket"),
    ("GET", "bucket", ""): _operation("ListObjects", query=f"{_PAGE} marker"),
    ("GET", "bucket", "list-type"): _operation(
        "ListObjectsV2",
        query=f"{_PAGE} list-type continuation-token fetch-owner start-after",
    ),
    ("GET", "bucket", "list_type"): _operation(
        "ListSnapshots", query="list_type delimiter max_keys prefix continuation-token"
    ),
    ("GET", "bucket", "location"): _operation("GetBucketLocation", query="location"),
    ("GET", "bucket", "versioning"): _operation(
        "GetBucketVersioning", query="versioning"
    ),
    ("GET", "bucket", "uploads"): _operation(
        "ListMultipartUploads",
        query="uploads delimiter encoding-type key-marker max-uploads prefix "
        "upload-id-marker",
    ),
    ("POST", "bucket", ""): _operation("PostObject", f"content-md5 {_SUMS} {_WRITES}"),
    ("POST", "bucket", "delete"): _operation("DeleteObjects", _BODY, "delete"),
    ("GET", "object", ""): _operation(
        "GetObject", _READS, f"{_OVERRIDES} versionId partNumber"
    ),
    ("HEAD", "object", ""): _operation(
        "HeadObject", _READS, f"{_OVERRIDES} versionId partNumber"
    ),
    ("PUT", "object", ""): _operation(
        "PutObject", f"{_BODY} {_WRITES} if-match if-none-match"
    ),
    ("PUT", "object", "copy"): _operation(
        "CopyObject",
        f"{_WRITES} {_SOURCE} x-amz-metadata-directive x-amz-tagging-directive "
        "x-amz-checksum-algorithm if-match if-none-match",
    ),
    ("DELETE", "object", ""): _operation("DeleteObject", "if-match", "versionId"),
    ("GET", "object", "tagging"): _operation(
        "GetObjectTagging", query="tagging versionId"
    ),
    ("PUT", "object", "tagging"): _operation(
        "PutObjectTagging", _BODY, "tagging versionId"
    ),
    ("DELETE", "object", "tagging"): _operation(
        "DeleteObjectTagging", query="tagging versionId"
    ),
    ("POST", "object", "uploads"): _operation(
        "CreateMultipartUpload",
        f"{_WRITES} x-amz-checksum-algorithm x-amz-checksum-type",
        "uploads",
    ),
    ("PUT", "object", "uploadId"): _operation(
        "UploadPart", _BODY, "uploadId partNumber"
    ),
    ("PUT", "object", "uploadId copy"): _operation(
        "UploadPartCopy", f"{_SOURCE} x-amz-copy-source-range", "uploadId partNumber"
    ),
    ("POST", "object", "uploadId"): _operation(
        "CompleteMultipartUpload",
        f"content-md5 if-match if-none-match {_SUMS} x-amz-checksum-type "
        "x-amz-mp-object-size",
        "uploadId",
    ),
    ("DELETE", "object", "uploadId"): _operation(
        "AbortMultipartUpload", query="uploadId"
    ),
    ("GET", "object", "uploadId"): _operation(
        "ListParts", query="uploadId max-parts part-number-marker"
    ),
    ("GET", "bucket", "versions"): _operation(
        "ListObjectVersions", query=f"{_PAGE} versions key-marker version-id-marker"
    ),
    ("GET", "object", "attributes"): _operation(
        "GetObjectAttributes",
        "x-amz-object-attributes x-amz-max-parts x-amz-part-number-marker",
        "attributes versionId",
    ),
    ("GET", "object", "acl"): _operation("GetObjectAcl", query="acl versionId"),
    ("GET", "object", "retention"): _operation(
        "GetObjectRetention", query="retention versionId"
    ),
    ("GET", "object", "legal-hold"): _operation(
        "GetObjectLegalHold", query="legal-hold versionId"
    ),
    **{
        (method, "bucket", sub): _operation(name, query=sub)
        for method, sub, name in (
            ("GET", "acl", "GetBucketAcl"),
            ("GET", "policy", "GetBucketPolicy"),
            ("GET", "policyStatus", "GetBucketPolicyStatus"),
            ("GET", "lifecycle", "GetBucketLifecycleConfiguration"),
            ("GET", "tagging", "GetBucketTagging"),
            ("GET", "cors", "GetBucketCors"),
            ("GET", "website", "GetBucketWebsite"),
            ("GET", "replication", "GetBucketReplication"),
            ("GET", "object-lock", "GetObjectLockConfiguration"),
            ("GET", "encryption", "GetBucketEncryption"),
            ("GET", "publicAccessBlock", "GetPublicAccessBlock"),
            ("GET", "notification", "GetBucketNotificationConfiguration"),
            ("GET", "logging", "GetBucketLogging"),
            ("GET", "accelerate", "GetBucketAccelerateConfiguration"),
            ("GET", "requestPayment", "GetBucketRequestPayment"),
            ("GET", "ownershipControls", "GetBucketOwnershipControls"),
            ("DELETE", "policy", "DeleteBucketPolicy"),
            ("DELETE", "lifecycle", "DeleteBucketLifecycle"),
            ("DELETE", "tagging", "DeleteBucketTagging"),
            ("DELETE", "cors", "DeleteBucketCors"),
            ("DELETE", "website", "DeleteBucketWebsite"),
            ("DELETE", "replication", "DeleteBucketReplication"),
            ("DELETE", "encryption", "DeleteBucketEncryption"),
            ("DELETE", "publicAccessBlock", "DeletePublicAccessBlock"),
        )
    },
}


def _matters(header: str) -> bool:
    """Return whether ignoring a header could answer something else than was sent."""
    return (
        header.startswith("x-amz-")
        or header in _CONDITIONS
        or header in ("content-range", "if-range")
    )


def _refused(subject: str, operation: str, reason: str) -> ProtocolError:
    text = f"{subject} of {operation} is not implemented"
    return ProtocolError(501, "NotImplemented", f"{text}: {reason}" if reason else text)
