"""Conditional writes: copies, completed uploads, deletions; owners in lists."""

import threading

import pytest
import requests

STALE = '"00000000000000000000000000000000"'


def refusal(s3, call, **arguments):
    """Return code and condition of the error that a call ends with."""
    with pytest.raises(s3.exceptions.ClientError) as raised:
        call(**arguments)
    error = raised.value.response["Error"]
    return error["Code"], error.get("Condition")


def body(s3, bucket, key="kept"):
    return s3.get_object(Bucket=bucket, Key=key)["Body"].read()


@pytest.fixture
def pair(s3, bucket):
    """Return the ETags of `kept` and `source`."""
    return [
        s3.put_object(Bucket=bucket, Key=key, Body=text)["ETag"]
        for key, text in (("kept", b"old"), ("source", b"new"))
    ]


@pytest.mark.parametrize(
    ("condition", "name"),
    [
        ({"IfNoneMatch": "*"}, "If-None-Match"),
        ({"IfMatch": STALE}, "If-Match"),
        ({"CopySourceIfMatch": STALE}, "x-amz-copy-source-If-Match"),
        ({"CopySourceIfNoneMatch": "source"}, "x-amz-copy-source-If-None-Match"),
        (
            {"CopySourceIfUnmodifiedSince": "2001-01-01"},
            "x-amz-copy-source-If-Unmodified-Since",
        ),
        (
            {"CopySourceIfModifiedSince": "2100-01-01"},
            "x-amz-copy-source-If-Modified-Since",
        ),
    ],
)
def test_a_copy_whose_condition_fails_keeps_the_object(
    s3, bucket, pair, condition, name
):
    condition = {k: pair[1] if v == "source" else v for k, v in condition.items()}
    copy = {"Bucket": bucket, "Key": "kept", "CopySource": f"{bucket}/source"}

    assert ("PreconditionFailed", name) == refusal(
        s3, s3.copy_object, **copy, **condition
    )
    assert b"old" == body(s3, bucket)


def test_a_copy_whose_conditions_hold_is_made(s3, bucket, pair):
    copy = {"Bucket": bucket, "CopySource": f"{bucket}/source"}

    s3.copy_object(**copy, Key="fresh", IfNoneMatch="*", CopySourceIfMatch=pair[1])
    s3.copy_object(**copy, Key="kept", IfMatch=pair[0])

    assert [b"new", b"new"] == [body(s3, bucket, key) for key in ("fresh", "kept")]


@pytest.mark.parametrize(
    ("condition", "name"),
    [({"IfNoneMatch": "*"}, "If-None-Match"), ({"IfMatch": STALE}, "If-Match")],
)
def test_an_upload_whose_condition_fails_keeps_the_object(
    s3, bucket, pair, condition, name
):
    target = {"Bucket": bucket, "Key": "kept"}
    upload = target | {"UploadId": s3.create_multipart_upload(**target)["UploadId"]}
    tag = s3.upload_part(**upload, PartNumber=1, Body=b"new")["ETag"]
    done = upload | {"MultipartUpload": {"Parts": [{"PartNumber": 1, "ETag": tag}]}}

    assert ("PreconditionFailed", name) == refusal(
        s3, s3.complete_multipart_upload, **done, **condition
    )
    assert b"old" == body(s3, bucket)
    s3.complete_multipart_upload(**done, IfMatch=pair[0])
    assert b"new" == body(s3, bucket)


def test_an_object_is_deleted_if_it_is_the_expected_one(s3, bucket, pair):
    target = {"Bucket": bucket, "Key": "kept"}

    assert ("PreconditionFailed", "If-Match") == refusal(
        s3, s3.delete_object, **target, IfMatch=STALE
    )
    reply = s3.delete_objects(
        Bucket=bucket,
        Delete={
            "Objects": [
                {"Key": "kept", "ETag": STALE},
                {"Key": "source", "ETag": pair[1]},
            ]
        },
    )
    assert ["PreconditionFailed"] == [error["Code"] for error in reply["Errors"]]
    assert ["source"] == [entry["Key"] for entry in reply["Deleted"]]
    s3.delete_object(**target, IfMatch=pair[0])
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)


def test_the_failed_condition_is_named(s3, bucket, pair):
    target = {"Bucket": bucket, "Key": "kept"}

    assert ("PreconditionFailed", "If-None-Match") == refusal(
        s3, s3.put_object, **target, Body=b"", IfNoneMatch="*"
    )
    assert ("PreconditionFailed", "If-Match") == refusal(
        s3, s3.get_object, **target, IfMatch=STALE
    )
    assert (
        "NotImplemented" == refusal(s3, s3.put_object, **target, IfNoneMatch=STALE)[0]
    )


def test_one_of_many_writers_creates_an_object(standin, s3, bucket):
    """The condition is checked when the bytes are there, not only before."""
    count, results = 8, []
    barrier = threading.Barrier(count)

    class Slow:
        """A body whose last bytes all writers send together."""

        def __init__(self):
            self.position = 0

        def __len__(self):
            return 2

        def read(self, size=-1):
            self.position += 1
            if self.position == 2:
                barrier.wait(20)
            return b"x" if self.position <= 2 else b""

    def write():
        client = standin.s3(request_checksum_calculation="when_required")
        url = client.generate_presigned_url(
            "put_object", {"Bucket": bucket, "Key": "one", "IfNoneMatch": "*"}
        )
        reply = requests.put(
            url, data=Slow(), headers={"If-None-Match": "*", "Content-Length": "2"}
        )
        results.append(reply.status_code)
        client.close()

    threads = [threading.Thread(target=write) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [200] + [412] * (count - 1) == sorted(results)


def test_lists_name_the_owner(s3, bucket, pair):
    user = s3.list_buckets()["Owner"]["ID"]
    second = s3.list_objects_v2(Bucket=bucket, FetchOwner=True)

    for reply in (s3.list_objects(Bucket=bucket), second):
        assert [user, user] == [entry["Owner"]["ID"] for entry in reply["Contents"]]
    assert "Owner" not in s3.list_objects_v2(Bucket=bucket)["Contents"][0]
