"""Requests that S3 refuses are refused here, with its codes and elements."""

import base64
import zlib

import pytest
import requests
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from defusedxml.ElementTree import fromstring
from test_s3_parameters import send

BODY = b"0123456789"
MANY = "9" * 5000
UNSIGNED = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"


@pytest.fixture
def stored(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=BODY)
    return f"/{bucket}/k"


@pytest.fixture
def upload(s3, bucket, stored):
    return s3.create_multipart_upload(Bucket=bucket, Key="m")["UploadId"]


def code(reply):
    """Return status and code of an error."""
    return reply.status_code, fromstring(reply.text).findtext("Code")


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        *(
            (text, (400, "InvalidArgument"))
            for text in (
                *("0-2", "bytes=0", "bytes=hello-world", "bytes=0-bar"),
                *("bytes=hello-", "bytes=0-2,3-5", "bytes=5-2", "bytes=-3", "bytes=3-"),
            )
        ),
        ("bytes=0-21", (416, "InvalidRange")),
        ("bytes=20-30", (416, "InvalidRange")),
        (f"bytes={MANY}-{MANY}", (416, "InvalidRange")),
    ],
)
def test_a_part_is_copied_from_the_range_named_or_not_at_all(
    standin, s3, bucket, upload, span, expected
):
    headers = {
        "x-amz-copy-source": f"{bucket}/k",
        "x-amz-copy-source-range": span,
    }
    query = f"partNumber=1&uploadId={upload}"

    reply = send(standin, "PUT", f"/{bucket}/m", query, headers)

    assert expected == code(reply)
    parts = s3.list_parts(Bucket=bucket, Key="m", UploadId=upload)
    assert "Parts" not in parts


def test_the_last_byte_can_be_the_end_of_a_copied_range(s3, bucket, upload):
    source = {"Bucket": bucket, "Key": "k"}
    part = {"Bucket": bucket, "Key": "m", "UploadId": upload, "PartNumber": 1}

    s3.upload_part_copy(**part, CopySource=source, CopySourceRange="bytes=7-9")

    parts = s3.list_parts(Bucket=bucket, Key="m", UploadId=upload)["Parts"]
    assert [3] == [entry["Size"] for entry in parts]


@pytest.mark.parametrize(
    ("span", "status", "content"),
    [
        (f"bytes={MANY}-", 416, None),
        (f"bytes=-{MANY}", 206, BODY),
        (f"bytes=2-{MANY}", 206, BODY[2:]),
        ("bytes=\xb2-5", 200, BODY),
    ],
)
def test_a_range_has_any_number_of_digits(standin, stored, span, status, content):
    reply = send(standin, "GET", stored, headers={"range": span})

    assert status == reply.status_code
    assert content is None or content == reply.content


@pytest.mark.parametrize("number", ["%C2%B2", MANY, "0", "-1", "10001", ""])
def test_a_part_number_is_a_number(standin, bucket, upload, number):
    query = f"partNumber={number}&uploadId={upload}"

    reply = send(standin, "PUT", f"/{bucket}/m", query, body=b"x")

    assert (400, "InvalidArgument") == code(reply)


@pytest.mark.parametrize("number", ["²", MANY, "", None])
def test_the_list_of_a_completion_has_numbers(standin, bucket, upload, number):
    part = "" if number is None else f"<PartNumber>{number}</PartNumber>"
    listed = "" if number is None else f"<Part>{part}<ETag>x</ETag></Part>"
    body = f"<CompleteMultipartUpload>{listed}</CompleteMultipartUpload>".encode()

    reply = send(standin, "POST", f"/{bucket}/m", f"uploadId={upload}", body=body)

    assert (400, "MalformedXML") == code(reply)


def chunked(standin, path, trailers, announced):
    """Put an object in aws-chunked framing with these trailers."""
    body = b"%x\r\n%s\r\n0\r\n%s\r\n" % (len(BODY), BODY, trailers)
    headers = {
        "x-amz-content-sha256": UNSIGNED,
        "x-amz-decoded-content-length": str(len(BODY)),
        **({"x-amz-trailer": announced} if announced else {}),
    }
    url = f"{standin.endpoint}{path}"
    request = AWSRequest("PUT", url, headers=headers, data=body)
    signer = S3SigV4Auth(Credentials(standin.access, standin.secret), "s3", "us-east-1")
    signer.payload = lambda _request: UNSIGNED
    signer.add_auth(request)
    return requests.put(url, headers=dict(request.headers), data=body)


@pytest.mark.parametrize(
    ("trailers", "announced", "expected"),
    [
        (b"", "x-amz-checksum-crc32", "MalformedTrailerError"),
        (
            b"x-amz-checksum-sha1:AAAA\r\n",
            "x-amz-checksum-crc32",
            "MalformedTrailerError",
        ),
        (b"x-amz-checksum-crc32:AAAAAA==\r\n", "", "MalformedTrailerError"),
        (b"x-amz-checksum-crc32:AAAAAA==\r\n", "x-amz-checksum-crc32", "BadDigest"),
        (b"x-amz-checksum-crc32:zz\r\n", "x-amz-checksum-crc32", "InvalidRequest"),
    ],
)
def test_a_promised_trailer_is_checked(
    standin, s3, bucket, trailers, announced, expected
):
    reply = chunked(standin, f"/{bucket}/t", trailers, announced)

    assert (400, expected) == code(reply)
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)


def test_a_right_trailer_is_accepted(standin, bucket):
    crc = base64.b64encode(zlib.crc32(BODY).to_bytes(4, "big"))

    reply = chunked(
        standin,
        f"/{bucket}/t",
        b"x-amz-checksum-crc32:%s\r\n" % crc,
        "x-amz-checksum-crc32",
    )

    assert (200, crc.decode()) == (
        reply.status_code,
        reply.headers["x-amz-checksum-crc32"],
    )


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"content-md5": ""}, "InvalidDigest"),
        ({"content-md5": "YWJyYWNhZGFicmE="}, "InvalidDigest"),
        ({"content-md5": "rL0Y20xC+Fzt72VPzMSk2A=="}, "BadDigest"),
        ({"x-amz-checksum-crc32": "zz"}, "InvalidRequest"),
        ({"x-amz-checksum-crc64nvme": "AAAAAA=="}, "InvalidRequest"),
        ({"x-amz-checksum-sha256": "AAAAAA=="}, "InvalidRequest"),
        ({"x-amz-tagging": "a=1&a=2"}, "InvalidArgument"),
        ({"x-amz-tagging": "a=%FF"}, "InvalidArgument"),
        ({"x-amz-tagging": f"{'k' * 129}=1"}, "InvalidTag"),
        ({"x-amz-tagging": f"a={'v' * 257}"}, "InvalidTag"),
        ({"x-amz-tagging": "=1"}, "InvalidTag"),
        ({"x-amz-copy-source": ""}, "InvalidArgument"),
        ({"x-amz-copy-source": "bucket"}, "InvalidArgument"),
    ],
)
def test_a_header_that_means_nothing_is_refused(
    standin, s3, stored, bucket, headers, expected
):
    body = b"" if "x-amz-copy-source" in headers else b"other"

    reply = send(standin, "PUT", stored, headers=headers, body=body)

    assert (400, expected) == code(reply)
    assert BODY == s3.get_object(Bucket=bucket, Key="k")["Body"].read()


TAG = "<Tag><Key>a</Key><Value>1</Value></Tag>"


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        (f"<TagSet>{TAG}{TAG}</TagSet>", "InvalidTag"),
        ("<TagSet><Tag><Value>1</Value></Tag></TagSet>", "MalformedXML"),
        ("<TagSet><Tag><Key>a</Key></Tag></TagSet>", "MalformedXML"),
        ("<TagSet><Tag><Key/><Value/></Tag></TagSet>", "InvalidTag"),
        (f"<Tags>{TAG}</Tags>", "MalformedXML"),
        (TAG, "MalformedXML"),
        ("", "MalformedXML"),
    ],
)
def test_a_document_of_tags_is_whole(standin, s3, stored, bucket, inner, expected):
    s3.put_object_tagging(
        Bucket=bucket, Key="k", Tagging={"TagSet": [{"Key": "b", "Value": ""}]}
    )
    body = f"<Tagging>{inner}</Tagging>".encode()

    reply = send(standin, "PUT", stored, "tagging", body=body)

    assert (400, expected) == code(reply)
    tags = s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"]
    assert [{"Key": "b", "Value": ""}] == tags


@pytest.mark.parametrize(
    ("inner", "status", "expected"),
    [
        (
            "<LocationConstraint>eu-west-1</LocationConstraint>",
            400,
            "InvalidLocationConstraint",
        ),
        (f"<Tags>{TAG}</Tags>", 501, "NotImplemented"),
        ("<Bucket><Type>Directory</Type></Bucket>", 501, "NotImplemented"),
        ("junk", 400, "MalformedXML"),
    ],
)
def test_what_is_not_kept_of_a_new_bucket_is_refused(
    standin, s3, bucket, inner, status, expected
):
    root = "CreateBucketConfiguration"
    body = inner if inner == "junk" else f"<{root}>{inner}</{root}>"

    reply = send(standin, "PUT", f"/{bucket}-new", body=body.encode())

    assert (status, expected) == code(reply)
    assert f"{bucket}-new" not in [b["Name"] for b in s3.list_buckets()["Buckets"]]


def test_a_key_of_a_deletion_is_named(standin, s3, stored, bucket):
    body = b"<Delete><Object><Key>k</Key></Object><Object/></Delete>"

    reply = send(standin, "POST", f"/{bucket}", "delete", body=body)

    assert (400, "MalformedXML") == code(reply)
    assert 1 == s3.list_objects_v2(Bucket=bucket)["KeyCount"]


def test_a_page_says_how_many_keys_it_can_hold(s3, bucket):
    pages = (
        s3.list_objects(Bucket=bucket, MaxKeys=2000),
        s3.list_objects_v2(Bucket=bucket, MaxKeys=2000),
        s3.list_object_versions(Bucket=bucket, MaxKeys=2000),
    )

    assert [1000] * 3 == [page["MaxKeys"] for page in pages]


def test_an_error_names_what_it_is_about(standin, stored, bucket):
    asked = {
        ("Key", "none"): ("GET", f"/{bucket}/none", "", {}),
        ("BucketName", "b-none"): ("GET", "/b-none/k", "", {}),
        ("UploadId", "u"): ("GET", stored, "uploadId=u", {}),
        ("VersionId", "v"): ("GET", stored, "versionId=v", {}),
        ("RangeRequested", "bytes=99-"): ("GET", stored, "", {"range": "bytes=99-"}),
        ("ActualObjectSize", "10"): ("GET", stored, "", {"range": "bytes=99-"}),
        ("Condition", "If-Match"): ("GET", stored, "", {"if-match": '"x"'}),
        ("HostId", "vast-standin"): ("GET", f"/{bucket}", "policy", {}),
    }

    found = {
        (name, fromstring(send(standin, *request).text).findtext(name))
        for (name, _), request in asked.items()
    }

    assert set(asked) == found


def test_a_cache_learns_what_it_holds(standin, s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=BODY, CacheControl="max-age=60")
    whole = send(standin, "GET", f"/{bucket}/k")

    reply = send(standin, "GET", f"/{bucket}/k", headers={"if-none-match": "*"})

    kept = ("ETag", "Last-Modified", "Cache-Control")
    assert (304, b"") == (reply.status_code, reply.content)
    assert [whole.headers[n] for n in kept] == [reply.headers[n] for n in kept]
