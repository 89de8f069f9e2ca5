"""Objects kept by snapshots: rows of the index that name the same immutable files.

They are read below `.snapshot/NAME/`, like the tables of snapshots.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from vast_standin.s3.index import Index, Stored, stored
from vast_standin.s3.listing import Page, list_keys
from vast_standin.s3.sums import drop_sums

SNAPSHOTS = ".snapshot/"
_FIELDS = "key, file, size, etag, modified, said"


@dataclass(frozen=True)
class SnapshotObjects:
    """The kept objects of one index."""

    index: Index

    def keep(self, bucket: str, snapshot: str) -> None:
        """Keep all objects of a bucket as they are now."""
        with self.index.transaction() as db:
            db.execute(
                f"INSERT INTO kept SELECT bucket, ?, {_FIELDS} FROM objects "  # noqa: S608
                "WHERE bucket=?",
                (snapshot, bucket),
            )

    def release(self, bucket: str, snapshot: str) -> list[str]:
        """Forget what a snapshot keeps; return the files nothing else names."""
        with self.index.transaction() as db:
            rows = db.execute(
                "SELECT file FROM kept k WHERE bucket=? AND snapshot=? AND NOT EXISTS "
                "(SELECT 1 FROM objects o WHERE o.bucket=k.bucket AND o.key=k.key "
                "AND o.file=k.file)",
                (bucket, snapshot),
            ).fetchall()
            db.execute(
                "DELETE FROM kept WHERE bucket=? AND snapshot=?", (bucket, snapshot)
            )
            drop_sums(db, [row[0] for row in rows])
        return [row[0] for row in rows]

    def holds(self, file: str) -> bool:
        """Return whether a snapshot keeps a file."""
        return bool(self.index.rows("SELECT 1 FROM kept WHERE file=? LIMIT 1", file))

    def lookup(self, bucket: str, key: str) -> Stored | None:
        """Return an object by its key, or by that below a snapshot."""
        snapshot, inner = _split(key)
        if snapshot is None:
            return self.index.get(bucket, key)
        rows = self.index.rows(
            f"SELECT bucket, {_FIELDS} FROM kept WHERE bucket=? AND snapshot=? "  # noqa: S608
            "AND key=?",
            bucket,
            snapshot,
            inner.encode(),
        )
        return replace(stored(rows[0]), key=key) if rows else None

    def all(self, bucket: str, snapshot: str) -> Iterator[Stored]:
        """Yield what a snapshot keeps of a bucket, under its keys at that time."""
        rows = self.index.rows(
            f"SELECT bucket, {_FIELDS} FROM kept WHERE bucket=? AND snapshot=?",  # noqa: S608
            bucket,
            snapshot,
        )
        yield from map(stored, rows)

    def list(
        self, bucket: str, *, prefix: str, delimiter: str, after: str, limit: int
    ) -> Page:
        """Return one page of a bucket's keys, or of those below a snapshot."""
        snapshot, inner = _split(prefix)
        outer = prefix.removesuffix(inner) if snapshot is not None else ""
        page = list_keys(
            self.index,
            bucket,
            prefix=inner,
            delimiter=delimiter,
            after=after.removeprefix(outer),
            limit=limit,
            snapshot=snapshot,
        )
        return Page(
            [replace(thing, key=outer + thing.key) for thing in page.objects],
            [outer + folded for folded in page.prefixes],
            page.truncated,
            outer + page.last if page.last else "",
        )


def _split(key: str) -> tuple[str | None, str]:
    """Return the snapshot a key is below, None if it is below none, and the rest."""
    if not key.startswith(SNAPSHOTS):
        return None, key
    name, slash, inner = key.removeprefix(SNAPSHOTS).partition("/")
    return (name, inner) if slash else (None, key)
