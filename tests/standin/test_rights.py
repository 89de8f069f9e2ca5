"""What one user opened is found by no other: transactions, queries, and web pages."""

import ssl
import urllib.error
import urllib.request
from itertools import pairwise

import boto3
import botocore.exceptions
import pytest
import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from sql_calls import SqlCalls, SqlError
from tabular import BUCKET

from vast_standin.sql.running import Client, Query, Running

pytest_plugins = ("tabular_fixtures", "sql_fixtures")
GROUP = 1 << 20


@pytest.fixture
def stranger(standin, vms):
    """Return the keys of another superuser: rights on all buckets, none on what is open."""
    user = vms.users.post(name="stranger", local_provider_id=1, s3_superuser=True)
    pair = vms.users[str(user["id"])].access_keys.post()
    yield pair["access_key"], pair["secret_key"]
    vms.users[str(user["id"])].delete()


def signed(standin, keys, method, path, headers):
    """Return the status of a request that plain SigV4 signs."""
    request = AWSRequest(method, standin.endpoint + path, headers=headers)
    credentials = boto3.Session(*keys).get_credentials()
    SigV4Auth(credentials, "s3", "us-east-1").add_auth(request)
    prepared = request.prepare()
    answer = urllib3.PoolManager().request(
        method, prepared.url, headers=dict(prepared.headers), retries=False
    )
    return answer.status


ATTEMPTS = {
    "look": ("GET", "/?transaction"),
    "commit": ("PUT", "/?transaction"),
    "roll back": ("DELETE", "/?transaction"),
    "list schemas": ("GET", f"/{BUCKET}?schema"),
    "list tables": ("GET", f"/{BUCKET}/s?table"),
    "drop a schema": ("DELETE", f"/{BUCKET}/s?schema"),
}


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_a_transaction_is_found_by_the_key_that_opened_it_only(
    standin, session, stranger, attempt
):
    method, path = ATTEMPTS[attempt]
    name = f"kept-{attempt.replace(' ', '-')}"
    with session.transaction() as tx:
        tx.bucket(BUCKET).create_schema(name)
        headers = {
            "tabular-txid": str(tx.active_txid),
            "x-amz-content-sha256": "UNSIGNED-PAYLOAD",
        }
        assert 404 == signed(standin, stranger, method, path, headers)
    with session.transaction() as tx:
        assert tx.bucket(BUCKET).schema(name, fail_if_missing=False) is not None


def test_numbers_of_transactions_cannot_be_guessed(session):
    numbers = []
    for _ in range(8):
        with session.transaction() as tx:
            numbers.append(tx.active_txid)
    gaps = {abs(b - a) for a, b in pairwise(numbers)}

    assert 8 == len(set(numbers))
    assert min(gaps) > GROUP


@pytest.mark.parametrize("call", ["vastdb-query-status", "vastdb-data"])
def test_a_query_is_read_by_the_key_that_started_it_only(standin, sql, stranger, call):
    other = SqlCalls(standin.endpoint, *stranger)
    query, _ = sql.start("SELECT 1")

    with pytest.raises(SqlError, match="NoSuchQuery") as refused:
        other.call("POST", call, {1: query})
    other.call("DELETE", "vastdb-run-query", {1: query})

    assert 404 == refused.value.status
    assert sql.chunk(query, 0)[0]
    sql.call("DELETE", "vastdb-run-query", {1: query})


def test_a_statement_joins_no_transaction_of_another_key(standin, session, stranger):
    other = SqlCalls(standin.endpoint, *stranger)
    with (
        session.transaction() as tx,
        pytest.raises(SqlError, match="NoSuchTransaction") as refused,
    ):
        other.start("SELECT 1", tx.active_txid)

    assert 404 == refused.value.status


class Borrowed:
    """An instance whose statements end when they are interrupted."""

    def __init__(self):
        self.connection, self.interrupts, self.returned = self, 0, 0

    def interrupt(self):
        self.interrupts += 1

    def give_back(self, instance):
        assert instance is self
        self.returned += 1

    def close(self):
        """Close the reader."""


def query_of(running, duck, *, gone, touched_at):
    query = Query(7, duck, duck, Client("key", lambda: gone), touched_at)
    running._queries[7] = query
    return query


@pytest.mark.parametrize(
    ("gone", "idle_s", "ended"),
    [(False, 59, False), (True, 10, False), (True, 31, True), (False, 601, True)],
)
def test_a_query_ends_soon_after_its_client_is_gone(gone, idle_s, ended):
    duck = Borrowed()
    running = Running(duck)
    query_of(running, duck, gone=gone, touched_at=1000.0)

    running.sweep(1000.0 + idle_s)

    assert ended == (7 not in running._queries)
    assert int(ended) == duck.returned


def test_a_statement_is_interrupted_when_its_client_leaves_before_it_answers():
    duck = Borrowed()
    running = Running(duck)
    running._starting[1] = Client("key", lambda: True), duck
    running._starting[2] = Client("key", lambda: False), duck

    running.sweep(0.0)

    assert 1 == duck.interrupts


def test_headers_that_were_not_signed_are_refused(standin, s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"mine")
    link = s3.generate_presigned_url(
        "put_object", Params={"Bucket": bucket, "Key": "copied"}
    )
    request = urllib.request.Request(
        link, method="PUT", headers={"x-amz-copy-source": f"/{bucket}/k"}
    )

    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)
    with pytest.raises(botocore.exceptions.ClientError):
        s3.head_object(Bucket=bucket, Key="copied")

    assert 403 == refused.value.code
    assert b"not signed" in refused.value.read()


PAGES = {
    "a page of a stranger": {"Origin": "https://stranger.example"},
    "a page without an address": {"Origin": "null"},
    "a name that points to this machine": {"Host": "stranger.example:8443"},
    "a form": {"Content-Type": "application/x-www-form-urlencoded"},
    "a form of text": {"Content-Type": "text/plain"},
    "a body of no type": {"Content-Type": ""},
}


@pytest.mark.parametrize("page", PAGES)
def test_a_web_page_changes_nothing_on_the_management_side(standin, vms, page):
    pool = urllib3.PoolManager(ca_certs=standin.cert_file, cert_reqs=ssl.CERT_REQUIRED)
    headers = urllib3.make_headers(basic_auth=f"{standin.user}:{standin.password}")
    headers |= {"Content-Type": "application/json"} | PAGES[page]
    answer = pool.request(
        "POST",
        f"https://{standin.vms_address}/api/latest/users/",
        headers=headers,
        body=b'{"name": "intruder", "local_provider_id": 1}',
    )

    assert answer.status in (403, 415)
    assert [] == vms.users.get(name="intruder")
