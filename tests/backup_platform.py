"""A platform for the tests of backups: what it holds, and a writer that counts."""

import re
import threading
from dataclasses import dataclass, field
from pathlib import Path

import boto3
import polars as pl
import pyarrow as pa
import vastdb
import vastpy

from orbital_kernel import embedded
from orbital_kernel.config import Settings

BUCKET = "orbital"
COUNTED = "orbital-swift"
PATH = "/observatories/swift"
RESOURCES = ("views", "viewpolicies", "quotas", "qospolicies", "snapshots", "users")
MEASURED = re.compile("capacity|used|percent|inodes$")
"""Fields that sorting and merging in the background change, and no backup does."""
SNAPSHOTS = ("before", "kept")
ROWS = 400
TEXTS = pa.schema([("n", pa.int64()), ("text", pa.string())])


def s3_of(settings: Settings):
    """Return the vendor's client of objects."""
    return boto3.client(
        "s3",
        endpoint_url=settings.endpoint,
        aws_access_key_id=settings.access_key,
        aws_secret_access_key=settings.secret_key,
        region_name="us-east-1",
    )


def vms_of(settings: Settings):
    """Return the vendor's client of the management side."""
    return vastpy.VASTClient(
        user=settings.vms_user,
        password=settings.vms_password,
        address=settings.vms_address,
        cert_file=settings.vms_cert_file,
    )


def session_of(settings: Settings):
    """Return the vendor's client of the database."""
    return vastdb.connect(
        endpoint=settings.endpoint,
        access=settings.access_key,
        secret=settings.secret_key,
        ssl_verify=False,
    )


def state(folder: Path) -> dict[str, object]:
    """Return all rows, objects and records of a platform, started for it."""
    settings = embedded.ensure(folder)
    found: dict[str, object] = {}
    s3 = s3_of(settings)
    for bucket in (row["Name"] for row in s3.list_buckets()["Buckets"]):
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        for thing in (t for page in pages for t in page.get("Contents", ())):
            body = s3.get_object(Bucket=bucket, Key=thing["Key"])["Body"].read()
            found[f"object {bucket}/{thing['Key']}"] = body
    with session_of(settings).transaction() as tx:
        for schema in tx.bucket(BUCKET).schemas():
            for table in schema.tables():
                rows = pl.DataFrame(pl.from_arrow(table.select().read_all()))
                content = rows.height, rows.hash_rows().sort().to_list()
                found[f"table {schema.name}/{table.name}"] = content
    vms = vms_of(settings)
    for resource in RESOURCES:
        for row in getattr(vms, resource).get():
            if resource == "snapshots" and row["name"] not in SNAPSHOTS:
                continue  # the platform takes those of its policies by the clock
            found[f"{resource} {row['id']}"] = {
                name: value for name, value in row.items() if not MEASURED.search(name)
            }
    return found


@dataclass
class Writer:
    """Writes number after number into two tables, then as an object, then as a quota.

    Rows and objects of earlier numbers go away meanwhile, and with them their files.
    """

    settings: Settings
    started: int = 0
    confirmed: int = 0
    ended: threading.Event = field(default_factory=threading.Event)
    errors: list[BaseException] = field(default_factory=list)

    def prepare(self) -> None:
        """Make the tables and the record."""
        with session_of(self.settings).transaction() as tx:
            schema = tx.bucket(BUCKET).create_schema("counted")
            schema.create_table("first", TEXTS, sorting_key=["n"])
            schema.create_table("second", TEXTS).create_projection("p", ["text"], ["n"])
        vms = vms_of(self.settings)
        vms.quotas.post(name="counted-0", path="/counted", create_dir=True)
        vms.snapshots.post(name="kept", path=PATH)

    def run(self) -> None:
        """Write until `ended`."""
        try:
            session, s3 = session_of(self.settings), s3_of(self.settings)
            vms = vms_of(self.settings)
            (quota,) = [q for q in vms.quotas.get() if q["name"] == "counted-0"]
            while not self.ended.is_set():
                number = self.started = self.confirmed + 1
                self._write(session, s3, number)
                vms.quotas[quota["id"]].patch(name=f"counted-{number}")
                self.confirmed = number
        except BaseException as error:  # noqa: BLE001 - the test raises it
            self.errors.append(error)

    def _write(self, session, s3, number: int) -> None:
        rows = pa.table(
            {"n": [number] * ROWS, "text": [f"{number}:{i}" for i in range(ROWS)]},
            schema=TEXTS,
        )
        with session.transaction() as tx:
            schema = tx.bucket(BUCKET).schema("counted")
            for table in (schema.table("first"), schema.table("second")):
                old = table.select(
                    columns=["n"],
                    predicate=table["n"] == number - 3,
                    internal_row_id=True,
                ).read_all()
                table.insert(rows)
                if len(old):
                    table.delete(old)
        body = f"{number} ".encode() * 20_000
        s3.put_object(Bucket=COUNTED, Key="newest", Body=body)
        s3.put_object(Bucket=COUNTED, Key=f"number {number % 3}", Body=body)


def numbers(folder: Path) -> tuple[list[int], int, int, int]:
    """Return the numbers a platform holds: of rows, object, second object and quota."""
    settings = embedded.ensure(folder)
    with session_of(settings).transaction() as tx:
        schema = tx.bucket(BUCKET).schema("counted")
        first, second = (
            schema.table(name).select().read_all().sort_by([("n", "ascending")])
            for name in ("first", "second")
        )
    texts = {tuple(sorted(t["text"].to_pylist())) for t in (first, second)}
    assert 1 == len(texts)
    rows = first["n"].to_pylist()
    assert len(rows) == ROWS * len(set(rows))
    s3 = s3_of(settings)
    newest = _body(s3, "newest")
    second_object = max(_body(s3, f"number {i}") for i in range(3))
    quotas = [q["name"] for q in vms_of(settings).quotas.get()]
    (quota,) = [int(n.split("-")[1]) for n in quotas if n.startswith("counted-")]
    return sorted(set(rows)), newest, second_object, quota


def _body(s3, key: str) -> int:
    words = s3.get_object(Bucket=COUNTED, Key=key)["Body"].read().split()
    assert 20_000 == len(words)
    assert 1 == len(set(words))
    return int(words[0])
