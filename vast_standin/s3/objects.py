"""Durable objects under a data folder: immutable files with random names, indexed in SQLite.

Keys never become file names, so no key can leave the folder.  A write streams into a
new file and becomes visible by one transaction; a crash leaves a file noted as pending,
which the next start removes.  Copies are hard links: the bytes are never changed in place.
"""

import io
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, cast

from vast_standin.blocks import Run, Summing
from vast_standin.custody import Home, admit_database, readable
from vast_standin.http import ProtocolError
from vast_standin.s3.checksums import Digests
from vast_standin.s3.conditions import check_write
from vast_standin.s3.index import Index, Properties, Stored, now, put_row, stored
from vast_standin.s3.listing import Page
from vast_standin.s3.snapshots import SNAPSHOTS, SnapshotObjects
from vast_standin.s3.sums import FileSums, drop_sums
from vast_standin.s3.usage import Usage
from vast_standin.s3.verified import VerifiedFile

BLOCK = 1 << 20
KEY_LIMIT = 1024
_FILE = "{0[18]}{0[19]}/{0}"
"""A serial below the folder of its last two characters."""


class ObjectStore:
    """Objects by bucket and key; safe to use from many threads."""

    def __init__(
        self, folder: Path, home: Home | None = None, *, sync: bool = False
    ) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        home = home or Home(folder)
        self._data = folder / "data"
        self._data.mkdir(mode=0o700, exist_ok=True)
        self._sync = sync
        path, present = folder / "index.sqlite", self._present()
        admit_database(home, path, "objects", data=bool(present))
        with readable(path):
            self.index = Index(path, sync=sync)
        try:
            with readable(path):
                self.ledger = self.index.keep_ledger(home, path, self._data)
                named = self.index.files()
                self.ledger.admit(named, present)
                self.index.forget_sums(named)
        except BaseException:
            self.index.close()
            raise
        self.snapshots = SnapshotObjects(self.index)
        self.sums = FileSums(self.index)
        self.report = home.note_damage
        self.check_writable: Callable[[str, int, str], None] = _always
        self._usage = Usage(self.index)

    def close(self) -> None:
        """Close the index."""
        self.index.close()
        self.ledger.close()

    def exists(self, bucket: str, key: str) -> bool:
        """Return whether an object exists."""
        return self.snapshots.lookup(bucket, key) is not None

    def find(self, bucket: str, key: str) -> Stored:
        """Return an object's record; raise 404 NoSuchKey."""
        thing = self.snapshots.lookup(bucket, key)
        if thing is None:
            raise ProtocolError(404, "NoSuchKey", f"{bucket} has no object {key!r}")
        return thing

    def open(self, bucket: str, key: str) -> BinaryIO:
        """Open an object's bytes for reading; raise 404 NoSuchKey.

        Its bytes never change, even when the object is replaced or deleted meanwhile.
        """
        while True:
            thing = self.find(bucket, key)
            try:
                return cast("BinaryIO", self.open_file(thing))
            except FileNotFoundError:
                if self.snapshots.lookup(bucket, key) == thing:
                    raise _gone(thing) from None

    def open_file(self, thing: Stored) -> VerifiedFile:
        """Open the bytes of a record; refuse them if they are cut short.

        What is read of them is verified.
        """
        runs = self.sums.runs(thing.file)
        path = self.path(thing.file)
        source = VerifiedFile(path, thing.key, runs, self.report)
        if source.size < thing.size:
            source.close()
            error = _gone(thing)
            self.report(path, error)
            raise error
        return source

    def put(
        self,
        bucket: str,
        key: str,
        source: BinaryIO | bytes,
        properties: Properties | None = None,
    ) -> Stored:
        """Store an object from bytes or a stream, replacing what was there."""
        properties = properties or Properties()
        check_key(key)
        with self.incoming(source, Digests({})) as (file, size, digests):
            thing = Stored(bucket, key, file, size, digests.etag, now(), properties)
            self.check_writable(bucket, size, properties.owner)
            self.publish(thing)
        return thing

    def publish(
        self,
        thing: Stored,
        headers: Mapping[str, str] | None = None,
        also: Callable[[sqlite3.Connection], None] | None = None,
    ) -> None:
        """Make a written file the object's bytes, and remove what it replaces.

        `also` changes more in the same transaction, or refuses it. Raises ProtocolError(412) if conditions in the headers do not hold at that moment.
        """
        check_key(thing.key)
        with self.index.transaction() as db:
            old = self.index.get(thing.bucket, thing.key)
            if also is not None:
                also(db)
            check_write(headers or {}, old)
            put_row(db, thing)
            self.sums.keep(db, thing.file)
            if old:
                drop_sums(db, [old.file])
                self._usage.book(old, -1)
            self._usage.book(thing, 1)
        self.sums.settled(thing.file)
        if old:
            self.discard(old.file)

    def amend(self, thing: Stored, properties: Properties) -> None:
        """Replace the properties of an object, not its bytes."""
        with self.index.transaction() as db:
            current = self.index.get(thing.bucket, thing.key)
            if current is not None:
                properties = replace(properties, owner=current.properties.owner)
                put_row(db, replace(current, properties=properties))

    def delete(
        self, bucket: str, key: str, headers: Mapping[str, str] | None = None
    ) -> bool:
        """Delete an object if the headers' conditions hold; return whether it existed."""
        with self.index.transaction() as db:
            old = self.index.get(bucket, key)
            check_write(headers or {}, old)
            if old is None:
                return False
            db.execute(
                "DELETE FROM objects WHERE bucket=? AND key=?", (bucket, key.encode())
            )
            drop_sums(db, [old.file])
            self._usage.book(old, -1)
        self.discard(old.file)
        return True

    def link(self, thing: Stored) -> str:
        """Return a new file with the same bytes as an object, sharing its blocks."""
        file = self.new_file()
        try:
            os.link(self.path(thing.file), self.path(file))
        except FileNotFoundError:
            raise ProtocolError(
                404, "NoSuchKey", f"{thing.bucket} lost {thing.key!r} during the copy"
            ) from None
        except OSError:
            shutil.copyfile(self.path(thing.file), self.path(file))
        self.sums.copied(thing.file, file)
        return file

    def list(
        self,
        bucket: str,
        prefix: str = "",
        delimiter: str = "",
        after: str = "",
        limit: int = 1000,
    ) -> Page:
        """Return one page of keys in byte order and the common prefixes among them.

        Below `.snapshot/NAME/` they are those a snapshot keeps.
        """
        return self.snapshots.list(
            bucket, prefix=prefix, delimiter=delimiter, after=after, limit=limit
        )

    def keep(self, bucket: str, snapshot: str) -> None:
        """Keep all objects of a bucket as they are; nothing is copied."""
        self.snapshots.keep(bucket, snapshot)

    def release(self, bucket: str, snapshot: str) -> None:
        """Release the objects of a snapshot and remove files that nothing else names."""
        for file in self.snapshots.release(bucket, snapshot):
            self.discard(file)

    def restore(self, bucket: str, snapshot: str, target: str) -> None:
        """Give a bucket the objects a snapshot keeps of one, by hard links."""
        for thing in self.snapshots.all(bucket, snapshot):
            copy = replace(thing, bucket=target, file=self.link(thing))
            self.publish(copy)

    def usage(self, bucket: str) -> tuple[int, int]:
        """Return how many objects a bucket holds, and their bytes."""
        held = self.usage_by_owner(bucket).values()
        return sum(count for count, _ in held), sum(size for _, size in held)

    def usage_by_owner(self, bucket: str) -> dict[str, tuple[int, int]]:
        """Return the same by owner, "" if that is not recorded."""
        return self._usage.by_owner(bucket)

    def everything(self) -> Iterator[Stored]:
        """Yield all objects, by bucket and key."""
        for row in self.index.rows("SELECT * FROM objects"):
            yield stored(row)

    def drop_bucket(self, bucket: str) -> None:
        """Forget the uploads of a bucket that is removed; it must hold no objects."""
        with self.index.transaction() as db:
            rows = db.execute(
                "SELECT p.file FROM parts p JOIN uploads u ON p.upload=u.id "
                "WHERE u.bucket=?",
                (bucket,),
            ).fetchall()
            db.execute(
                "DELETE FROM parts WHERE upload IN (SELECT id FROM uploads WHERE bucket=?)",
                (bucket,),
            )
            db.execute("DELETE FROM uploads WHERE bucket=?", (bucket,))
            db.execute("DELETE FROM completed WHERE bucket=?", (bucket,))
            drop_sums(db, [row[0] for row in rows])
        for row in rows:
            self.discard(row[0])

    @contextmanager
    def incoming(
        self, source: BinaryIO | bytes, digests: Digests
    ) -> Iterator[tuple[str, int, Digests]]:
        """Write a stream to a new file; the file is removed unless the block succeeds."""
        file = self.new_file()
        try:
            size = self._write(file, source, digests)
            yield file, size, digests
        except BaseException:
            self.discard(file)
            raise

    def new_file(self) -> str:
        """Return the name of a file that does not exist."""
        file = self.ledger.new_file(_FILE)
        self.path(file).parent.mkdir(mode=0o700, exist_ok=True)
        return file

    def settle(self, file: str) -> None:
        """Wait until a file written from parts is on disk, where that is asked for."""
        if self._sync:
            with self.path(file).open("rb") as written:
                os.fsync(written.fileno())

    def path(self, file: str) -> Path:
        """Return the path of a file of the store."""
        return self._data / file

    def discard(self, file: str) -> None:
        """Remove a file of the store, unless a snapshot keeps it."""
        self.sums.settled(file)
        if not self.snapshots.holds(file):
            self.ledger.dispose(self.path(file))

    def _write(self, file: str, source: BinaryIO | bytes, digests: Digests) -> int:
        summing = Summing()
        with self.path(file).open("xb", buffering=0) as sink:
            if isinstance(source, bytes):
                source = io.BytesIO(source)
            while block := source.read(BLOCK):
                digests.update(block)
                summing.update(block)
                view = memoryview(block)
                while view:
                    view = view[sink.write(view) :]
            if self._sync:
                os.fsync(sink.fileno())
        self.sums.written(file, [Run(0, summing.length, summing.sums())])
        return summing.length

    def _present(self) -> dict[str, int]:
        """Return the size of every file."""
        sizes: dict[str, int] = {}
        with os.scandir(self._data) as folders:
            for folder in folders:
                if not folder.is_dir():
                    sizes[folder.name] = folder.stat().st_size
                    continue
                with os.scandir(folder.path) as files:
                    for file in files:
                        sizes[f"{folder.name}/{file.name}"] = file.stat().st_size
        return sizes


def _gone(thing: Stored) -> ProtocolError:
    return ProtocolError(
        500,
        "InternalError",
        f"the bytes of {thing.key!r} are in objects/data/{thing.file}, which is missing "
        "or cut short",
    )


def check_key(key: str) -> None:
    """Refuse empty and overlong keys, and those of snapshots."""
    if key.startswith(SNAPSHOTS):
        raise ProtocolError(
            403, "AccessDenied", f"{key}: what snapshots keep cannot be written"
        )
    if not key or len(key.encode()) > KEY_LIMIT:
        raise ProtocolError(
            400, "KeyTooLongError", f"keys have 1 to {KEY_LIMIT} bytes of UTF-8"
        )


def _always(bucket: str, size: int, owner: str) -> None:
    """Allow every write: no quota is enforced yet."""
