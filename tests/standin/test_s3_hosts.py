"""Buckets named in the Host header, with both kinds of signature."""

import pytest
import requests
from botocore.auth import HmacV1QueryAuth, S3SigV4Auth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials


def send(standin, method, host, path, body=b"", signer=S3SigV4Auth, key=None):
    """Send a request that was signed for a host to the stand-in."""
    port = standin.endpoint.rpartition(":")[2]
    credentials = Credentials(standin.access, standin.secret)
    request = AWSRequest(method, f"http://{host}:{port}{path}", data=body)
    arguments = () if signer is HmacV1QueryAuth else (credentials, "s3", "us-east-1")
    if signer is HmacV1QueryAuth:
        request.auth_path = f"/{host.partition('.')[0]}{path}"
        HmacV1QueryAuth(credentials, 60).add_auth(request)
    else:
        signer(*arguments).add_auth(request)
    url = request.url.replace(f"{host}:{port}", f"127.0.0.1:{port}")
    headers = {**dict(request.headers), "Host": f"{host}:{port}"}
    return requests.request(method, url, headers=headers, data=body)


@pytest.mark.parametrize("signer", [S3SigV4Auth, S3SigV4QueryAuth, HmacV1QueryAuth])
def test_a_bucket_in_the_host_is_read(standin, s3, bucket, signer):
    s3.put_object(Bucket=bucket, Key="d/k", Body=b"x")

    reply = send(standin, "GET", f"{bucket}.localhost", "/d/k", signer=signer)

    assert (200, b"x") == (reply.status_code, reply.content)


def test_a_bucket_in_the_host_is_written_and_listed(standin, s3, bucket):
    host = f"{bucket}.localhost"

    put = send(standin, "PUT", host, "/d/k", b"by host")
    listed = send(standin, "GET", host, "/?list-type=2")

    assert (200, 200) == (put.status_code, listed.status_code)
    assert "<Key>d/k</Key>" in listed.text
    assert b"by host" == s3.get_object(Bucket=bucket, Key="d/k")["Body"].read()


def test_a_key_is_not_taken_for_a_bucket(standin, s3, bucket):
    """Where an object's key is another bucket's name, the Host decides."""
    reply = send(standin, "DELETE", f"{bucket}-absent.localhost", f"/{bucket}")

    assert (404, True) == (reply.status_code, f"{bucket}-absent" in reply.text)
    assert s3.head_bucket(Bucket=bucket)


def test_a_host_of_another_domain_is_explained(standin, bucket):
    reply = send(standin, "GET", f"{bucket}.example.org", "/k")

    assert (404, True) == (reply.status_code, "path style" in reply.text)


def test_path_style_by_name_stays(standin, s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")

    reply = send(standin, "GET", "localhost", f"/{bucket}/k")

    assert b"x" == reply.content
