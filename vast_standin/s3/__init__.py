"""S3 as boto3 and Arrow's S3FileSystem use it: one table of calls, everything else 501.

A call is found by method, level (service, bucket, object) and sub-resource; what
`parameters` does not list for it is refused, never ignored.
"""

from collections.abc import Callable
from dataclasses import replace

from vast_standin.http import ProtocolError, Response
from vast_standin.s3 import (
    bucket_calls,
    creation,
    form_calls,
    object_calls,
    parts,
    questions,
    tags,
    upload_calls,
)
from vast_standin.s3.call import Call, split_path
from vast_standin.s3.parameters import OPERATIONS, Route

ROUTES: dict[Route, Callable[[Call], Response]] = {
    ("GET", "service", ""): bucket_calls.list_buckets,
    ("PUT", "bucket", ""): creation.create_bucket,
    ("HEAD", "bucket", ""): bucket_calls.head_bucket,
    ("DELETE", "bucket", ""): bucket_calls.delete_bucket,
    ("GET", "bucket", ""): bucket_calls.list_objects,
    ("GET", "bucket", "list-type"): bucket_calls.list_objects_v2,
    ("GET", "bucket", "list_type"): bucket_calls.list_snapshots,
    ("GET", "bucket", "location"): bucket_calls.get_location,
    ("GET", "bucket", "versioning"): bucket_calls.get_versioning,
    ("GET", "bucket", "uploads"): bucket_calls.uploads_of_bucket,
    ("GET", "bucket", "versions"): bucket_calls.list_versions,
    ("POST", "bucket", ""): form_calls.post_object,
    ("POST", "bucket", "delete"): bucket_calls.delete_objects,
    ("GET", "object", ""): object_calls.get_object,
    ("HEAD", "object", ""): object_calls.get_object,
    ("PUT", "object", ""): object_calls.put_object,
    ("PUT", "object", "copy"): object_calls.copy_object,
    ("DELETE", "object", ""): object_calls.delete_object,
    ("GET", "object", "tagging"): tags.get_tagging,
    ("PUT", "object", "tagging"): tags.put_tagging,
    ("DELETE", "object", "tagging"): tags.delete_tagging,
    ("GET", "object", "attributes"): parts.get_attributes,
    ("POST", "object", "uploads"): upload_calls.create_upload,
    ("PUT", "object", "uploadId"): upload_calls.upload_part,
    ("PUT", "object", "uploadId copy"): upload_calls.copy_part,
    ("POST", "object", "uploadId"): upload_calls.complete_upload,
    ("DELETE", "object", "uploadId"): upload_calls.abort_upload,
    ("GET", "object", "uploadId"): upload_calls.list_parts,
    **questions.ROUTES,
}
_SUBRESOURCES = frozenset(sub.removesuffix("copy").strip() for _, _, sub in ROUTES) - {
    ""
}


def handle(call: Call) -> Response:
    """Answer one S3 call or raise ProtocolError."""
    bucket, key = split_path(call.request.path)
    query = dict(call.request.query)
    level = "object" if key else "bucket" if bucket else "service"
    route = (call.request.method, level, _sub_resource(call, query))
    if route not in ROUTES:
        names = f" with {', '.join(query)}" if query else ""
        raise ProtocolError(
            501,
            "NotImplemented",
            f"{call.request.method} on a {level}{names} is not implemented",
        )
    operation = OPERATIONS[route]
    operation.check(call.headers, query)
    operation.check_values(call.headers)
    call = replace(call, bucket=bucket, key=key, query=query)
    call.check_owner(bucket, "x-amz-expected-bucket-owner")
    return ROUTES[route](call)


def _sub_resource(call: Call, query: dict[str, str]) -> str:
    """Return the sub-resource that a call names, "" for the object or bucket itself."""
    names = sorted(_SUBRESOURCES & query.keys())
    if len(names) > 1:
        raise ProtocolError(501, "NotImplemented", f"query {', '.join(names)}")
    sub = names[0] if names else ""
    if "x-amz-copy-source" in call.headers and call.request.method == "PUT":
        sub = f"{sub} copy".strip()
    return sub
