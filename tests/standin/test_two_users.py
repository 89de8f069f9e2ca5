"""Two users with rights on their own buckets: no call of one reaches anything of the other.

The second user has every S3 right on a bucket of its own and tries, by each protocol, to
read, change or end what the first has. Every attempt is refused, and changes nothing.
"""

import contextlib
from dataclasses import dataclass
from typing import Any

import boto3
import pyarrow as pa
import pytest
import urllib3
import vastdb
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import ClientError
from sql_calls import SqlCalls, SqlError
from vastdb.config import BackoffConfig
from vastdb.errors import HttpError, MissingBucket, MissingSchema, MissingSnapshot

ROWS = pa.table({"a": [1, 2, 3], "b": ["x", "y", "z"]})
FIRST, SECOND = "two-users-first", "two-users-second"
TABLE = f'"{FIRST}/s".t'


@dataclass
class User:
    """A user's keys, and clients that sign with them."""

    standin: Any
    id: int
    access: str
    secret: str

    @property
    def s3(self):
        return self.standin.s3(self.access, self.secret)

    @property
    def sql(self):
        return SqlCalls(self.standin.endpoint, self.access, self.secret)

    @property
    def session(self):
        return vastdb.connect(
            endpoint=self.standin.endpoint,
            access=self.access,
            secret=self.secret,
            backoff_config=BackoffConfig(max_tries=1, max_time=1),
        )

    def status(self, method, path, **headers):
        """Return the status of a request that this user signs."""
        request = AWSRequest(method, self.standin.endpoint + path, headers=headers)
        keys = boto3.Session(self.access, self.secret).get_credentials()
        SigV4Auth(keys, "s3", "us-east-1").add_auth(request)
        prepared = request.prepare()
        return (
            urllib3.PoolManager()
            .request(
                method, prepared.url, headers=dict(prepared.headers), retries=False
            )
            .status
        )


@contextlib.contextmanager
def user(standin, vms, bucket):
    """Make a user with every right on one bucket, which it owns."""
    record = vms.users.post(
        name=bucket,
        local_provider_id=1,
        allow_create_bucket=True,
        allow_delete_bucket=True,
    )
    pair = vms.users[str(record["id"])].access_keys.post()
    made = User(standin, record["id"], pair["access_key"], pair["secret_key"])
    made.s3.create_bucket(Bucket=bucket)
    yield made


@pytest.fixture(scope="module")
def users(standin):
    """The first user with a table, objects, an upload and a snapshot; and the second."""
    vms = standin.vms()
    with user(standin, vms, FIRST) as first, user(standin, vms, SECOND) as second:
        with first.session.transaction() as tx:
            schema = tx.bucket(FIRST).create_schema("s")
            schema.create_table("t", ROWS.schema).insert(ROWS)
        first.s3.put_object(Bucket=FIRST, Key="k", Body=b"secret")
        second.s3.put_object(Bucket=SECOND, Key="k", Body=b"own")
        vms.snapshots.post(name="kept", path=f"/{FIRST}")
        yield first, second


def everything(first):
    """Return all that the first user has."""
    with first.session.transaction() as tx:
        bucket = tx.bucket(FIRST)
        tables = {t.name: t.select().read_all() for t in bucket.schema("s").tables()}
        schemas = [schema.name for schema in bucket.schemas()]
    listing = first.s3.list_objects_v2(Bucket=FIRST)["Contents"]
    return tables, schemas, [(entry["Key"], entry["ETag"]) for entry in listing]


S3 = {
    "list": lambda s3: s3.list_objects_v2(Bucket=FIRST),
    "list versions": lambda s3: s3.list_object_versions(Bucket=FIRST),
    "list uploads": lambda s3: s3.list_multipart_uploads(Bucket=FIRST),
    "get": lambda s3: s3.get_object(Bucket=FIRST, Key="k"),
    "head": lambda s3: s3.head_object(Bucket=FIRST, Key="k"),
    "attributes": lambda s3: s3.get_object_attributes(
        Bucket=FIRST, Key="k", ObjectAttributes=["ETag"]
    ),
    "tags": lambda s3: s3.get_object_tagging(Bucket=FIRST, Key="k"),
    "put tags": lambda s3: s3.put_object_tagging(
        Bucket=FIRST, Key="k", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]}
    ),
    "put": lambda s3: s3.put_object(Bucket=FIRST, Key="k", Body=b"other"),
    "delete": lambda s3: s3.delete_object(Bucket=FIRST, Key="k"),
    "delete bucket": lambda s3: s3.delete_bucket(Bucket=FIRST),
    "begin an upload": lambda s3: s3.create_multipart_upload(Bucket=FIRST, Key="u"),
    "copy out": lambda s3: s3.copy_object(
        Bucket=SECOND, Key="c", CopySource={"Bucket": FIRST, "Key": "k"}
    ),
    "copy in": lambda s3: s3.copy_object(
        Bucket=FIRST, Key="c", CopySource={"Bucket": SECOND, "Key": "k"}
    ),
    "snapshot of an object": lambda s3: s3.get_object(
        Bucket=FIRST, Key=".snapshot/kept/k"
    ),
    "list a snapshot": lambda s3: s3.list_objects_v2(
        Bucket=FIRST, Prefix=".snapshot/kept/"
    ),
    "location": lambda s3: s3.get_bucket_location(Bucket=FIRST),
}


@pytest.mark.parametrize("attempt", S3)
def test_by_s3_nothing_of_another_user_is_reached(users, attempt):
    first, second = users
    before = everything(first)

    with pytest.raises(ClientError) as refused:
        S3[attempt](second.s3)

    assert 403 == refused.value.response["ResponseMetadata"]["HTTPStatusCode"]
    assert before == everything(first)


def test_deleting_many_objects_deletes_none_of_another_user(users):
    first, second = users
    before = everything(first)

    with contextlib.suppress(ClientError):
        reply = second.s3.delete_objects(
            Bucket=FIRST, Delete={"Objects": [{"Key": "k"}]}
        )
        assert "AccessDenied" == reply["Errors"][0]["Code"]

    assert before == everything(first)


UPLOAD = {
    "add a part": lambda s3, part: s3.upload_part(Body=b"other", PartNumber=1, **part),
    "copy a part in": lambda s3, part: s3.upload_part_copy(
        CopySource={"Bucket": SECOND, "Key": "k"}, PartNumber=1, **part
    ),
    "list the parts": lambda s3, part: s3.list_parts(**part),
    "complete": lambda s3, part: s3.complete_multipart_upload(
        MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": "x"}]}, **part
    ),
    "abort": lambda s3, part: s3.abort_multipart_upload(**part),
    "complete as its own": lambda s3, part: s3.complete_multipart_upload(
        MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": "x"}]},
        **part | {"Bucket": SECOND},
    ),
    "list as its own": lambda s3, part: s3.list_parts(**part | {"Bucket": SECOND}),
}


@pytest.mark.parametrize("attempt", UPLOAD)
def test_an_open_upload_of_another_user_is_not_reached(users, attempt):
    first, second = users
    upload = first.s3.create_multipart_upload(Bucket=FIRST, Key="u")["UploadId"]
    part = {"Bucket": FIRST, "Key": "u", "UploadId": upload}
    first.s3.upload_part(Body=b"secret", PartNumber=1, **part)
    before = first.s3.list_parts(**part)["Parts"]

    with pytest.raises(ClientError) as refused:
        UPLOAD[attempt](second.s3, part)

    status = refused.value.response["ResponseMetadata"]["HTTPStatusCode"]
    assert (404 if "as its own" in attempt else 403) == status
    assert before == first.s3.list_parts(**part)["Parts"]
    first.s3.abort_multipart_upload(**part)


TABULAR = {
    "list schemas": lambda tx: tx.bucket(FIRST).schemas(),
    "list tables": lambda tx: tx.bucket(FIRST).schema("s").tables(),
    "create a schema": lambda tx: tx.bucket(FIRST).create_schema("other"),
    "read rows": lambda tx: tx.bucket(FIRST).schema("s").table("t").select().read_all(),
    "read a snapshot": lambda tx: (
        tx.bucket(FIRST).snapshot("kept").schema("s").table("t").select().read_all()
    ),
    "list snapshots": lambda tx: list(tx.bucket(FIRST).snapshots()),
}


@pytest.mark.parametrize("attempt", TABULAR)
def test_by_the_sdk_nothing_of_another_user_is_reached(users, attempt):
    first, second = users
    before = everything(first)

    with (
        pytest.raises((HttpError, MissingBucket, MissingSchema, MissingSnapshot)),
        second.session.transaction() as tx,
    ):
        TABULAR[attempt](tx)

    assert before == everything(first)


WIRE = {
    "columns": ("GET", f"/{FIRST}/s/t?column"),
    "statistics": ("GET", f"/{FIRST}/s/t?stats"),
    "projections": ("GET", f"/{FIRST}/s/t?projection"),
    "insert": ("POST", f"/{FIRST}/s/t?rows"),
    "update": ("PUT", f"/{FIRST}/s/t?rows"),
    "delete rows": ("DELETE", f"/{FIRST}/s/t?rows"),
    "drop a table": ("DELETE", f"/{FIRST}/s/t?table"),
    "alter a table": ("PUT", f"/{FIRST}/s/t?table"),
    "drop a schema": ("DELETE", f"/{FIRST}/s?schema"),
    "rows": ("GET", f"/{FIRST}/s/t?data"),
    "rows of a snapshot": ("GET", f"/{FIRST}/.snapshot/kept/s/t?data"),
}


@pytest.mark.parametrize("attempt", WIRE)
def test_by_single_requests_nothing_of_another_user_is_reached(users, attempt):
    first, second = users
    before = everything(first)

    assert second.status(*WIRE[attempt]) in (403, 404)
    assert before == everything(first)


TRANSACTION = {
    "look": ("GET", "/?transaction"),
    "commit": ("PUT", "/?transaction"),
    "roll back": ("DELETE", "/?transaction"),
    "use": ("GET", f"/{SECOND}?schema"),
}


@pytest.mark.parametrize("attempt", TRANSACTION)
def test_no_transaction_of_another_user_is_reached(users, attempt):
    first, second = users

    with first.session.transaction() as tx:
        tx.bucket(FIRST).create_schema(f"open-{attempt.replace(' ', '-')}")
        method, path = TRANSACTION[attempt]
        status = second.status(method, path, **{"tabular-txid": str(tx.txid)})
        tx.bucket(FIRST).schema(f"open-{attempt.replace(' ', '-')}").drop()

    assert 404 == status


SQL = {
    "read": f"SELECT * FROM {TABLE}",
    "count": f"SELECT count(*) FROM {TABLE}",
    "insert": f"INSERT INTO {TABLE} VALUES (1, 'x')",
    "update": f"UPDATE {TABLE} SET a = 1",
    "delete": f"DELETE FROM {TABLE}",
    "drop": f"DROP TABLE {TABLE}",
    "create": f'CREATE TABLE "{FIRST}/s".u (a INT)',
    "alter": f"ALTER TABLE {TABLE} ADD COLUMN c INT",
    "copy": f'CREATE TABLE "{SECOND}/s".u AS SELECT * FROM {TABLE}',
    "a snapshot": f'SELECT * FROM "{FIRST}/.snapshot/kept/s".t',
}


@pytest.mark.parametrize("attempt", SQL)
def test_by_sql_nothing_of_another_user_is_reached(users, attempt):
    first, second = users
    before = everything(first)

    with pytest.raises(SqlError):
        second.sql.rows(SQL[attempt])

    assert before == everything(first)


VMS = ("users", "views", "snapshots", "quotas", "s3policies", "userkeys")


@pytest.mark.parametrize("resource", VMS)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_keys_of_s3_open_nothing_on_the_management_side(
    standin, users, resource, method
):
    _, second = users
    pool = urllib3.PoolManager(ca_certs=standin.cert_file)
    basic = urllib3.make_headers(basic_auth=f"{second.access}:{second.secret}")

    reply = pool.request(
        method, f"https://{standin.vms_address}/api/{resource}/", headers=basic
    )

    assert reply.status in (401, 403)
