"""The elements that S3 adds to the documents of its errors, by their codes."""

from collections.abc import Mapping

from vast_standin.http import ProtocolError, Request
from vast_standin.s3.call import split_path

_BUCKET = ("BucketName",)
_ELEMENTS: Mapping[str, tuple[str, ...]] = {
    "NoSuchKey": ("Key",),
    "NoSuchVersion": ("Key", "VersionId"),
    "NoSuchUpload": ("UploadId",),
    "InvalidRange": ("RangeRequested",),
    **dict.fromkeys(
        (
            *("NoSuchBucket", "BucketNotEmpty", "InvalidBucketName"),
            *("BucketAlreadyExists", "BucketAlreadyOwnedByYou"),
            *("NoSuchBucketPolicy", "NoSuchLifecycleConfiguration", "NoSuchTagSet"),
            *("NoSuchCORSConfiguration", "NoSuchWebsiteConfiguration"),
            "ReplicationConfigurationNotFoundError",
            "ObjectLockConfigurationNotFoundError",
            "ServerSideEncryptionConfigurationNotFoundError",
            "NoSuchPublicAccessBlockConfiguration",
        ),
        _BUCKET,
    ),
}


def elements(error: ProtocolError, request: Request | None) -> dict[str, str]:
    """Return what the request named and the error is about, by the names of elements."""
    if request is None or error.code not in _ELEMENTS:
        return {}
    bucket, key = split_path(request.path)
    query = dict(request.query)
    named = {
        "BucketName": bucket,
        "Key": key,
        "VersionId": query.get("versionId", ""),
        "UploadId": query.get("uploadId", ""),
        "RangeRequested": request.headers.get("range", ""),
    }
    return {name: named[name] for name in _ELEMENTS[error.code] if named[name]}
