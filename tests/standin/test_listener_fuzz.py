"""Whatever bytes arrive: a head, a body and a policy are read or refused, never worse."""

import io
from types import SimpleNamespace

import hypothesis.strategies as st
from hypothesis import given

from vast_standin.body import Body
from vast_standin.head import Head, parse_head
from vast_standin.http import ProtocolError
from vast_standin.payload import open_payload
from vast_standin.s3.conditions import parse_range
from vast_standin.s3.documents import parse_document
from vast_standin.sigv4 import parse_claim

LINES = st.lists(
    st.one_of(
        st.binary(max_size=40),
        st.sampled_from(
            [
                b"GET / HTTP/1.1",
                b"Host: h",
                b"Content-Length: 5",
                b"Transfer-Encoding: chunked",
                b"Authorization: AWS4-HMAC-SHA256 Credential=a/b/c/s3/aws4_request",
                b"",
            ]
        ),
    ),
    max_size=8,
)


def refused_or(read):
    """Return what is read, None if it is refused with a proper status."""
    try:
        return read()
    except ProtocolError as error:
        status = error.status
    assert 400 <= status < 600
    return None


@given(LINES)
def test_any_head_is_read_or_refused(lines):
    head = refused_or(lambda: parse_head(io.BytesIO(b"\r\n".join(lines) + b"\r\n")))

    assert head is None or isinstance(head, Head)


@given(st.binary(max_size=200), st.integers(0, 100))
def test_a_body_never_reads_beyond_its_length(data, length):
    stream = io.BytesIO(data)

    got = refused_or(lambda: Body(stream, length, None).read())

    assert stream.tell() <= length
    assert got is None or got == data[:length]


@given(st.lists(st.binary(max_size=20), max_size=6), st.binary(max_size=10))
def test_chunks_give_back_what_was_cut_into_them(pieces, following):
    coded = b"".join(b"%x\r\n%b\r\n" % (len(p), p) for p in pieces if p)
    stream = io.BytesIO(coded + b"0\r\n\r\n" + following)
    body = Body(stream, -1, None)

    assert b"".join(pieces) == body.read()
    assert (0, following) == (body.remaining, stream.read())


@given(st.binary(max_size=100))
def test_any_chunks_end(data):
    body = Body(io.BytesIO(data), -1, None)

    refused_or(lambda: body.read(1000))

    assert body.remaining in (0, -1)


@given(st.binary(max_size=200), st.integers(0, 100))
def test_any_aws_chunks_give_the_declared_length_or_a_refusal(data, length):
    request = SimpleNamespace(
        body=io.BytesIO(data),
        content_length=len(data),
        headers={"x-amz-decoded-content-length": str(length)},
    )
    proof = SimpleNamespace(payload="STREAMING-UNSIGNED-PAYLOAD-TRAILER", signature="")
    reader, declared, _ = open_payload(request, proof)

    got = refused_or(reader.read)

    assert got is None or len(got) == declared


@given(st.text(max_size=200), st.text(max_size=20))
def test_any_authorization_is_a_claim_or_refused(authorization, stamp):
    request = SimpleNamespace(
        headers={"authorization": authorization, "x-amz-date": stamp},
        query=(),
        content_length=0,
    )

    refused_or(lambda: parse_claim(request))


@given(st.text(max_size=30), st.integers(0, 50))
def test_a_range_is_within_the_object_or_ignored(text, size):
    span = refused_or(lambda: parse_range(f"bytes={text}", size))

    assert span is None or (span[0] >= 0 and span[1] > 0 and sum(span) <= size)


@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)))
def test_any_document_is_read_or_refused(body):
    refused_or(lambda: parse_document(body, "Delete"))


def test_a_document_that_explodes_is_refused():
    bomb = b'<!DOCTYPE d [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><Delete>&b;</Delete>'

    assert refused_or(lambda: parse_document(bomb, "Delete")) is None
