"""Every header and query parameter of S3's service model is served or refused by name."""

from urllib.parse import quote

import botocore.session
import pytest
import requests
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from vast_standin.s3 import ROUTES
from vast_standin.s3.parameters import HARMLESS, OPERATIONS, REFUSED, VALUES

MODEL = botocore.session.get_session().get_service_model("s3")
BY_NAME = {operation.name: operation for operation in OPERATIONS.values()}
ANSWERED = sorted(set(MODEL.operation_names) & BY_NAME.keys())
ELSEWHERE = {
    "ListDirectoryBuckets": "the same request as ListBuckets",
    "WriteGetObjectResponse": "its path is a bucket's",
    "GetBucketLifecycle": "the same request as GetBucketLifecycleConfiguration",
    "GetBucketNotification": "the same request as GetBucketNotificationConfiguration",
}


def members(name):
    """Yield location and name of each input member outside the path and the body."""
    shape = MODEL.operation_model(name).input_shape
    for member in shape.members.values() if shape else ():
        location = member.serialization.get("location")
        if location in ("header", "headers"):
            yield "header", member.serialization["name"].lower()
        elif location == "querystring":
            yield "query", member.serialization["name"]


def send(standin, method, path, query="", headers=None, body=b""):
    """Send a signed request with any headers."""
    url = f"{standin.endpoint}{path}" + (f"?{query}" if query else "")
    request = AWSRequest(method, url, headers=headers or {}, data=body)
    credentials = Credentials(standin.access, standin.secret)
    S3SigV4Auth(credentials, "s3", "us-east-1").add_auth(request)
    return requests.request(method, url, headers=dict(request.headers), data=body)


def target(name, bucket, extra=""):
    """Return method, path and query of an operation on the object k."""
    http = MODEL.operation_model(name).http
    path, _, query = http["requestUri"].partition("?")
    path = path.replace("{Bucket}", bucket).replace("{Key+}", "k")
    return http["method"], path, "&".join(part for part in (query, extra) if part)


def test_each_route_has_its_parameters():
    assert ROUTES.keys() == OPERATIONS.keys()


@pytest.mark.parametrize("name", ANSWERED)
def test_each_member_of_an_operation_is_in_the_table(name):
    operation = BY_NAME[name]
    unlisted = [
        member
        for location, member in members(name)
        if member not in HARMLESS
        and member
        not in (operation.headers if location == "header" else operation.query)
        and member not in (REFUSED.keys() | operation.refused)
    ]

    assert [] == unlisted


@pytest.mark.parametrize("name", ANSWERED)
def test_a_refused_member_is_named_and_nothing_changes(standin, s3, bucket, name):
    s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")
    operation = BY_NAME[name]
    required = "uploadId=u&partNumber=1" if "uploadId" in operation.query else ""
    headers = {"x-amz-copy-source": f"{bucket}/k"} if "Copy" in name else {}
    for location, member in members(name):
        served = operation.headers if location == "header" else operation.query
        if member in served or member in HARMLESS:
            continue
        added = {member: "1"} if location == "header" else {}
        extra = [required, f"{quote(member)}=1" if location == "query" else ""]
        method, path, query = target(name, bucket, "&".join(filter(None, extra)))
        reply = send(standin, method, path, query, {**headers, **added})

        assert (member, 501) == (member, reply.status_code)
        assert method == "HEAD" or member in reply.text
    assert b"0123456789" == s3.get_object(Bucket=bucket, Key="k")["Body"].read()


@pytest.mark.parametrize(
    "name", sorted(set(MODEL.operation_names) - BY_NAME.keys() - ELSEWHERE.keys())
)
def test_an_operation_without_an_answer_is_501(standin, s3, bucket, name):
    s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")
    extra = "&".join(
        f"{member}=1" for location, member in members(name) if location == "query"
    )

    reply = send(standin, *target(name, bucket, extra))

    assert 501 == reply.status_code
    assert b"0123456789" == s3.get_object(Bucket=bucket, Key="k")["Body"].read()


@pytest.mark.parametrize("name", VALUES)
def test_a_value_without_effect_is_refused(standin, bucket, name):
    operation = next(
        o for o in OPERATIONS.values() if name in o.headers and o.name != "PostObject"
    )
    route = next(r for r, o in OPERATIONS.items() if o is operation)
    paths = {"service": "/", "bucket": f"/{bucket}-other", "object": f"/{bucket}/k"}
    headers = {name: "surprise"}
    if "copy" in route[2]:
        headers["x-amz-copy-source"] = f"{bucket}/k"

    reply = send(standin, route[0], paths[route[1]], headers=headers)

    assert 501 == reply.status_code
    assert f"{name}: surprise" in reply.text


def test_an_append_leaves_the_object_as_it_was(s3, bucket):
    s3.put_object(Bucket=bucket, Key="log", Body=b"0123456789")

    with pytest.raises(s3.exceptions.ClientError, match="x-amz-write-offset-bytes"):
        s3.put_object(Bucket=bucket, Key="log", Body=b"ZZ", WriteOffsetBytes=10)

    assert b"0123456789" == s3.get_object(Bucket=bucket, Key="log")["Body"].read()


def test_an_object_lock_is_refused(s3, bucket):
    with pytest.raises(s3.exceptions.ClientError, match="x-amz-object-lock-mode"):
        s3.put_object(
            Bucket=bucket,
            Key="k",
            Body=b"x",
            ObjectLockMode="COMPLIANCE",
            ObjectLockRetainUntilDate="2030-01-01",
        )

    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)


def test_another_owner_is_refused(s3, standin, bucket):
    name = s3.list_buckets()["Owner"]["ID"]

    s3.put_object(Bucket=bucket, Key="k", ExpectedBucketOwner=name)
    with pytest.raises(s3.exceptions.ClientError, match="AccessDenied"):
        s3.put_object(Bucket=bucket, Key="k", ExpectedBucketOwner="111122223333")


def test_a_partial_write_is_refused(standin, bucket):
    reply = send(
        standin,
        "PUT",
        f"/{bucket}/k",
        headers={"content-range": "bytes 0-1/9"},
        body=b"xy",
    )

    assert (501, True) == (reply.status_code, "content-range" in reply.text)


def test_a_wrong_checksum_of_a_document_is_refused(standin, s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    body = b"<Delete><Object><Key>k</Key></Object></Delete>"
    for name, value in (
        ("content-md5", "AAAAAAAAAAAAAAAAAAAAAA=="),
        ("x-amz-checksum-crc32", "AAAAAA=="),
    ):
        reply = send(standin, "POST", f"/{bucket}", "delete", {name: value}, body)

        assert (400, True) == (reply.status_code, "BadDigest" in reply.text)
    assert 1 == s3.head_object(Bucket=bucket, Key="k")["ContentLength"]


def test_headers_in_a_presigned_query_count_as_headers(standin, s3, bucket):
    url = f"{standin.endpoint}/{bucket}/k?x-amz-meta-colour=red&x-amz-acl="
    credentials = Credentials(standin.access, standin.secret)
    replies = []
    for acl in ("private", "public-read"):
        request = AWSRequest("PUT", url + acl)
        S3SigV4QueryAuth(credentials, "s3", "us-east-1", 60).add_auth(request)
        replies.append(requests.put(request.url, data=b"x").status_code)

    assert [200, 501] == replies
    assert {"colour": "red"} == s3.head_object(Bucket=bucket, Key="k")["Metadata"]


def test_a_range_of_another_version_is_not_sent(s3, standin, bucket):
    tag = s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")["ETag"]
    path = f"/{bucket}/k"

    fresh = send(standin, "GET", path, headers={"range": "bytes=2-3", "if-range": tag})
    stale = send(
        standin, "GET", path, headers={"range": "bytes=2-3", "if-range": '"else"'}
    )

    assert [(206, b"23"), (200, b"0123456789")] == [
        (reply.status_code, reply.content) for reply in (fresh, stale)
    ]


def test_open_uploads_come_in_pages(s3, bucket):
    ids = {}
    for key in ("a/1", "a/2", "b", "b", "c"):
        upload = s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
        ids.setdefault(key, []).append(upload)
    paginator = s3.get_paginator("list_multipart_uploads")
    pages = list(
        paginator.paginate(
            Bucket=bucket, Delimiter="/", PaginationConfig={"PageSize": 1}
        )
    )

    found = [
        *((p["Prefix"]) for page in pages for p in page.get("CommonPrefixes", [])),
        *((u["Key"], u["UploadId"]) for page in pages for u in page.get("Uploads", [])),
    ]

    assert ["a/", *(("b", i) for i in ids["b"]), ("c", ids["c"][0])] == found


def test_buckets_come_in_pages(s3, bucket):
    names = [bucket]
    s3.create_bucket(Bucket=f"{bucket}-2")
    names.append(f"{bucket}-2")
    pages = s3.get_paginator("list_buckets").paginate(
        Prefix=bucket, PaginationConfig={"PageSize": 1}
    )

    assert names == [b["Name"] for page in pages for b in page["Buckets"]]
    assert [] == s3.list_buckets(BucketRegion="eu-west-1")["Buckets"]
    s3.delete_bucket(Bucket=f"{bucket}-2")
