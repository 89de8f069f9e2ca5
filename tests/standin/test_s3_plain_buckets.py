"""What a bucket without versions and configurations answers; completions repeated."""

import contextlib
import sqlite3
import threading

import pytest

QUESTIONS = {
    "get_bucket_policy": "NoSuchBucketPolicy",
    "get_bucket_policy_status": "NoSuchBucketPolicy",
    "get_bucket_lifecycle_configuration": "NoSuchLifecycleConfiguration",
    "get_bucket_tagging": "NoSuchTagSet",
    "get_bucket_cors": "NoSuchCORSConfiguration",
    "get_bucket_website": "NoSuchWebsiteConfiguration",
    "get_bucket_replication": "ReplicationConfigurationNotFoundError",
    "get_object_lock_configuration": "ObjectLockConfigurationNotFoundError",
    "get_bucket_encryption": "ServerSideEncryptionConfigurationNotFoundError",
    "get_public_access_block": "NoSuchPublicAccessBlockConfiguration",
}
ANSWERS = {
    "get_bucket_notification_configuration": {},
    "get_bucket_logging": {},
    "get_bucket_accelerate_configuration": {},
    "get_bucket_request_payment": {"Payer": "BucketOwner"},
    "get_bucket_ownership_controls": {
        "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    },
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_what_is_not_configured_is_absent(s3, bucket, question):
    with pytest.raises(s3.exceptions.ClientError) as raised:
        getattr(s3, question)(Bucket=bucket)

    assert QUESTIONS[question] == raised.value.response["Error"]["Code"]


@pytest.mark.parametrize("question", ANSWERS)
def test_what_each_bucket_has_is_plain(s3, bucket, question):
    reply = getattr(s3, question)(Bucket=bucket)
    reply.pop("ResponseMetadata")

    assert ANSWERS[question] == reply


@pytest.mark.parametrize(
    "name",
    ["policy", "lifecycle", "tagging", "cors", "website", "replication", "encryption"],
)
def test_deleting_what_is_absent_succeeds(s3, bucket, name):
    reply = getattr(s3, f"delete_bucket_{name}")(Bucket=bucket)

    assert 204 == reply["ResponseMetadata"]["HTTPStatusCode"]


def test_questions_about_an_absent_bucket_find_none(s3):
    for question in (*QUESTIONS, *ANSWERS, "get_bucket_acl", "list_object_versions"):
        with pytest.raises(s3.exceptions.ClientError, match="NoSuchBucket"):
            getattr(s3, question)(Bucket="never-created")


def test_the_acl_names_the_owner_alone(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k")
    user = s3.list_buckets()["Owner"]["ID"]

    for acl in (
        s3.get_bucket_acl(Bucket=bucket),
        s3.get_object_acl(Bucket=bucket, Key="k"),
    ):
        assert user == acl["Owner"]["ID"]
        assert [("CanonicalUser", user, "FULL_CONTROL")] == [
            (grant["Grantee"]["Type"], grant["Grantee"]["ID"], grant["Permission"])
            for grant in acl["Grants"]
        ]


def test_each_object_is_the_version_null(s3, bucket):
    keys = ["a/1", "a/2", "b", "c"]
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key)

    paginator = s3.get_paginator("list_object_versions")
    pages = list(paginator.paginate(Bucket=bucket, PaginationConfig={"PageSize": 1}))
    folded = s3.list_object_versions(Bucket=bucket, Delimiter="/")

    assert [(key, "null", True) for key in keys] == [
        (entry["Key"], entry["VersionId"], entry["IsLatest"])
        for page in pages
        for entry in page["Versions"]
    ]
    assert [["b", "c"], ["a/"]] == [
        [entry["Key"] for entry in folded["Versions"]],
        [entry["Prefix"] for entry in folded["CommonPrefixes"]],
    ]


def test_a_bucket_is_emptied_by_versions(s3, bucket):
    for key in ("a", "b", "c"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    version = {"Bucket": bucket, "Key": "a", "VersionId": "null"}

    assert b"x" == s3.get_object(**version)["Body"].read()
    assert 1 == s3.head_object(**version)["ContentLength"]
    assert "null" == s3.delete_object(**version)["VersionId"]
    reply = s3.delete_objects(
        Bucket=bucket,
        Delete={"Objects": [{"Key": key, "VersionId": "null"} for key in ("b", "c")]},
        BypassGovernanceRetention=True,
    )

    assert [("b", "null"), ("c", "null")] == [
        (entry["Key"], entry["VersionId"]) for entry in reply["Deleted"]
    ]
    assert "Versions" not in s3.list_object_versions(Bucket=bucket)


def test_another_version_is_neither_read_nor_deleted(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    version = {"Bucket": bucket, "Key": "k", "VersionId": "L4kqtJlcpXroDTDmpUMLUo"}

    for call in (s3.get_object, s3.delete_object, s3.get_object_tagging):
        with pytest.raises(s3.exceptions.ClientError, match="NoSuchVersion"):
            call(**version)
    version.pop("Bucket")
    reply = s3.delete_objects(Bucket=bucket, Delete={"Objects": [version]})

    assert ["NoSuchVersion"] == [error["Code"] for error in reply["Errors"]]
    assert b"x" == s3.get_object(Bucket=bucket, Key="k")["Body"].read()


def uploaded(s3, bucket, key="k", body=b"x"):
    """Return the arguments that complete an upload of one part."""
    target = {"Bucket": bucket, "Key": key}
    upload = target | {"UploadId": s3.create_multipart_upload(**target)["UploadId"]}
    tag = s3.upload_part(**upload, PartNumber=1, Body=body)["ETag"]
    return upload | {"MultipartUpload": {"Parts": [{"PartNumber": 1, "ETag": tag}]}}


def test_a_completion_can_be_repeated_also_after_a_crash(fresh_standin):
    standin = fresh_standin()
    s3 = standin.s3()
    s3.create_bucket(Bucket="repeated")
    upload = uploaded(s3, "repeated")
    first = s3.complete_multipart_upload(**upload, IfNoneMatch="*")
    second = s3.complete_multipart_upload(**upload, IfNoneMatch="*")
    standin.kill()

    s3 = standin.start().s3()
    third = s3.complete_multipart_upload(**upload, IfNoneMatch="*")

    assert [first["ETag"]] * 2 == [second["ETag"], third["ETag"]]
    assert b"x" == s3.get_object(Bucket="repeated", Key="k")["Body"].read()


def test_an_index_of_the_earlier_format_is_upgraded(fresh_standin):
    standin = fresh_standin()
    s3 = standin.s3()
    s3.create_bucket(Bucket="earlier")
    upload = uploaded(s3, "earlier")
    standin.stop()
    with contextlib.closing(
        sqlite3.connect(standin.data / "objects" / "index.sqlite")
    ) as db:
        db.executescript(
            "DROP TABLE completed; ALTER TABLE parts DROP COLUMN checksums; "
            "DROP TABLE sums; DROP TABLE row_sums; PRAGMA user_version=2"
        )

    s3 = standin.start().s3()
    s3.complete_multipart_upload(**upload)

    assert b"x" == s3.get_object(Bucket="earlier", Key="k")["Body"].read()


def test_a_repeated_completion_undoes_nothing(s3, bucket):
    upload = uploaded(s3, bucket)
    s3.complete_multipart_upload(**upload)
    s3.put_object(Bucket=bucket, Key="k", Body=b"newer")

    s3.complete_multipart_upload(**upload)

    assert b"newer" == s3.get_object(Bucket=bucket, Key="k")["Body"].read()


def test_other_parts_and_aborted_uploads_are_no_repetition(s3, bucket):
    upload = uploaded(s3, bucket)
    s3.complete_multipart_upload(**upload)
    other = {"Parts": [{"PartNumber": 2, "ETag": '"0"'}]}
    aborted = uploaded(s3, bucket, "aborted")
    s3.abort_multipart_upload(
        **{name: aborted[name] for name in ("Bucket", "Key", "UploadId")}
    )

    for arguments in (upload | {"MultipartUpload": other}, aborted):
        with pytest.raises(s3.exceptions.NoSuchUpload):
            s3.complete_multipart_upload(**arguments)


def test_completions_at_once_agree(standin, s3, bucket):
    upload = uploaded(s3, bucket, body=b"y" * 6_000_000)
    tags = []

    def complete():
        client = standin.s3()
        tags.append(client.complete_multipart_upload(**upload)["ETag"])
        client.close()

    threads = [threading.Thread(target=complete) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [s3.head_object(Bucket=bucket, Key="k")["ETag"]] * 4 == tags
