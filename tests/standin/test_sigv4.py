"""Signatures: every signer is accepted, every alteration is refused."""

import http.client
import urllib.parse
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest
import requests
from aws_requests_auth.aws_auth import AWSRequestsAuth

from vast_standin import sigv4
from vast_standin.http import ProtocolError, Request

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"


def request(method, url, headers, length=0):
    parts = urllib.parse.urlsplit(url)
    names = {name.lower(): value for name, value in headers.items()}
    query = tuple(urllib.parse.parse_qsl(parts.query, keep_blank_values=True))
    return Request(method, parts.path, query, parts.query, names, None, length)


def verified(request, now=None, secret=SECRET):
    return sigv4.verify(
        request,
        {"AK": secret}.get,
        now=now or datetime.now(UTC),
    )


def sdk_signed(method, target, body=b""):
    """Sign as the vendor's database SDK does."""
    auth = AWSRequestsAuth("AK", SECRET, "127.0.0.1:8080", "", "s3")
    prepared = requests.Request(
        method, f"http://127.0.0.1:8080{target}", data=body, auth=auth
    ).prepare()
    headers = {**prepared.headers, "host": "127.0.0.1:8080"}
    return request(method, f"http://x{prepared.path_url}", headers, len(body))


def aws_signed(method, target, *, region="eu-central-1", host="127.0.0.1", headers=()):
    """Sign as botocore does for S3."""
    aws_request = botocore.awsrequest.AWSRequest(
        method=method, url=f"http://{host}{target}", headers=dict(headers), data=b""
    )
    credentials = botocore.credentials.Credentials("AK", SECRET)
    botocore.auth.S3SigV4Auth(credentials, "s3", region).add_auth(aws_request)
    return request(
        method, f"http://{host}{target}", {"host": host, **aws_request.headers}
    )


TARGETS = (
    "/",
    "/?transaction",
    "/b/s/t?data",
    "/b/a%20b/t%C3%BC?column&tabular-column-name=x+y%2F&tabular-new-column-name=z",
    "/b/100%25/t?rows",
    "/b/s/t?z=1&a=2&a=1&b",
)


@pytest.mark.parametrize("target", TARGETS)
def test_the_database_sdk_is_understood(target):
    assert "AK" == verified(sdk_signed("GET", target)).access_key


@pytest.mark.parametrize(
    "target", ["/", "/b/k%20%2B%C3%BC", "/b?list-type=2&prefix=a%2Fb"]
)
@pytest.mark.parametrize("region", ["us-east-1", "vast"])
def test_s3_clients_are_understood(target, region):
    assert "AK" == verified(aws_signed("GET", target, region=region)).access_key


def test_the_host_counts_as_it_was_sent():
    assert "AK" == verified(aws_signed("GET", "/", host="ipv4-127-0-0-1")).access_key
    request = aws_signed("GET", "/")
    request.headers["host"] = "elsewhere"

    with pytest.raises(ProtocolError) as caught:
        verified(request)

    assert (403, "SignatureDoesNotMatch") == (caught.value.status, caught.value.code)


def altered(request, **changes):
    return SimpleNamespace(**{**vars(request), **changes})


ALTERATIONS = {
    "method": {"method": "PUT"},
    "path": {"path": "/b/other"},
    "query": {"raw_query": "data&more=1"},
}


@pytest.mark.parametrize("changes", ALTERATIONS.values(), ids=ALTERATIONS)
@pytest.mark.parametrize("signed", [sdk_signed, aws_signed])
def test_an_altered_request_is_refused(signed, changes):
    with pytest.raises(ProtocolError, match="does not match"):
        verified(altered(signed("GET", "/b/t?data"), **changes))


def test_a_wrong_secret_is_refused():
    with pytest.raises(ProtocolError, match="does not match"):
        verified(sdk_signed("GET", "/"), secret="other")


@pytest.mark.parametrize("minutes", [-16, 16])
def test_a_clock_too_far_off_is_refused(minutes):
    request = sdk_signed("GET", "/")

    with pytest.raises(ProtocolError) as caught:
        verified(request, now=datetime.now(UTC) + timedelta(minutes=minutes))

    assert "RequestTimeTooSkewed" == caught.value.code


def test_a_clock_a_little_off_is_tolerated():
    for minutes in (-14, 14):
        verified(
            sdk_signed("GET", "/"), now=datetime.now(UTC) + timedelta(minutes=minutes)
        )


def presigned(seconds):
    aws_request = botocore.awsrequest.AWSRequest(
        method="GET", url="http://h/b/k%20%C3%BC"
    )
    credentials = botocore.credentials.Credentials("AK", SECRET)
    botocore.auth.S3SigV4QueryAuth(credentials, "s3", "vast", expires=seconds).add_auth(
        aws_request
    )
    return request("GET", aws_request.url, {"host": "h"})


def test_a_presigned_url_ends_when_it_says():
    request = presigned(60)

    assert "AK" == verified(request).access_key
    with pytest.raises(ProtocolError, match="expired"):
        verified(request, now=datetime.now(UTC) + timedelta(seconds=61))


BROKEN = {
    "none": {},
    "basic": {"authorization": "Basic QTpC"},
    "empty": {"authorization": "AWS4-HMAC-SHA256 "},
    "no scope": {
        "authorization": "AWS4-HMAC-SHA256 Credential=AK, SignedHeaders=host, Signature=0"
    },
    "other service": {
        "authorization": "AWS4-HMAC-SHA256 Credential=AK/20200101/r/ec2/aws4_request, "
        f"SignedHeaders=host;x-amz-date, Signature={'0' * 64}"
    },
    "host not signed": {
        "authorization": "AWS4-HMAC-SHA256 Credential=AK/20200101/r/s3/aws4_request, "
        f"SignedHeaders=x-amz-date, Signature={'0' * 64}"
    },
    "no date": {
        "authorization": "AWS4-HMAC-SHA256 Credential=AK/20200101/r/s3/aws4_request, "
        f"SignedHeaders=host;x-amz-date, Signature={'0' * 64}",
        "x-amz-date": "yesterday",
    },
    "not ascii": {
        "authorization": "AWS4-HMAC-SHA256 Credential=AK/20200101/r/s3/aws4_request, "
        f"SignedHeaders=host;x-amz-date, Signature={'ö' * 64}",
        "x-amz-date": "20200101T000000Z",
    },
}


@pytest.mark.parametrize("headers", BROKEN.values(), ids=BROKEN)
def test_a_broken_authorization_is_refused(headers):
    with pytest.raises(ProtocolError) as caught:
        verified(request("GET", "http://h/", {"host": "h", **headers}))

    assert caught.value.status in (400, 403)


def test_an_unknown_key_is_refused_by_the_server(standin):
    with pytest.raises(Exception, match="InvalidAccessKeyId"):
        standin.s3("BAD", "secret").list_buckets()


def test_a_body_that_is_not_the_signed_one_changes_nothing(standin, s3, bucket):
    """Sign one body and send another, of the same length."""
    url = urllib.parse.urlsplit(standin.endpoint)
    request = botocore.awsrequest.AWSRequest(
        method="PUT", url=f"{standin.endpoint}/{bucket}/k", data=b"good"
    )
    credentials = botocore.credentials.Credentials(standin.access, standin.secret)
    botocore.auth.S3SigV4Auth(credentials, "s3", "r").add_auth(request)
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=10)

    connection.request(
        "PUT", f"/{bucket}/k", body=b"evil", headers=dict(request.headers)
    )
    answer = connection.getresponse()

    assert 400 == answer.status
    assert b"XAmzContentSHA256Mismatch" in answer.read()
    assert 0 == s3.list_objects_v2(Bucket=bucket)["KeyCount"]
    connection.close()
