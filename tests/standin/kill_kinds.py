"""What else is under way at a kill: definitions, objects, uploads in parts, merges, copies.

Each kind is one client that does one thing at a time. So its state after a kill is the
last confirmed one, or that of the change in flight: anything else is lost or half.
"""

import hashlib
import os
import shutil
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
from botocore.exceptions import BotoCoreError, ClientError
from tabular import BUCKET, connect
from urllib3.exceptions import HTTPError
from vastdb import errors
from vastpy import RESTFailure

GONE = (
    *(errors.ConnectionError, errors.HttpError, OSError, sqlite3.OperationalError),
    *(BotoCoreError, ClientError, RESTFailure, HTTPError),
)
PART_BYTES = 5 << 20
PATIENCE_S = 20
LOOK_S = 0.05
NAMES = 6
OPENED_EACH = 4
"""After every so many kills a copy is served and read."""


@dataclass
class Kind:
    """A client with its books: the state that is confirmed, and that of a change in flight."""

    prefix: str = ""
    confirmed: dict = field(default_factory=dict)
    pending: dict | None = None
    done: int = 0
    """Changes that the stand-in confirmed."""
    refused: list = field(default_factory=list)

    def work(self, standin, dice, ended):
        """Change things one by one until the stand-in is gone."""
        try:
            act = self.open(standin)
            while not ended.is_set():
                self.change(act, dice)
        except GONE as error:
            if not ended.wait(PATIENCE_S):
                self.refused.append(f"{type(self).__name__} was refused: {error}")

    def compare(self, standin):
        """Return the faults of the present state, and take it over."""
        actual = self.state(standin)
        allowed = (
            [self.confirmed] if self.pending is None else [self.confirmed, self.pending]
        )
        faults = (
            []
            if actual in allowed
            else [
                f"{type(self).__name__}: {_difference(actual, self.confirmed)} of {self.pending}"
            ]
        )
        self.confirmed, self.pending = actual, None
        return faults + self.refused

    def begin(self, **changes):
        """Note what a change makes of the state; None removes."""
        after = {**self.confirmed, **changes}
        self.pending = {
            name: value for name, value in after.items() if value is not None
        }

    def end(self):
        """Note that the change is confirmed."""
        self.confirmed, self.pending = self.pending, None
        self.done += 1


@dataclass
class Definitions(Kind):
    """Tables created, altered, renamed and dropped."""

    def open(self, standin):
        return connect(standin)

    def change(self, session, dice):
        name = f"d{dice.randrange(NAMES)}"
        columns = self.confirmed.get(name)
        with session.transaction() as tx:
            schema = tx.bucket(BUCKET).schema("kills")
            if columns is None:
                self.begin(**{name: ("a",)})
                schema.create_table(name, pa.schema([("a", pa.int64())]))
            elif dice.random() < 0.3:
                self.begin(**{name: None})
                schema.table(name).drop()
            elif dice.random() < 0.5:
                added = f"c{len(columns)}"
                self.begin(**{name: (*columns, added)})
                schema.table(name).add_column(pa.schema([(added, pa.float64())]))
            else:
                free = [f"d{n}" for n in range(NAMES) if f"d{n}" not in self.confirmed]
                if not free:
                    return
                self.begin(**{name: None, free[0]: columns})
                schema.table(name).rename(free[0])
        if self.pending is not None:
            self.end()

    def state(self, standin):
        with connect(standin).transaction() as tx:
            tables = tx.bucket(BUCKET).schema("kills").tables()
            return {
                table.name: tuple(table.arrow_schema.names)
                for table in tables
                if table.name.startswith("d")
            }


@dataclass
class Objects(Kind):
    """Objects put, copied and deleted."""

    prefix: str = "o/"

    def open(self, standin):
        return standin.s3()

    def change(self, client, dice):
        key = f"{self.prefix}{dice.randrange(NAMES)}"
        place = {"Bucket": BUCKET, "Key": key}
        choice = dice.random()
        if choice < 0.2:
            self.begin(**{key: None})
            client.delete_object(**place)
        elif choice < 0.4 and self.confirmed:
            source = dice.choice(sorted(self.confirmed))
            if source == key:
                return
            self.begin(**{key: self.confirmed[source]})
            client.copy_object(**place, CopySource={"Bucket": BUCKET, "Key": source})
        else:
            body = dice.randbytes(dice.choice((1, 3000, 300_000)))
            self.begin(**{key: _digest(body)})
            client.put_object(**place, Body=body)
        self.end()

    def state(self, standin):
        client = standin.s3()
        listing = client.list_objects_v2(Bucket=BUCKET, Prefix=self.prefix)
        keys = [entry["Key"] for entry in listing.get("Contents", [])]
        found = {
            key: _digest(client.get_object(Bucket=BUCKET, Key=key)["Body"].read())
            for key in keys
        }
        client.close()
        return found


@dataclass
class Uploads(Objects):
    """Objects uploaded in parts, and uploads given up."""

    prefix: str = "m/"

    def change(self, client, dice):
        key = f"{self.prefix}{dice.randrange(NAMES)}"
        place = {"Bucket": BUCKET, "Key": key}
        place["UploadId"] = client.create_multipart_upload(**place)["UploadId"]
        sizes = dice.choice(((100,), (1,), (PART_BYTES, 70_000)))
        bodies = [dice.randbytes(size) for size in sizes]
        parts = []
        for number, body in enumerate(bodies, 1):
            reply = client.upload_part(**place, PartNumber=number, Body=body)
            parts.append({"PartNumber": number, "ETag": reply["ETag"]})
        if dice.random() < 0.2:
            client.abort_multipart_upload(**place)
            return
        self.begin(**{key: _digest(b"".join(bodies))})
        client.complete_multipart_upload(**place, MultipartUpload={"Parts": parts})
        self.end()


@dataclass
class CopiesForBackup(Kind):
    """Copies of the folder, as a backup asks for them; none stays after a kill.

    Each is saved elsewhere as a backup would do it. Now and then the last one is served:
    all of it is there, nothing is half, and nothing confirmed before it is missing.
    """

    counted: Callable[[], int] = lambda: 0
    """Returns how often the row in table `count` was counted up for certain."""
    saved: Path | None = None
    least: int = 0
    rounds: int = 0
    opened: int = 0
    """Copies that were served and read."""

    def open(self, standin):
        self.place = standin.data.parent / "saved"
        return standin.vms()

    def change(self, client, dice):
        least = self.counted()
        reply = client.standin_copies.post()
        if reply["missing"] or reply["damaged"]:
            self.refused.append(f"a copy lacks files: {reply}")
        target = self.place / f"{self.done}"
        shutil.rmtree(target, ignore_errors=True)  # one that a kill left half
        shutil.copytree(reply["folder"], target, copy_function=os.link)
        self._forget()
        self.saved, self.least = target, least
        self.done += 1
        if dice.random() < 0.5:
            client.standin_copies.delete()

    def compare(self, standin):
        faults = super().compare(standin)
        if self.saved is not None and self.rounds % OPENED_EACH == 0:
            copy = type(standin)(self.saved).start()
            try:
                faults += self._faults(copy)
            finally:
                copy.stop()
            self.opened += 1
            self._forget()
        self.rounds += 1
        return faults

    def state(self, standin):
        return {"copying": True} if (standin.data / "copying").exists() else {}

    def _faults(self, copy):
        faults = [f"a copy: {warning}" for warning in copy.note["warnings"]]
        with connect(copy).transaction() as tx:
            schema = tx.bucket(BUCKET).schema("kills")
            first, second, count = (
                schema.table(name).select().read_all()
                for name in ("one", "two", "count")
            )
        order = [(name, "ascending") for name in first.schema.names]
        if not first.sort_by(order).equals(second.sort_by(order)):
            faults.append("a copy has half a transaction: its tables differ")
        if count["n"][0].as_py() < self.least:
            faults.append(f"a copy counts {count['n'][0]}, {self.least} before it")
        client = copy.s3()
        for entry in client.list_objects_v2(Bucket=BUCKET).get("Contents", []):
            body = client.get_object(Bucket=BUCKET, Key=entry["Key"])["Body"].read()
            digest = hashlib.md5(body, usedforsecurity=False).hexdigest()
            if "-" not in entry["ETag"] and entry["ETag"].strip('"') != digest:
                faults.append(f"a copy has other bytes in {entry['Key']}")
        client.close()
        return faults

    def _forget(self):
        if self.saved is not None:
            shutil.rmtree(self.saved)
            self.saved = None


@dataclass
class Merges(Kind):
    """Segments that upkeep merged or sorted: those of tables that nobody drops, gone.

    The client only looks. What a kill in the middle of a merge leaves is in the rows,
    which the campaign compares, and in the files, of which each has an owner at its end.
    """

    stored: set = field(default_factory=set)
    before_kills: int = 0
    """Kills before which something had been merged since the last one."""
    done_before: int = 0

    def open(self, standin):
        return standin.data / "tables" / "catalogue.sqlite"

    def change(self, catalogue, _dice):
        db = sqlite3.connect(f"file:{catalogue}?mode=ro", uri=True)
        try:
            now = set(db.execute("SELECT file, offset FROM segment"))
        finally:
            db.close()
        self.done += len(self.stored - now)
        self.stored = now
        time.sleep(LOOK_S)

    def compare(self, standin):
        self.before_kills += self.done > self.done_before
        self.done_before = self.done
        return super().compare(standin)

    def state(self, _standin):
        return {}


def _digest(content):
    return hashlib.blake2b(content, digest_size=12).hexdigest()


def _difference(actual, confirmed):
    names = {
        n for n in actual.keys() | confirmed.keys() if actual.get(n) != confirmed.get(n)
    }
    return {name: (confirmed.get(name), actual.get(name)) for name in sorted(names)}


def all_kinds():
    """Return one client of each kind."""
    return [Definitions(), Objects(), Uploads(), Merges(), CopiesForBackup()]
