"""The engine: one folder, one owner, one newest root; everything else is a snapshot."""

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from vast_standin.custody import Home, admit_database, readable
from vast_standin.disk import disk_errors
from vast_standin.engine.catalogue import Catalogue
from vast_standin.engine.data_folder import DataFolder
from vast_standin.engine.expansion import expand_new_rows
from vast_standin.engine.files import Extent
from vast_standin.engine.growth import Growth
from vast_standin.engine.locks import Locks
from vast_standin.engine.numbers import Numbers
from vast_standin.engine.ownership import own_folder
from vast_standin.engine.published import Published
from vast_standin.engine.references import References
from vast_standin.engine.root import BucketInfo, Root
from vast_standin.engine.shared import Shared
from vast_standin.engine.snapshots import Snapshots
from vast_standin.engine.transaction import Transaction
from vast_standin.engine.upkeep import Upkeep
from vast_standin.engine.usage import Usage, usage_of
from vast_standin.engine.verifying import Extents, Pace, verify_file
from vast_standin.http import ProtocolError

_CATALOGUE = "catalogue.sqlite"
MOST_TRANSACTIONS = 2000
_ABANDONED_AFTER_S = 3600.0


class Engine:
    """An open data folder; Engine.open returns one."""

    def __init__(self, folder: Path, home: Home, *, durable: bool = False) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._closing = ExitStack()
        self._closing.callback(own_folder(folder).close)
        try:
            with readable(folder / _CATALOGUE):
                self._load(folder, home, durable=durable)
        except BaseException:
            self._closing.close()
            raise
        self._upkeep = Upkeep(self._shared)
        self._upkeep.start()

    def _load(self, folder: Path, home: Home, *, durable: bool) -> None:
        self.path = folder
        self.folder = DataFolder(folder / "segments", durable, report=home.note_damage)
        self._commit = threading.RLock()
        present = self.folder.sizes()
        data = bool(present) or any(folder.glob("snapshots/*.sqlite"))
        path = folder / _CATALOGUE
        admit_database(home, path, "tbl", data=data)
        self._catalogue = Catalogue(path, full=durable)
        self._closing.callback(self._catalogue.close)
        self.ledger = self._catalogue.keep_ledger(
            self._commit, home, path, self.folder.path
        )
        self._closing.callback(self.ledger.close)
        self.folder.remove = self.ledger.dispose
        loaded = self._catalogue.load(self.folder)
        self.growth = Growth()
        self._sequence = 0
        self._buckets = loaded.buckets
        self._transactions: dict[int, Transaction] = {}
        self._references = References()
        self._references.move(Root(), loaded.root)
        self._snapshots = Snapshots(
            folder / "snapshots",
            self.folder,
            self._references,
            self._catalogue,
            home,
            self.ledger,
        )
        named = self._catalogue.extents()
        for name, size in self._snapshots.extents.items():
            named[name] = max(size, named.get(name, 0))
        for name in self.ledger.admit(named, present):
            self.folder.file(name).absent = True
        self._snapshots.settle()
        self._note_start()
        highest = max(loaded.highest_id, self._snapshots.highest_id)
        numbers = Numbers(highest, loaded.next_row_ids, self.ledger)
        self._shared = Shared(
            self.folder,
            numbers,
            Locks(self._end_abandoned),
            Published(loaded.root, self._save, self._commit),
            self.growth.check,
        )
        self.on_commit = self._shared.published.on_commit
        self.on_commit.append(self._references.move)
        self.new_id = numbers.new_id

    @classmethod
    def open(
        cls, folder: Path, home: Home | None = None, *, durable: bool = False
    ) -> "Engine":
        """Open a data folder; create it if it is missing.

        `home` is the folder all data of a stand-in are in, by default this one.
        `durable` forces every commit to the device, against loss of power. Raises
        RuntimeError when another process owns the folder, and Refused when catalogue
        and data do not belong together.
        """
        return cls(folder, home or Home(folder), durable=durable)

    def close(self) -> None:
        """Roll back running transactions and release the folder."""
        self._upkeep.stop()
        for transaction in list(self._transactions.values()):
            self.rollback(transaction)
        with self._commit:
            self._closing.close()

    def create_bucket(self, name: str, owner: str) -> None:
        """Create a bucket unless it exists."""
        with self._commit:
            if name not in self._buckets:
                bucket = BucketInfo(name, owner, time.time())
                with disk_errors():
                    self._catalogue.put_bucket(bucket)
                self._buckets = {**self._buckets, name: bucket}

    def drop_bucket(self, name: str) -> None:
        """Drop a bucket; 409 if it still holds schemas."""
        with self._commit:
            if any(s.bucket == name for s in self.root.schemas.values()):
                raise ProtocolError(
                    409, "BucketNotEmpty", f"bucket {name} still holds schemas"
                )
            with disk_errors():
                self._catalogue.remove_bucket(name)
            self._buckets = {k: b for k, b in self._buckets.items() if k != name}

    def buckets(self) -> dict[str, BucketInfo]:
        """List the buckets by name."""
        return dict(self._buckets)

    def usage(self, bucket: str) -> Usage:
        """Measure what a bucket holds, committed and live."""
        return usage_of(self.root, bucket)

    def begin(self, owner: str = "") -> Transaction:
        """Begin a transaction on the newest root, for the access key `owner`.

        Its number cannot be guessed. Raises 503 if the key has too many running.
        """
        with self._commit:
            if self._running_of(owner) >= MOST_TRANSACTIONS:
                self._end_abandoned()
            if self._running_of(owner) >= MOST_TRANSACTIONS:
                raise ProtocolError(
                    503,
                    "SlowDown",
                    f"this access key has {MOST_TRANSACTIONS} running transactions, the "
                    "most it may have: end some, or try later",
                )
            transaction = Transaction(
                self._shared,
                id=self._transaction_number(),
                base=self.root,
                sequence=self._sequence,
            )
            transaction.owner = owner
            self._transactions[transaction.id] = transaction
        return transaction

    def transaction(self, number: int, owner: str = "") -> Transaction:
        """Find a running transaction of an access key; 404 if it has none of that number."""
        transaction = self._transactions.get(number)
        if transaction is None or transaction.owner != owner:
            raise ProtocolError(
                404,
                "TabularNoSuchTransaction",
                f"transaction {number} is not running: it ended, or never began",
            )
        transaction.touched_at = time.monotonic()
        return transaction

    @property
    def root(self) -> Root:
        """The newest committed state."""
        return self._shared.published.root

    @property
    def running(self) -> int:
        """Count the running transactions."""
        return len(self._transactions)

    def commit(self, transaction: Transaction) -> None:
        """Commit a transaction: on disk and visible to all, or not at all."""
        with transaction.mutex:
            if transaction.ended:
                raise ProtocolError(
                    404,
                    "TabularNoSuchTransaction",
                    f"transaction {transaction.id} has ended",
                )
            try:
                expand_new_rows(
                    transaction.root,
                    tuple(transaction.operations),
                    transaction.insert,
                )
                self._write(transaction)
            except BaseException:
                self.rollback(transaction)
                raise

    def rollback(self, transaction: Transaction) -> None:
        """Forget a transaction's changes."""
        with transaction.mutex:
            if transaction.ended:
                return
            transaction.ended = True
            writer = transaction.writer()
            if writer is not None:
                writer.discard()
            self._end(transaction, None)

    @contextmanager
    def writing(self, transaction: Transaction | None) -> Iterator[Transaction]:
        """Yield the transaction, or a new one that commits at the end of the block."""
        if transaction is not None:
            yield transaction
            return
        fresh = self.begin()
        try:
            yield fresh
        except BaseException:
            self.rollback(fresh)
            raise
        self.commit(fresh)

    def snapshot_root(self, bucket: str, name: str) -> Root:
        """Return the state a snapshot of a bucket holds; 404 if there is none."""
        return self._snapshots.root(bucket, name)

    def create_snapshot(self, bucket: str, name: str) -> None:
        """Keep the present state of a bucket; 409 if the name is taken."""
        with self._commit, disk_errors():
            self._snapshots.create(bucket, name, self.root)

    def drop_snapshot(self, bucket: str, name: str) -> None:
        """Delete a snapshot."""
        with self._commit, disk_errors():
            self._snapshots.drop(bucket, name)

    def snapshots(self, bucket: str) -> list[str]:
        """List the snapshots of a bucket by name."""
        return self._snapshots.names(bucket)

    def files(self) -> list[str]:
        """Name the files that committed data and snapshots are in."""
        return self._references.names

    def snapshot_files(self) -> list[Path]:
        """Return the catalogues of all snapshots."""
        return self._snapshots.files()

    def unverified(self) -> int:
        """Count the files whose checksums are not known yet."""
        return sum(not self.folder.file(name).runs for name in self.files())

    def verifications(self, pace: Pace) -> Iterator[tuple[str, Callable[[], None]]]:
        """Yield files by name, each with what verifies it; `pace` slows the reading."""
        extents = Extents.of(iter([self.root, *self._snapshots.roots()])).by_file
        for name in sorted(self.files()):
            yield name, partial(self._verify_file, name, extents.get(name, {}), pace)

    def _verify_file(self, name: str, extents: dict[int, Extent], pace: Pace) -> None:
        if self.folder.file(name).absent:
            return
        try:
            fresh = verify_file(self.folder, name, extents, pace)
        except FileNotFoundError:
            if name in self.files():
                raise self.folder.file(name).cut() from None
            return  # dropped meanwhile
        if fresh:
            with self._commit, disk_errors():
                if name in self.files():
                    self._catalogue.keep_sums(name)

    def improve(self, table_id: int) -> bool:
        """Do one piece of upkeep on a table now; return whether there may be more."""
        return self._upkeep.improve(table_id, settled=True)

    def _save(self, old: Root, new: Root) -> None:
        files = self._references.difference(old, new)
        self._catalogue.save(old, new, self._shared.numbers.next_row_id, files)

    def _write(self, transaction: Transaction) -> None:
        writer = transaction.writer()
        if writer is not None:
            with disk_errors():
                writer.seal()
        space = self.growth.room_for(
            transaction.added, transaction.base, transaction.root
        )
        with space, self._commit:
            if transaction.operations:
                self._shared.published.publish(transaction.onto(self.root))
                self._sequence += 1
            if writer is not None and not self._references.uses(writer.file):
                writer.discard()
            transaction.ended = True
            self._end(transaction, self._sequence)

    def _end(self, transaction: Transaction, committed_as: int | None) -> None:
        self._transactions.pop(transaction.id, None)
        self._shared.locks.release(transaction.id, committed_as=committed_as)
        oldest = min(
            (t.sequence for t in list(self._transactions.values())),
            default=self._sequence,
        )
        self._shared.locks.forget(oldest)

    def _end_abandoned(self) -> bool:
        limit = time.monotonic() - _ABANDONED_AFTER_S
        old = [t for t in list(self._transactions.values()) if t.touched_at < limit]
        for transaction in old:
            self.rollback(transaction)
        return bool(old)

    def _running_of(self, owner: str) -> int:
        return sum(t.owner == owner for t in list(self._transactions.values()))

    def _transaction_number(self) -> int:
        while (number := secrets.randbits(62)) in self._transactions or not number:
            pass
        return number

    def _note_start(self) -> None:
        noted = int(self._catalogue.setting("starts", "0"))
        self._catalogue.remember("starts", str(max(noted + 1, self.ledger.run)))
