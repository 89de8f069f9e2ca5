"""Presigned URLs of both signature versions, without a key."""

import re
import time
import urllib.error
import urllib.request

import pytest


@pytest.mark.parametrize("version", ["s3v4", "s3"])
def test_presigned_urls_read_and_write_without_a_key(standin, s3, bucket, version):
    """Version 2 ("s3") is what boto3 makes where nothing else is asked for."""
    client = standin.s3(signature_version=version)
    put = client.generate_presigned_url(
        "put_object",
        {
            "Bucket": bucket,
            "Key": "a/ü +",
            "ContentType": "text/x",
            "Metadata": {"k": "v"},
        },
    )
    get = client.generate_presigned_url(
        "get_object",
        {"Bucket": bucket, "Key": "a/ü +", "ResponseContentType": "text/y; q=1"},
    )

    headers = {"Content-Type": "text/x", "x-amz-meta-k": "v"}
    request = urllib.request.Request(
        put, data=b"by link", method="PUT", headers=headers
    )
    with urllib.request.urlopen(request) as answer:
        assert 200 == answer.status
    with urllib.request.urlopen(get) as answer:
        assert ("text/y; q=1", b"by link") == (
            answer.headers["Content-Type"],
            answer.read(),
        )
    assert {"k": "v"} == s3.head_object(Bucket=bucket, Key="a/ü +")["Metadata"]
    client.close()


CHANGES = {
    "method": lambda url: urllib.request.Request(url, data=b"x", method="PUT"),
    "key": lambda url: url.replace("/k?", "/other?"),
    "end": lambda url: re.sub(r"(Expires)=\d+", rf"\1={int(time.time()) + 3000}", url),
    "signature": lambda url: re.sub(r"(Signature)=..", r"\1=zz", url),
    "user": lambda url: re.sub(r"(AWSAccessKeyId|Credential)=..", r"\1=zz", url),
}


@pytest.mark.parametrize("version", ["s3v4", "s3"])
@pytest.mark.parametrize("change", CHANGES)
def test_a_presigned_url_that_was_changed_is_refused(
    standin, s3, bucket, version, change
):
    client = standin.s3(signature_version=version)
    s3.put_object(Bucket=bucket, Key="k", Body=b"kept")
    url = client.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "k"})

    with pytest.raises(urllib.error.HTTPError, match=r"40[03]"):
        urllib.request.urlopen(CHANGES[change](url))

    assert b"kept" == s3.get_object(Bucket=bucket, Key="k")["Body"].read()
    client.close()


@pytest.mark.parametrize("version", ["s3v4", "s3"])
def test_a_presigned_url_ends(standin, s3, bucket, version):
    client = standin.s3(signature_version=version)
    s3.put_object(Bucket=bucket, Key="k", Body=b"kept")
    url = client.generate_presigned_url(
        "get_object", {"Bucket": bucket, "Key": "k"}, ExpiresIn=-1
    )
    client.close()

    with pytest.raises(urllib.error.HTTPError, match=r"40[03]"):
        urllib.request.urlopen(url)
