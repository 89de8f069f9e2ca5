"""Files uploaded by forms with a signed policy, as boto3 presigns them."""

import os

import pytest
import requests


def post(form, body=b"hello", name="f.txt", **changes):
    """Send a form as a browser does; a field set to None is removed."""
    fields = {**form["fields"], **changes}
    fields = {key: value for key, value in fields.items() if value is not None}
    return requests.post(
        form["url"],
        data=fields,
        files={"file": (name, body)},
        allow_redirects=False,
    )


@pytest.fixture(params=["s3v4", "s3"])
def client(standin, request):
    """Return a client of each signature version."""
    made = standin.s3(signature_version=request.param)
    yield made
    made.close()


def test_a_form_uploads_a_file(client, s3, bucket):
    form = client.generate_presigned_post(bucket, "ü/k", ExpiresIn=600)

    reply = post(form)
    got = s3.get_object(Bucket=bucket, Key="ü/k")

    assert (204, b"hello") == (reply.status_code, got["Body"].read())
    assert got["ETag"] == reply.headers["ETag"]


def test_fields_become_headers_metadata_and_tags(client, s3, bucket):
    fields = {
        "Content-Type": "text/x",
        "x-amz-meta-colour": "blue",
        "acl": "private",
        "tagging": "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet>"
        "</Tagging>",
        "success_action_status": "201",
    }
    conditions = [{name: value} for name, value in fields.items()]
    form = client.generate_presigned_post(
        bucket, "d/${filename}", Fields=fields, Conditions=conditions
    )

    reply = post(form)
    target = {"Bucket": bucket, "Key": "d/f.txt"}
    head = s3.head_object(**target)

    assert (201, True) == (reply.status_code, "<Key>d/f.txt</Key>" in reply.text)
    assert ("text/x", {"colour": "blue"}) == (head["ContentType"], head["Metadata"])
    assert [{"Key": "a", "Value": "b"}] == s3.get_object_tagging(**target)["TagSet"]


def test_a_long_file_is_streamed_whole(client, s3, bucket):
    body = os.urandom(7_000_001)
    form = client.generate_presigned_post(bucket, "k")

    assert 204 == post(form, body).status_code
    assert body == s3.get_object(Bucket=bucket, Key="k")["Body"].read()


def test_a_form_redirects(client, bucket):
    fields = {"success_action_redirect": "http://localhost/done"}
    form = client.generate_presigned_post(
        bucket, "k", Fields=fields, Conditions=[fields]
    )

    reply = post(form)

    assert 303 == reply.status_code
    assert reply.headers["Location"].startswith(
        f"http://localhost/done?bucket={bucket}&key=k&etag="
    )


REFUSED = {
    "another key": ({"key": "other"}, 403, "Policy Condition failed"),
    "an extra field": ({"x-amz-meta-a": "b"}, 403, "Extra input fields"),
    "another policy": ({"policy": "e30="}, 403, "SignatureDoesNotMatch"),
    "no policy": ({"policy": None}, 403, "AccessDenied"),
    "another bucket": ({"bucket": "other"}, 403, "another bucket"),
}


@pytest.mark.parametrize("change", REFUSED)
def test_a_form_that_was_changed_is_refused(client, s3, bucket, change):
    form = client.generate_presigned_post(bucket, "k")
    fields, status, text = REFUSED[change]

    reply = post(form, **fields)

    assert (status, True) == (reply.status_code, text in reply.text)
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)


def test_a_form_ends(client, bucket):
    form = client.generate_presigned_post(bucket, "k", ExpiresIn=-1)

    reply = post(form)

    assert (403, True) == (reply.status_code, "Policy expired" in reply.text)


@pytest.mark.parametrize(
    ("body", "code"), [(b"", "EntityTooSmall"), (b"x" * 11, "EntityTooLarge")]
)
def test_the_size_is_limited(client, s3, bucket, body, code):
    form = client.generate_presigned_post(
        bucket, "k", Conditions=[["content-length-range", 1, 10]]
    )

    reply = post(form, body)

    assert (400, True) == (reply.status_code, code in reply.text)
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)
    assert 204 == post(form, b"x" * 10).status_code


def test_prefixes_hold_for_fields(client, bucket):
    form = client.generate_presigned_post(
        bucket,
        "d/${filename}",
        Conditions=[["starts-with", "$Content-Type", "image/"]],
    )

    assert 204 == post(form, **{"Content-Type": "image/png"}).status_code
    assert 403 == post(form, **{"Content-Type": "text/html"}).status_code


def test_what_a_form_cannot_do_is_refused(client, s3, bucket):
    for fields in (
        {"acl": "public-read"},
        {"x-amz-object-lock-mode": "COMPLIANCE"},
        {"x-amz-server-side-encryption": "AES256"},
    ):
        form = client.generate_presigned_post(
            bucket, "k", Fields=fields, Conditions=[fields]
        )
        assert 501 == post(form).status_code
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)


def test_a_header_cannot_be_smuggled_in_a_field(client, s3, bucket):
    fields = {"Content-Type": "a\r\nSet-Cookie: b"}
    form = client.generate_presigned_post(
        bucket, "k", Fields=fields, Conditions=[fields]
    )

    assert 400 == post(form).status_code


def test_a_broken_form_is_refused(standin, bucket):
    url = f"{standin.endpoint}/{bucket}"
    kind = {"Content-Type": "multipart/form-data; boundary=b"}
    part = b'--b\r\nContent-Disposition: form-data; name="key"\r\n\r\nk\r\n'
    for body in (b"", b"--b", part, part + b"--b--\r\n"):
        assert 400 == requests.post(url, data=body, headers=kind).status_code
    assert (
        400
        == requests.post(
            url, data=part, headers={"Content-Type": "multipart/form-data"}
        ).status_code
    )
