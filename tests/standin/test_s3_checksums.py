"""Checksums of multipart uploads, parts read one by one, attributes of objects."""

import base64
import hashlib
import os
import zlib

import pytest

from vast_standin.s3 import checksums, crc

PART = 5 * 1024 * 1024
BODY = os.urandom(PART) + b"the rest"
PIECES = [BODY[:PART], BODY[PART:]]


def crc32(data):
    return zlib.crc32(data).to_bytes(4, "big")


def crc_of(kind):
    def digest(data):
        running = crc.Crc(kind)
        running.update(data)
        return running.digest()

    return digest


DIGESTS = {
    "CRC32": crc32,
    "CRC32C": crc_of(crc.CRC32C),
    "CRC64NVME": crc_of(crc.CRC64NVME),
    "SHA1": lambda data: hashlib.sha1(data, usedforsecurity=False).digest(),
    "SHA256": lambda data: hashlib.sha256(data).digest(),
}
KINDS = [
    *((name, "COMPOSITE") for name in ("CRC32", "CRC32C", "SHA1", "SHA256")),
    *((name, "FULL_OBJECT") for name in ("CRC32", "CRC32C", "CRC64NVME")),
]


def coded(digest):
    return base64.b64encode(digest).decode()


def expected(name, kind):
    digest = DIGESTS[name]
    if kind == "FULL_OBJECT":
        return coded(digest(BODY))
    return coded(digest(b"".join(digest(piece) for piece in PIECES))) + "-2"


def begun(s3, bucket, **declared):
    """Return the reply of a begun upload and the arguments that name it."""
    target = {"Bucket": bucket, "Key": "k"}
    reply = s3.create_multipart_upload(**target, **declared)
    return reply, target | {"UploadId": reply["UploadId"]}


def sent(s3, upload, name=None):
    """Upload the pieces; return them as a completion lists them."""
    parts = []
    for number, piece in enumerate(PIECES, 1):
        declared = {"ChecksumAlgorithm": name} if name else {}
        reply = s3.upload_part(**upload, PartNumber=number, Body=piece, **declared)
        part = {"PartNumber": number, "ETag": reply["ETag"]}
        if name:
            part[f"Checksum{name}"] = reply[f"Checksum{name}"]
        parts.append(part)
    return {"Parts": parts}


@pytest.mark.parametrize(("name", "kind"), KINDS)
def test_an_upload_has_the_checksum_it_declared(s3, bucket, name, kind):
    reply, upload = begun(s3, bucket, ChecksumAlgorithm=name, ChecksumType=kind)
    # Not every version of boto3 computes each algorithm: the server has to.
    parts = sent(s3, upload, name if name in ("CRC32", "SHA1", "SHA256") else None)
    listed = s3.list_parts(**upload)
    done = s3.complete_multipart_upload(**upload, MultipartUpload=parts)
    head = s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")

    element = f"Checksum{name}"
    assert (name, kind) == (reply["ChecksumAlgorithm"], reply["ChecksumType"])
    assert (name, kind) == (listed["ChecksumAlgorithm"], listed["ChecksumType"])
    assert [coded(DIGESTS[name](piece)) for piece in PIECES] == [
        part[element] for part in listed["Parts"]
    ]
    for answer in (done, head):
        assert (expected(name, kind), kind) == (
            answer[element],
            answer["ChecksumType"],
        )
    assert BODY == s3.get_object(Bucket=bucket, Key="k")["Body"].read()


@pytest.mark.parametrize(
    "declared",
    [
        {"ChecksumAlgorithm": "SHA256", "ChecksumType": "FULL_OBJECT"},
        {"ChecksumAlgorithm": "CRC64NVME", "ChecksumType": "COMPOSITE"},
    ],
)
def test_a_checksum_that_cannot_be_made_is_refused(s3, bucket, declared):
    with pytest.raises(s3.exceptions.ClientError, match="InvalidRequest"):
        begun(s3, bucket, **declared)


def test_a_wrong_checksum_completes_nothing(s3, bucket):
    declared = {"ChecksumAlgorithm": "CRC32", "ChecksumType": "FULL_OBJECT"}
    _, upload = begun(s3, bucket, **declared)
    parts = sent(s3, upload, "CRC32")
    wrong = {"Parts": [part | {"ChecksumCRC32": "AAAAAA=="} for part in parts["Parts"]]}
    refused = [
        ({"MultipartUpload": wrong}, "InvalidPart"),
        ({"MultipartUpload": parts, "ChecksumCRC32": "AAAAAA=="}, "BadDigest"),
        ({"MultipartUpload": parts, "ChecksumType": "COMPOSITE"}, "InvalidRequest"),
        ({"MultipartUpload": parts, "MpuObjectSize": 7}, "InvalidRequest"),
        ({"MultipartUpload": parts, "ChecksumSHA256": "AAAA"}, "InvalidRequest"),
    ]

    for arguments, code in refused:
        with pytest.raises(s3.exceptions.ClientError, match=code):
            s3.complete_multipart_upload(**upload, **arguments)
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)
    s3.complete_multipart_upload(
        **upload,
        MultipartUpload=parts,
        MpuObjectSize=len(BODY),
        ChecksumCRC32=expected("CRC32", "FULL_OBJECT"),
    )


def test_attributes_and_parts_of_an_object(s3, bucket):
    _, upload = begun(s3, bucket, ChecksumAlgorithm="SHA256")
    done = s3.complete_multipart_upload(
        **upload, MultipartUpload=sent(s3, upload, "SHA256")
    )
    target = {"Bucket": bucket, "Key": "k"}
    names = ["ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"]

    all_of_it = s3.get_object_attributes(**target, ObjectAttributes=names)
    page = s3.get_object_attributes(
        **target, ObjectAttributes=["ObjectParts"], MaxParts=1, PartNumberMarker=1
    )
    second = s3.get_object(**target, PartNumber=2, ChecksumMode="ENABLED")

    assert done["ETag"].strip('"') == all_of_it["ETag"]
    assert done["ChecksumSHA256"] == all_of_it["Checksum"]["ChecksumSHA256"]
    assert ("STANDARD", len(BODY)) == (
        all_of_it["StorageClass"],
        all_of_it["ObjectSize"],
    )
    assert [(1, PART), (2, 8)] == [
        (part["PartNumber"], part["Size"]) for part in all_of_it["ObjectParts"]["Parts"]
    ]
    assert (2, False, [2]) == (
        page["ObjectParts"]["TotalPartsCount"],
        page["ObjectParts"]["IsTruncated"],
        [part["PartNumber"] for part in page["ObjectParts"]["Parts"]],
    )
    assert (206, 2, b"the rest") == (
        second["ResponseMetadata"]["HTTPStatusCode"],
        second["PartsCount"],
        second["Body"].read(),
    )
    assert coded(DIGESTS["SHA256"](b"the rest")) == second["ChecksumSHA256"]
    with pytest.raises(s3.exceptions.ClientError, match="416"):
        s3.head_object(**target, PartNumber=3)


def test_a_whole_object_is_its_own_first_part(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"abc", ChecksumAlgorithm="SHA1")
    target = {"Bucket": bucket, "Key": "k"}

    reply = s3.get_object_attributes(
        **target, ObjectAttributes=["Checksum", "ObjectParts"]
    )

    assert "ObjectParts" not in reply
    assert {
        "ChecksumSHA1": coded(DIGESTS["SHA1"](b"abc")),
        "ChecksumType": "FULL_OBJECT",
    } == reply["Checksum"]
    assert b"abc" == s3.get_object(**target, PartNumber=1)["Body"].read()
    with pytest.raises(s3.exceptions.ClientError, match="InvalidPartNumber"):
        s3.get_object(**target, PartNumber=2)


def test_a_copy_gets_the_checksum_that_is_asked_for(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"abc", ChecksumAlgorithm="CRC32")

    reply = s3.copy_object(
        Bucket=bucket,
        Key="copy",
        CopySource=f"{bucket}/k",
        ChecksumAlgorithm="SHA256",
    )
    head = s3.head_object(Bucket=bucket, Key="copy", ChecksumMode="ENABLED")

    digest = coded(DIGESTS["SHA256"](b"abc"))
    assert digest == reply["CopyObjectResult"]["ChecksumSHA256"]
    assert digest == head["ChecksumSHA256"]


def test_a_copied_part_counts_in_the_checksum(s3, bucket):
    s3.put_object(Bucket=bucket, Key="source", Body=BODY)
    _, upload = begun(s3, bucket, ChecksumAlgorithm="CRC64NVME")
    parts = []
    for number, span in ((1, f"bytes=0-{PART - 1}"), (2, f"bytes={PART}-{PART + 7}")):
        copied = s3.upload_part_copy(
            **upload,
            PartNumber=number,
            CopySource=f"{bucket}/source",
            CopySourceRange=span,
        )["CopyPartResult"]
        parts.append({"PartNumber": number, "ETag": copied["ETag"]})

    done = s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})

    assert expected("CRC64NVME", "FULL_OBJECT") == done["ChecksumCRC64NVME"]


@pytest.mark.parametrize("cut", [0, 1, 7, 4096, 99_999, 100_000])
@pytest.mark.parametrize("name", ["CRC32", "CRC32C", "CRC64NVME"])
def test_checksums_of_parts_are_joined(name, cut):
    data = BODY[:100_000]
    sums = [
        (len(piece), coded(DIGESTS[name](piece))) for piece in (data[:cut], data[cut:])
    ]

    joined = checksums.checksum_of_parts(name.lower(), "FULL_OBJECT", sums)

    assert coded(DIGESTS[name](data)) == joined
