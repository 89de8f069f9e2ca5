"""Pages of keys in byte order, folded at a delimiter, whatever the number of objects."""

from dataclasses import dataclass, field

from vast_standin.s3.index import Index, Stored, stored

_BATCH = 1000


@dataclass
class Page:
    """Objects and common prefixes of one page; `last` resumes after it."""

    objects: list[Stored] = field(default_factory=list)
    prefixes: list[str] = field(default_factory=list)
    truncated: bool = False
    last: str = ""

    def __len__(self) -> int:
        """Return the number of entries, as max-keys counts them."""
        return len(self.objects) + len(self.prefixes)


def list_keys(
    index: Index,
    bucket: str,
    *,
    prefix: str,
    delimiter: str,
    after: str,
    limit: int,
    snapshot: str | None = None,
) -> Page:
    """Return at most `limit` entries after the key or common prefix `after`.

    They are those of a bucket now, or of what a snapshot keeps of it.
    """
    page = Page()
    if limit <= 0:
        return page
    if delimiter and after.startswith(prefix):
        folded = _fold(after, prefix, delimiter)
        position = _beyond(folded.encode()) if folded == after else after.encode()
        exclusive = folded != after
    else:
        position, exclusive = after.encode(), True
    start, end = prefix.encode(), _beyond(prefix.encode())
    if position < start:
        position, exclusive = start, False
    while True:
        batch = _batch(index, bucket, snapshot, position, end, exclusive=exclusive)
        for thing in batch:
            folded = _fold(thing.key, prefix, delimiter) if delimiter else ""
            if len(page) == limit:
                page.truncated = True
                return page
            if folded:
                page.prefixes.append(folded)
                page.last = folded
                position, exclusive = _beyond(folded.encode()), False
                break
            page.objects.append(thing)
            page.last = thing.key
            position, exclusive = thing.key.encode(), True
        else:
            if len(batch) < _BATCH:
                return page


def _batch(
    index: Index,
    bucket: str,
    snapshot: str | None,
    position: bytes,
    end: bytes,
    *,
    exclusive: bool,
) -> list[Stored]:
    comparison = ">" if exclusive else ">="
    bound = "AND key<?" if end else ""
    source, of, where = "objects", [bucket], "bucket=?"
    if snapshot is not None:
        source, of, where = "kept", [bucket, snapshot], "bucket=? AND snapshot=?"
    values = [*of, position, *([end] if end else []), _BATCH]
    rows = index.rows(
        f"SELECT bucket, key, file, size, etag, modified, said FROM {source} "  # noqa: S608
        f"WHERE {where} AND key{comparison}? {bound} ORDER BY key LIMIT ?",
        *values,
    )
    return [stored(row) for row in rows]


def _fold(key: str, prefix: str, delimiter: str) -> str:
    cut = key.find(delimiter, len(prefix))
    return key[: cut + len(delimiter)] if cut >= 0 else ""


def _beyond(prefix: bytes) -> bytes:
    """Return the first byte string after all that begin with the prefix, b"" for none."""
    trimmed = prefix.rstrip(b"\xff")
    return trimmed[:-1] + bytes([trimmed[-1] + 1]) if trimmed else b""
