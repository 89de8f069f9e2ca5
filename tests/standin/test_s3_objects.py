"""Objects through boto3: what is put comes back, in whole, in parts and described."""

import hashlib
import io
import os

import botocore.exceptions
import pytest

ODD_KEYS = (
    "plain",
    "deep/er/and deeper",
    "umlauts äöü ß",
    "signs !'()*~-._+&$@=;:,",
    "percent %41 %2F",
    "../../../etc/passwd",
    "/leading//double/",
    "☄️ comet",
    "question?mark#hash",
    "back\\slash",
    "a" * 1024,
)


def refusal(call):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call()
    response = caught.value.response
    status = response["ResponseMetadata"]["HTTPStatusCode"]
    return status, response["Error"]["Code"]


@pytest.mark.parametrize("key", ODD_KEYS)
def test_any_key_holds_its_bytes_and_is_listed(s3, bucket, key):
    s3.put_object(Bucket=bucket, Key=key, Body=key.encode())

    got = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    listed = [o["Key"] for o in s3.list_objects_v2(Bucket=bucket)["Contents"]]

    assert key.encode() == got
    assert [key] == listed


def test_no_key_leaves_the_data_folder(standin, s3, bucket):
    before = sorted(p.name for p in standin.data.parent.iterdir())

    s3.put_object(Bucket=bucket, Key="../../../escaped", Body=b"x")

    assert before == sorted(p.name for p in standin.data.parent.iterdir())
    assert [] == list(standin.data.parent.rglob("*escaped*"))


def test_metadata_and_headers_come_back(s3, bucket):
    s3.put_object(
        Bucket=bucket,
        Key="k",
        Body=b"x",
        Metadata={"instrument": "xrt", "obs-id": "00032035001"},
        ContentType="application/fits",
        CacheControl="max-age=60",
        ContentDisposition="attachment",
        ContentLanguage="en",
    )

    head = s3.head_object(Bucket=bucket, Key="k")

    assert {"instrument": "xrt", "obs-id": "00032035001"} == head["Metadata"]
    assert "application/fits" == head["ContentType"]
    assert "max-age=60" == head["CacheControl"]
    assert "attachment" == head["ContentDisposition"]
    assert "en" == head["ContentLanguage"]
    assert 1 == head["ContentLength"]


def test_the_etag_of_a_plain_object_is_its_md5(s3, bucket):
    body = os.urandom(300_000)

    answer = s3.put_object(Bucket=bucket, Key="k", Body=body)

    assert f'"{hashlib.md5(body).hexdigest()}"' == answer["ETag"]


def test_putting_again_replaces(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"first")
    s3.put_object(Bucket=bucket, Key="k", Body=b"second")

    assert b"second" == s3.get_object(Bucket=bucket, Key="k")["Body"].read()
    assert 1 == s3.list_objects_v2(Bucket=bucket)["KeyCount"]


RANGES = (
    ("bytes=0-3", b"0123", "bytes 0-3/10"),
    ("bytes=4-", b"456789", "bytes 4-9/10"),
    ("bytes=-3", b"789", "bytes 7-9/10"),
    ("bytes=8-100", b"89", "bytes 8-9/10"),
    ("bytes=-100", b"0123456789", "bytes 0-9/10"),
)


@pytest.mark.parametrize(("text", "expected", "content_range"), RANGES)
def test_a_range_is_answered_with_206(s3, bucket, text, expected, content_range):
    s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")

    answer = s3.get_object(Bucket=bucket, Key="k", Range=text)

    assert expected == answer["Body"].read()
    assert content_range == answer["ContentRange"]
    assert 206 == answer["ResponseMetadata"]["HTTPStatusCode"]


def test_a_range_beyond_the_end_is_416(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")

    error = refusal(lambda: s3.get_object(Bucket=bucket, Key="k", Range="bytes=10-"))

    assert (416, "InvalidRange") == error


def test_conditions_are_honoured(s3, bucket):
    tag = s3.put_object(Bucket=bucket, Key="k", Body=b"x")["ETag"]

    def get(**conditions):
        return s3.get_object(Bucket=bucket, Key="k", **conditions)

    def put(**conditions):
        return s3.put_object(Bucket=bucket, Key="k", Body=b"y", **conditions)

    assert b"x" == get(IfMatch=tag)["Body"].read()
    assert 412 == refusal(lambda: get(IfMatch='"other"'))[0]
    assert 304 == refusal(lambda: get(IfNoneMatch=tag))[0]
    assert (412, "PreconditionFailed") == refusal(lambda: put(IfNoneMatch="*"))
    assert 412 == refusal(lambda: put(IfMatch='"other"'))[0]
    assert 200 == put(IfMatch=tag)["ResponseMetadata"]["HTTPStatusCode"]


def test_absent_things_are_named(s3, bucket):
    get = s3.get_object

    assert (404, "NoSuchKey") == refusal(lambda: get(Bucket=bucket, Key="none"))
    assert (404, "NoSuchBucket") == refusal(lambda: get(Bucket="no-such", Key="k"))
    assert 404 == refusal(lambda: s3.head_object(Bucket=bucket, Key="none"))[0]
    assert (404, "NoSuchBucket") == refusal(
        lambda: s3.put_object(Bucket="no-such", Key="k", Body=b"x")
    )


def test_deleting_is_silent_about_absent_objects(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")

    for _ in range(2):
        answer = s3.delete_object(Bucket=bucket, Key="k")
        assert 204 == answer["ResponseMetadata"]["HTTPStatusCode"]

    assert 404 == refusal(lambda: s3.head_object(Bucket=bucket, Key="k"))[0]


def test_a_copy_keeps_or_replaces_metadata(s3, bucket):
    s3.put_object(Bucket=bucket, Key="a b+ü", Body=b"data", Metadata={"n": "1"})
    source = {"Bucket": bucket, "Key": "a b+ü"}

    s3.copy_object(Bucket=bucket, Key="kept", CopySource=source)
    s3.copy_object(
        Bucket=bucket,
        Key="replaced",
        CopySource=source,
        Metadata={"n": "2"},
        MetadataDirective="REPLACE",
    )
    s3.delete_object(Bucket=bucket, Key="a b+ü")

    for key, number in (("kept", "1"), ("replaced", "2")):
        got = s3.get_object(Bucket=bucket, Key=key)
        assert (b"data", {"n": number}) == (got["Body"].read(), got["Metadata"])


def test_tags_come_back(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", Tagging="mission=swift")

    first = s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"]
    s3.put_object_tagging(
        Bucket=bucket, Key="k", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]}
    )
    second = s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"]
    s3.delete_object_tagging(Bucket=bucket, Key="k")

    assert [{"Key": "mission", "Value": "swift"}] == first
    assert [{"Key": "a", "Value": "b"}] == second
    assert [] == s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"]


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA1", "SHA256"])
def test_checksums_are_checked_kept_and_answered(s3, bucket, algorithm):
    put = s3.put_object(
        Bucket=bucket, Key="k", Body=b"some bytes", ChecksumAlgorithm=algorithm
    )

    got = s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")

    name = f"Checksum{algorithm}"
    assert put[name] == got[name]
    assert b"some bytes" == got["Body"].read()


def test_a_wrong_checksum_stores_nothing(s3, bucket):
    wrong = {"ContentMD5": "AAAAAAAAAAAAAAAAAAAAAA=="}

    error = refusal(lambda: s3.put_object(Bucket=bucket, Key="k", Body=b"x", **wrong))

    assert (400, "BadDigest") == error
    assert 0 == s3.list_objects_v2(Bucket=bucket)["KeyCount"]


def test_an_upload_that_stops_short_stores_nothing(standin, s3, bucket):
    class Stops(io.RawIOBase):
        def __init__(self):
            self.sent = 0

        def read(self, size=-1):
            if self.sent > 3_000_000:
                raise ConnectionError("the disk was pulled")
            self.sent += 65536
            return b"x" * 65536

    with pytest.raises(Exception):  # noqa: B017, PT011 - the client's own error
        s3.put_object(Bucket=bucket, Key="k", Body=Stops(), ContentLength=9_000_000)

    assert 0 == s3.list_objects_v2(Bucket=bucket)["KeyCount"]


def test_what_is_not_implemented_is_refused_loudly(s3, bucket):
    calls = (
        lambda: s3.put_bucket_policy(Bucket=bucket, Policy="{}"),
        lambda: s3.put_object_acl(Bucket=bucket, Key="k", ACL="public-read"),
        lambda: s3.put_bucket_versioning(
            Bucket=bucket, VersioningConfiguration={"Status": "Enabled"}
        ),
        lambda: s3.list_bucket_inventory_configurations(Bucket=bucket),
    )

    assert [(501, "NotImplemented")] * len(calls) == [refusal(call) for call in calls]
