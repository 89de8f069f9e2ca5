"""Lists of keys through boto3: order, folding at a delimiter, pages, many deletions."""

import pytest

KEYS = sorted(
    ["a", "a/1", "a/2", "a/b/1", "a/b/2", "a0", "b/x", "c", "ä/1", "z/" + "y" * 100],
    key=str.encode,
)


@pytest.fixture(scope="module")
def filled(standin):
    """Return a bucket with KEYS for tests that only read."""
    s3 = standin.s3()
    s3.create_bucket(Bucket="listed")
    for key in KEYS:
        s3.put_object(Bucket="listed", Key=key, Body=b"")
    yield "listed"
    s3.delete_objects(
        Bucket="listed", Delete={"Objects": [{"Key": key} for key in KEYS]}
    )
    s3.delete_bucket(Bucket="listed")


def folded(prefix, delimiter):
    """Return keys and common prefixes as S3 defines them."""
    keys, prefixes = [], []
    for key in KEYS:
        if not key.startswith(prefix):
            continue
        cut = key.find(delimiter, len(prefix)) if delimiter else -1
        if cut < 0:
            keys.append(key)
        elif key[: cut + 1] not in prefixes:
            prefixes.append(key[: cut + 1])
    return keys, prefixes


@pytest.mark.parametrize("version", ["list_objects", "list_objects_v2"])
@pytest.mark.parametrize("prefix", ["", "a", "a/", "a/b/", "ä", "none"])
@pytest.mark.parametrize("delimiter", ["", "/"])
@pytest.mark.parametrize("page", [1, 4])
def test_pages_together_are_the_definition(
    s3, filled, version, prefix, delimiter, page
):
    keys, prefixes = [], []
    pages = s3.get_paginator(version).paginate(
        Bucket=filled,
        Prefix=prefix,
        Delimiter=delimiter,
        PaginationConfig={"PageSize": page},
    )
    for answer in pages:
        entries = answer.get("Contents", []), answer.get("CommonPrefixes", [])
        keys += [entry["Key"] for entry in entries[0]]
        prefixes += [entry["Prefix"] for entry in entries[1]]

        assert len(entries[0]) + len(entries[1]) <= page

    assert folded(prefix, delimiter) == (keys, prefixes)


def test_start_after_is_exclusive(s3, filled):
    answer = s3.list_objects_v2(Bucket=filled, StartAfter="a/2")

    assert [key for key in KEYS if key.encode() > b"a/2"] == [
        entry["Key"] for entry in answer["Contents"]
    ]


def test_many_objects_are_deleted_at_once(s3, bucket):
    for key in KEYS:
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    gone = [{"Key": key} for key in (*KEYS[:3], "never there")]

    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": gone})

    assert gone == [{"Key": entry["Key"]} for entry in answer["Deleted"]]
    remaining = [
        entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]
    ]
    assert KEYS[3:] == remaining


def test_a_wrong_token_is_refused(s3, filled):
    with pytest.raises(s3.exceptions.ClientError, match="continuation token"):
        s3.list_objects_v2(Bucket=filled, ContinuationToken="§")
