"""The listener under requests no client sends: a proper refusal, never a crash or hang."""

import contextlib
import socket
import ssl
import urllib.parse

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest
import urllib3


def converse(address, message, *, tls=None, wait=True):
    """Send bytes as they are and return all that comes back."""
    with contextlib.ExitStack() as opened:
        stream = opened.enter_context(socket.create_connection(address, timeout=10))
        if tls:
            wrapped = tls.wrap_socket(stream, server_hostname="localhost")
            stream = opened.enter_context(wrapped)
        stream.sendall(message)
        if not wait:
            return b""
        if not tls:
            stream.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := stream.recv(65536):
            answer += piece
        return answer


@pytest.fixture
def data_port(standin):
    url = urllib.parse.urlsplit(standin.endpoint)
    return url.hostname, url.port


MALFORMED = {
    "not http": (b"hello\r\n\r\n", b"400"),
    "no version": (b"GET /\r\n\r\n", b"400"),
    "http 2 preface": (b"PRI * HTTP/2.0\r\n\r\n", b"400"),
    "unknown method": (b"BREW / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"501"),
    "absolute form": (b"GET http://h/ HTTP/1.1\r\nHost: localhost\r\n\r\n", b"400"),
    "nul in the path": (b"GET /\x00 HTTP/1.1\r\nHost: localhost\r\n\r\n", b"400"),
    "no colon": (b"GET / HTTP/1.1\r\nHost h\r\n\r\n", b"400"),
    "blank before colon": (b"GET / HTTP/1.1\r\nHost : h\r\n\r\n", b"400"),
    "folded": (b"GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", b"400"),
    "negative length": (b"PUT / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"400"),
    "odd length": (b"PUT / HTTP/1.1\r\nContent-Length: 1e3\r\n\r\n", b"400"),
    "two lengths": (
        b"PUT / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"400",
    ),
    "length and chunks": (
        b"PUT / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"400",
    ),
    "gzip transfer": (b"PUT / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", b"501"),
    "long line": (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", b"400"),
    "many headers": (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 5000 + b"\r\n", b"400"),
    "unsigned": (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"403"),
    "path not utf-8": (b"GET /%ff%fe/k HTTP/1.1\r\nHost: localhost\r\n\r\n", b"403"),
}


@pytest.mark.parametrize(("message", "code"), MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_request_is_refused_and_the_next_one_served(
    standin, s3, data_port, message, code
):
    answer = converse(data_port, message)

    assert code == answer.split(b" ")[1]
    assert b"Server: vast 5.5.0.1" in answer
    assert b"x-vast-standin" in answer
    assert b"<Error><Code>" in answer
    assert s3.list_buckets()


def test_a_peer_that_leaves_midway_does_no_harm(s3, data_port):
    for message in (b"", b"GET ", b"GET / HTTP/1.1\r\nHost", b"\x16\x03\x01\x02\x00"):
        converse(data_port, message, wait=False)

    assert s3.list_buckets()


def test_a_refused_upload_is_never_invited(data_port):
    answer = converse(
        data_port,
        b"PUT /b/k HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
        b"Content-Length: 1000000000\r\n\r\n",
    )

    assert answer.startswith(b"HTTP/1.1 403")
    assert b"100 Continue" not in answer


def test_too_long_a_body_is_refused_before_it_is_read(standin, data_port):
    request = botocore.awsrequest.AWSRequest(
        method="POST", url=f"{standin.endpoint}/?transaction", data=b""
    )
    credentials = botocore.credentials.Credentials(standin.access, standin.secret)
    botocore.auth.S3SigV4Auth(credentials, "s3", "r").add_auth(request)
    headers = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
    host = urllib.parse.urlsplit(standin.endpoint).netloc

    answer = converse(
        data_port,
        f"POST /?transaction HTTP/1.1\r\nHost: {host}\r\n{headers}"
        "Content-Length: 99999999999\r\n\r\n".encode(),
    )

    assert answer.startswith(b"HTTP/1.1 400")
    assert b"EntityTooLarge" in answer


def test_several_requests_share_a_connection(data_port):
    request = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"

    answer = converse(data_port, request * 3)

    assert 3 == answer.count(b"HTTP/1.1 403")


def test_http_1_0_is_answered_and_closed(data_port):
    answer = converse(data_port, b"GET / HTTP/1.0\r\n\r\n" * 2)

    assert 1 == answer.count(b"HTTP/1.1 403")
    assert b"Connection: close" in answer


VMS_MALFORMED = {
    "no manager": (b"GET /api/latest/views/ HTTP/1.1\r\nHost: localhost\r\n", b"401"),
    "elsewhere": (b"GET /etc/passwd HTTP/1.1\r\nHost: localhost\r\n", b"404"),
    "not base64": (
        b"GET /api/vms/ HTTP/1.1\r\nHost: [::1]\r\nAuthorization: Basic \xff\xfe\r\n",
        b"401",
    ),
}


@pytest.mark.parametrize(("message", "code"), VMS_MALFORMED.values(), ids=VMS_MALFORMED)
def test_the_management_port_refuses_likewise(standin, message, code):
    host, _, port = standin.vms_address.rpartition(":")
    tls = ssl.create_default_context(cafile=standin.cert_file)

    answer = converse(
        (host, int(port)), message + b"Connection: close\r\n\r\n", tls=tls
    )

    assert code == answer.split(b" ")[1]
    assert b'"detail"' in answer


def test_plain_http_on_the_management_port_is_dropped(standin, vms):
    host, _, port = standin.vms_address.rpartition(":")

    try:
        answer = converse(
            (host, int(port)), b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
        )
    except OSError:
        answer = b""

    assert b"200" not in answer
    assert vms.tenants.get()


def test_bodies_that_are_no_json_objects_are_refused(standin):
    pool = urllib3.PoolManager(ca_certs=standin.cert_file)
    headers = urllib3.make_headers(basic_auth=f"{standin.user}:{standin.password}")
    url = f"https://{standin.vms_address}/api/latest/views/"

    for body in (b"{", b"[]", b'"x"', b"\xff", b"[" * 100_000, b"x" * 2_000_000):
        json_headers = {**headers, "Content-Type": "application/json"}
        answer = pool.request("POST", url, headers=json_headers, body=body)
        assert 400 == answer.status
    assert 415 == pool.request("POST", url, headers=headers, body=b"{}").status
