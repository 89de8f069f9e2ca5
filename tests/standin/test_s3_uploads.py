"""Multipart uploads and long streams through boto3 and Arrow."""

import hashlib
import os

import psutil
import pyarrow.fs
import pytest

PART = 5 * 1024 * 1024


def test_parts_become_one_object(s3, bucket):
    body = os.urandom(2 * PART + 1000)
    upload = s3.create_multipart_upload(
        Bucket=bucket, Key="k", Metadata={"a": "b"}, ContentType="text/plain"
    )["UploadId"]
    parts = []
    for number, start in ((1, 0), (2, PART), (3, 2 * PART)):
        piece = body[start : start + PART]
        tag = s3.upload_part(
            Bucket=bucket, Key="k", UploadId=upload, PartNumber=number, Body=piece
        )["ETag"]
        parts.append({"PartNumber": number, "ETag": tag})

    listed = s3.list_parts(Bucket=bucket, Key="k", UploadId=upload)["Parts"]
    done = s3.complete_multipart_upload(
        Bucket=bucket, Key="k", UploadId=upload, MultipartUpload={"Parts": parts}
    )
    got = s3.get_object(Bucket=bucket, Key="k")

    assert [p["ETag"] for p in parts] == [p["ETag"] for p in listed]
    assert done["ETag"].endswith('-3"')
    assert hashlib.sha256(body).digest() == hashlib.sha256(got["Body"].read()).digest()
    assert ({"a": "b"}, "text/plain") == (got["Metadata"], got["ContentType"])
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)


def test_an_aborted_upload_leaves_no_bytes(standin, s3, bucket):
    def stored() -> int:
        folder = standin.data / "objects" / "data"
        return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())

    before = stored()
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    s3.upload_part(
        Bucket=bucket, Key="k", UploadId=upload, PartNumber=1, Body=b"x" * 100_000
    )
    assert before + 100_000 == stored()

    s3.abort_multipart_upload(Bucket=bucket, Key="k", UploadId=upload)

    assert before == stored()
    with pytest.raises(s3.exceptions.NoSuchUpload):
        s3.list_parts(Bucket=bucket, Key="k", UploadId=upload)


def test_small_and_misordered_parts_are_refused(s3, bucket):
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    tags = [
        s3.upload_part(
            Bucket=bucket, Key="k", UploadId=upload, PartNumber=n, Body=b"tiny"
        )["ETag"]
        for n in (1, 2)
    ]

    def complete(numbers):
        parts = [{"PartNumber": n, "ETag": tags[n - 1]} for n in numbers]
        s3.complete_multipart_upload(
            Bucket=bucket, Key="k", UploadId=upload, MultipartUpload={"Parts": parts}
        )

    with pytest.raises(s3.exceptions.ClientError, match="EntityTooSmall"):
        complete([1, 2])
    with pytest.raises(s3.exceptions.ClientError, match="InvalidPartOrder"):
        complete([2, 1])


def test_a_part_can_be_a_range_of_an_object(s3, bucket):
    body = os.urandom(PART + 10)
    s3.put_object(Bucket=bucket, Key="source", Body=body)
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    parts = []
    for number, span in ((1, f"bytes=5-{PART + 4}"), (2, "bytes=0-4")):
        tag = s3.upload_part_copy(
            Bucket=bucket,
            Key="k",
            UploadId=upload,
            PartNumber=number,
            CopySource={"Bucket": bucket, "Key": "source"},
            CopySourceRange=span,
        )["CopyPartResult"]["ETag"]
        parts.append({"PartNumber": number, "ETag": tag})
    s3.complete_multipart_upload(
        Bucket=bucket, Key="k", UploadId=upload, MultipartUpload={"Parts": parts}
    )

    got = s3.get_object(Bucket=bucket, Key="k")["Body"].read()

    assert body[5 : PART + 5] + body[:5] == got


def test_a_long_stream_is_stored_in_bounded_memory(standin, s3, bucket, tmp_path):
    size = 96 * 1024 * 1024
    path = tmp_path / "zeros"
    with path.open("wb") as file:
        file.truncate(size)
    process = psutil.Process(standin.process.pid)
    before = process.memory_info().rss

    with path.open("rb") as file:
        s3.put_object(Bucket=bucket, Key="one", Body=file)
    after_one = process.memory_info().rss
    s3.upload_file(str(path), bucket, "many")

    for key in ("one", "many"):
        assert size == s3.head_object(Bucket=bucket, Key=key)["ContentLength"]
    assert after_one - before < 24 * 1024 * 1024
    assert process.memory_info().rss - before < 64 * 1024 * 1024


@pytest.fixture
def arrow(standin):
    return pyarrow.fs.S3FileSystem(
        access_key=standin.access,
        secret_key=standin.secret,
        endpoint_override=standin.endpoint,
        region="us-east-1",
    )


def test_arrow_writes_reads_and_lists(arrow, bucket):
    body = os.urandom(12 * 1024 * 1024)
    with arrow.open_output_stream(f"{bucket}/d/x") as sink:
        sink.write(body)
    with arrow.open_input_file(f"{bucket}/d/x") as source:
        source.seek(1000)
        piece = source.read(5000)
    entries = arrow.get_file_info(pyarrow.fs.FileSelector(bucket, recursive=True))

    assert body[1000:6000] == piece
    assert {f"{bucket}/d", f"{bucket}/d/x"} == {info.path for info in entries}
    assert arrow.get_file_info(f"{bucket}/none").type == pyarrow.fs.FileType.NotFound

    arrow.delete_dir(f"{bucket}/d")
    assert [] == arrow.get_file_info(pyarrow.fs.FileSelector(bucket))
