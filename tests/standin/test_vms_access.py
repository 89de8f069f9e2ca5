"""Who gets in: managers, tokens, users, keys, policies, and the certificate."""

import json
import stat
import time
import urllib.request
from urllib.parse import parse_qs, urlsplit

import botocore.exceptions
import pytest
import urllib3
import vastdb
import vastpy
from cryptography import x509

from vast_standin import tls


def status(call):
    with pytest.raises(vastpy.RESTFailure) as caught:
        call()
    return caught.value.status


def refusal(call):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call()
    response = caught.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]


@pytest.fixture
def guest(vms):
    """Return a user without rights, removed afterwards with what it was given."""
    user = vms.users.post(name="guest", local_provider_id=1)
    yield user
    vms.users[str(user["id"])].delete()


def keys_of(vms, user):
    pair = vms.users[str(user["id"])].access_keys.post()
    return pair["access_key"], pair["secret_key"]


def test_secrets_are_in_files_of_their_owner_only(standin):
    files = ["credentials.json", "tls/server.key", "vms.sqlite", "objects/index.sqlite"]

    modes = {name: stat.S_IMODE((standin.data / name).stat().st_mode) for name in files}

    assert dict.fromkeys(files, 0o600) == modes
    assert 0o700 == stat.S_IMODE(standin.data.stat().st_mode)
    assert "password" not in json.dumps(standin.note)


def test_no_secret_reaches_the_logs(standin, s3, vms):
    link = s3.generate_presigned_url("list_buckets")
    token = vms.apitokens.post(name="logged")
    standin.vms(user=None, password=None, token=token["token"]).views.get()
    with urllib.request.urlopen(link) as answer:
        assert 200 == answer.status
    secrets = [standin.secret, standin.password, token["token"]]
    secrets += parse_qs(urlsplit(link).query)["X-Amz-Signature"]

    for _ in range(500):  # a line is written when its answer has gone
        logs = (standin.data / "access.log").read_text()
        if "X-Amz-Date" in logs:
            break
        time.sleep(0.01)
    logs += (standin.data.parent / "data.log").read_text()

    assert "X-Amz-Date" in logs
    assert [] == [secret for secret in secrets if secret in logs]


def test_wrong_managers_are_refused(standin):
    assert 401 == status(standin.vms(password="wrong").views.get)
    assert 401 == status(standin.vms(user="wrong").views.get)
    token = {"user": None, "password": None, "token": "wrong"}
    assert 401 == status(standin.vms(**token).views.get)


def test_only_the_folders_authority_vouches_for_the_port(standin, tmp_path):
    authority = x509.load_pem_x509_certificate(
        (standin.data / "tls" / "ca.pem").read_bytes()
    )
    leaf = x509.load_pem_x509_certificate(
        (standin.data / "tls" / "server.pem").read_bytes()
    )

    leaf.verify_directly_issued_by(authority)
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert {"localhost", "ipv4-127-0-0-1"} == set(
        names.get_values_for_type(x509.DNSName)
    )
    assert not (standin.data / "tls" / "ca.key").exists()
    with pytest.raises(urllib3.exceptions.MaxRetryError):
        standin.vms(cert_file=str(_other_authority(tmp_path))).views.get()


def _other_authority(folder):
    return tls.load_or_create(folder / "other").authority


def test_a_token_works_until_it_is_revoked(standin, vms):
    issued = vms.apitokens.post(name="robot")
    robot = standin.vms(user=None, password=None, token=issued["token"])

    assert ["default"] == [tenant["name"] for tenant in robot.tenants.get()]
    assert "token" not in json.dumps(vms.apitokens.get())

    vms.apitokens[issued["id"]].revoke.patch()
    assert 401 == status(robot.tenants.get)


def test_an_expired_token_is_refused(standin, vms):
    issued = vms.apitokens.post(name="old", expiry_date="2020-01-01T00:00:00Z")
    old = standin.vms(user=None, password=None, token=issued["token"])

    assert 401 == status(old.tenants.get)


def test_a_user_without_rights_reaches_no_foreign_bucket(
    standin, vms, guest, bucket, s3
):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    theirs = standin.s3(*keys_of(vms, guest))

    denied = (403, "AccessDenied")
    assert denied == refusal(lambda: theirs.get_object(Bucket=bucket, Key="k"))
    assert denied == refusal(
        lambda: theirs.put_object(Bucket=bucket, Key="k", Body=b"y")
    )
    assert denied == refusal(lambda: theirs.create_bucket(Bucket="guests"))
    assert denied == refusal(lambda: theirs.list_objects_v2(Bucket=bucket))
    assert denied == refusal(
        lambda: theirs.copy_object(
            Bucket=bucket, Key="c", CopySource={"Bucket": bucket, "Key": "k"}
        )
    )


def test_an_s3_policy_opens_what_it_names_and_denial_wins(
    standin, vms, guest, bucket, s3
):
    statements = [
        {
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:ListBucket"],
            "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
        },
        {
            "Effect": "Deny",
            "Action": "s3:*",
            "Resource": f"arn:aws:s3:::{bucket}/secret/*",
        },
    ]
    policy = vms.s3policies.post(
        name="readers", policy=json.dumps({"Statement": statements})
    )
    vms.users[str(guest["id"])].patch(s3_policies_ids=[policy["id"]])
    for key in ("open", "secret/k"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    theirs = standin.s3(*keys_of(vms, guest))

    assert b"x" == theirs.get_object(Bucket=bucket, Key="open")["Body"].read()
    assert 2 == theirs.list_objects_v2(Bucket=bucket)["KeyCount"]
    denied = (403, "AccessDenied")
    assert denied == refusal(lambda: theirs.get_object(Bucket=bucket, Key="secret/k"))
    assert denied == refusal(lambda: theirs.delete_object(Bucket=bucket, Key="open"))

    vms.users[str(guest["id"])].patch(s3_policies_ids=[])
    vms.s3policies[str(policy["id"])].delete()


def test_no_way_round_a_policy_leads_to_foreign_objects(
    standin, vms, guest, bucket, s3
):
    """Copies, bulk deletions, encoded slashes and SQL are judged by what they reach."""
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    vms.users[str(guest["id"])].patch(allow_create_bucket=True)
    access, secret = keys_of(vms, guest)
    theirs = standin.s3(access, secret)
    theirs.create_bucket(Bucket="of-the-guest")
    source = {"Bucket": bucket, "Key": "k"}
    gone = {"Objects": [{"Key": "k"}]}

    copied = refusal(
        lambda: theirs.copy_object(Bucket="of-the-guest", Key="c", CopySource=source)
    )
    deleted = theirs.delete_objects(Bucket=bucket, Delete=gone)
    reply = theirs.put_object(Bucket="of-the-guest", Key="own", Body=b"y")

    assert (403, "AccessDenied") == copied
    assert ["AccessDenied"] == [error["Code"] for error in deleted["Errors"]]
    assert b"x" == s3.get_object(Bucket=bucket, Key="k")["Body"].read()
    assert 200 == reply["ResponseMetadata"]["HTTPStatusCode"]
    session = vastdb.connect(endpoint=standin.endpoint, access=access, secret=secret)
    with pytest.raises(vastdb.errors.Forbidden), session.transaction() as tx:
        tx.bucket(bucket).create_schema("theirs")
    with session.transaction() as tx:
        tx.bucket("of-the-guest").create_schema("own").drop()
    theirs.delete_object(Bucket="of-the-guest", Key="own")
    theirs.delete_bucket(Bucket="of-the-guest")


def test_a_view_policy_can_make_a_bucket_read_only(standin, vms, s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    (view,) = vms.views.get(bucket=bucket)
    policy = vms.viewpolicies.post(
        name="archive", s3_read_write=[], s3_read_only=["127.0.0.0/8"]
    )
    endpoint = vms.views[str(view["id"])]
    endpoint.patch(policy_id=policy["id"])

    assert b"x" == s3.get_object(Bucket=bucket, Key="k")["Body"].read()
    assert (403, "AccessDenied") == refusal(
        lambda: s3.put_object(Bucket=bucket, Key="k", Body=b"y")
    )

    endpoint.patch(policy_id=view["policy_id"])
    vms.viewpolicies[str(policy["id"])].delete()


def test_a_disabled_or_removed_key_signs_nothing(standin, vms, guest):
    access, secret = keys_of(vms, guest)
    theirs = standin.s3(access, secret)
    endpoint = vms.users[str(guest["id"])]
    theirs.list_buckets()

    endpoint.access_keys.patch(access_key=access, enabled=False)
    assert (403, "InvalidAccessKeyId") == refusal(theirs.list_buckets)
    endpoint.access_keys.patch(access_key=access, enabled=True)
    theirs.list_buckets()
    endpoint.access_keys.delete(access_key=access)
    assert (403, "InvalidAccessKeyId") == refusal(theirs.list_buckets)
    assert secret not in json.dumps(vms.users.get())


def test_a_user_that_owns_a_bucket_stays(vms, guest):
    policy = vms.viewpolicies.get(name="default")[0]["id"]
    view = vms.views.post(
        path="/owned",
        policy_id=policy,
        protocols=["S3"],
        bucket="owned-by-guest",
        bucket_owner="guest",
        create_dir=True,
    )

    assert 409 == status(vms.users[str(guest["id"])].delete)
    vms.views[str(view["id"])].delete()
