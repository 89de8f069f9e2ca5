"""Multipart uploads: parts are files of the store until they become one object."""

import hashlib
import os
import secrets
import shutil
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from vast_standin.http import ProtocolError
from vast_standin.s3.checksums import multipart_etag
from vast_standin.s3.index import Properties, Stored, now, stored
from vast_standin.s3.objects import ObjectStore, check_key

PARTS_LIMIT = 10_000
REPEAT_SECONDS = 10 * 24 * 3600
SMALLEST_PART = 5 * 1024 * 1024


@dataclass(frozen=True)
class Upload:
    """An upload that was begun and neither completed nor aborted."""

    id: str
    bucket: str
    key: str
    started: float
    properties: Properties


@dataclass(frozen=True)
class Part:
    """One part of an upload."""

    number: int
    file: str
    size: int
    etag: str
    modified: float


def begin(objects: ObjectStore, bucket: str, key: str, properties: Properties) -> str:
    """Begin an upload and return its id."""
    check_key(key)
    upload = f"{time.time_ns():016x}{secrets.token_hex(8)}"
    with objects.index.transaction() as db:
        db.execute(
            "INSERT INTO uploads VALUES (?,?,?,?,?)",
            (upload, bucket, key.encode(), now(), properties.dumps()),
        )
    return upload


def find(objects: ObjectStore, bucket: str, key: str, upload_id: str) -> Upload:
    """Return an upload; raise 404 NoSuchUpload."""
    for upload in list_uploads(objects, bucket):
        if upload.id == upload_id and upload.key == key:
            return upload
    raise _no_upload()


def list_uploads(objects: ObjectStore, bucket: str) -> list[Upload]:
    """Return a bucket's open uploads by key and id; newer ids are greater."""
    rows = objects.index.rows(
        "SELECT id, bucket, key, started, said FROM uploads WHERE bucket=? "
        "ORDER BY key, id",
        bucket,
    )
    return [
        Upload(
            str(number),
            str(place),
            bytes(key).decode(),  # type: ignore[call-overload]
            float(str(started)),
            Properties.loads(str(text)),
        )
        for number, place, key, started, text in rows
    ]


@dataclass
class UploadPage:
    """Uploads and common prefixes of one page; `last` resumes after it."""

    uploads: list[Upload] = field(default_factory=list)
    prefixes: list[str] = field(default_factory=list)
    truncated: bool = False
    last: tuple[str, str] = ("", "")


def page_of_uploads(
    uploads: list[Upload],
    *,
    prefix: str,
    delimiter: str,
    after: tuple[str, str],
    limit: int,
) -> UploadPage:
    """Return at most `limit` uploads and common prefixes after a key and an id."""
    page = UploadPage()
    marker, upload_id = after
    for upload in uploads:
        cut = upload.key.find(delimiter, len(prefix)) if delimiter else -1
        folded = upload.key[: cut + len(delimiter)] if cut >= 0 else ""
        same = upload.key == marker and upload_id and upload.id > upload_id
        beyond = (folded or upload.key).encode() > marker.encode() or same
        if not upload.key.startswith(prefix) or not beyond:
            continue
        if folded and folded in page.prefixes[-1:]:
            continue
        if len(page.uploads) + len(page.prefixes) >= limit:
            page.truncated = limit > 0
            return page
        if folded:
            page.prefixes.append(folded)
            page.last = (folded, "")
        else:
            page.uploads.append(upload)
            page.last = (upload.key, upload.id)
    return page


def add_part(objects: ObjectStore, upload: Upload, part: Part) -> None:
    """Record a written file as a part, replacing one of the same number."""
    with objects.index.transaction() as db:
        if not db.execute("SELECT 1 FROM uploads WHERE id=?", (upload.id,)).fetchone():
            raise _no_upload()
        old = db.execute(
            "SELECT file FROM parts WHERE upload=? AND number=?",
            (upload.id, part.number),
        ).fetchone()
        db.execute(
            "INSERT OR REPLACE INTO parts (upload, number, file, size, etag, modified) "
            "VALUES (?,?,?,?,?,?)",
            (upload.id, part.number, part.file, part.size, part.etag, part.modified),
        )
    if old:
        objects.discard(old[0])


def parts(objects: ObjectStore, upload: Upload) -> list[Part]:
    """Return an upload's parts by number."""
    rows = objects.index.rows(
        "SELECT number, file, size, etag, modified FROM parts WHERE upload=? "
        "ORDER BY number",
        upload.id,
    )
    return [Part(*row) for row in rows]  # type: ignore[arg-type]


def complete(
    objects: ObjectStore,
    upload: Upload,
    listed: list[tuple[int, str]],
    headers: Mapping[str, str],
) -> Stored:
    """Assemble the listed parts (number, ETag) into the object.

    Raises ProtocolError(400) for parts out of order, unknown, of another ETag, or too
    small and not the last; 412 if conditions in the headers do not hold.
    """
    chosen = _chosen({part.number: part for part in parts(objects, upload)}, listed)
    size = sum(part.size for part in chosen)
    objects.check_writable(upload.bucket, size, upload.properties.owner)
    file = _assemble(objects, chosen)
    etag = multipart_etag([part.etag for part in chosen])
    thing = Stored(
        upload.bucket, upload.key, file, size, etag, now(), upload.properties
    )
    files: list[str] = []

    def end(db: sqlite3.Connection) -> None:
        files.extend(_forget(db, upload))
        _record(db, upload, thing, listed)

    try:
        objects.publish(thing, headers, end)
    except BaseException:
        objects.discard(file)
        raise
    for part in files:
        objects.discard(part)
    return thing


def abort(objects: ObjectStore, upload: Upload) -> None:
    """Forget an upload and remove its parts."""
    with objects.index.transaction() as db:
        files = _forget(db, upload)
    for file in files:
        objects.discard(file)


def completed(
    objects: ObjectStore,
    target: tuple[str, str],
    upload_id: str,
    listed: list[tuple[int, str]],
) -> Stored | None:
    """Return the object that an ended upload made of the same parts, for a repetition.

    The answer is noted with the object, for ten days; `target` is its bucket and key.
    """
    bucket, key = target
    rows = objects.index.rows(
        "SELECT bucket, key, '', size, etag, modified, said FROM completed "
        "WHERE id=? AND bucket=? AND key=? AND listed=?",
        *(upload_id, bucket, key.encode(), _digest(listed)),
    )
    return stored(rows[0]) if rows else None


def _forget(db: sqlite3.Connection, upload: Upload) -> list[str]:
    """Remove an upload that must be open still; return the files of its parts."""
    ended = db.execute("DELETE FROM uploads WHERE id=?", (upload.id,)).rowcount
    if not ended:
        raise _no_upload()
    rows = db.execute("SELECT file FROM parts WHERE upload=?", (upload.id,)).fetchall()
    db.execute("DELETE FROM parts WHERE upload=?", (upload.id,))
    return [row[0] for row in rows]


def _record(
    db: sqlite3.Connection, upload: Upload, thing: Stored, listed: list[tuple[int, str]]
) -> None:
    """Note what an upload made; forget what was noted long ago."""
    oldest = thing.modified - REPEAT_SECONDS
    db.execute("DELETE FROM completed WHERE modified<?", (oldest,))
    db.execute(
        "INSERT INTO completed VALUES (?,?,?,?,?,?,?,?)",
        (
            upload.id,
            thing.bucket,
            thing.key.encode(),
            _digest(listed),
            thing.size,
            thing.etag,
            thing.modified,
            thing.properties.dumps(),
        ),
    )


def _digest(listed: list[tuple[int, str]]) -> str:
    text = ";".join(f"{number}:{etag.strip(chr(34))}" for number, etag in listed)
    return hashlib.sha256(text.encode()).hexdigest()


def _no_upload() -> ProtocolError:
    return ProtocolError(
        404,
        "NoSuchUpload",
        "The upload does not exist; it may be completed or aborted.",
    )


def _chosen(stored: dict[int, Part], listed: list[tuple[int, str]]) -> list[Part]:
    numbers = [number for number, _ in listed]
    if not listed or numbers != sorted(set(numbers)):
        raise ProtocolError(
            400,
            "InvalidPartOrder",
            "Parts must be listed once each, in ascending order.",
        )
    chosen = []
    for number, etag in listed:
        part = stored.get(number)
        if part is None or part.etag != etag.strip('"'):
            raise ProtocolError(400, "InvalidPart", f"Part {number} was not found.")
        chosen.append(part)
    if any(part.size < SMALLEST_PART for part in chosen[:-1]):
        raise ProtocolError(
            400, "EntityTooSmall", "Parts but the last have at least 5 MiB."
        )
    return chosen


def _assemble(objects: ObjectStore, chosen: list[Part]) -> str:
    """Return a new file holding the parts; a single part shares its blocks."""
    file = objects.new_file()
    target = objects.path(file)
    try:
        if len(chosen) == 1:
            os.link(objects.path(chosen[0].file), target)
            return file
        with target.open("xb", buffering=0) as sink:
            for part in chosen:
                with objects.path(part.file).open("rb", buffering=0) as source:
                    shutil.copyfileobj(source, sink, 1 << 20)
        objects.settle(file)
    except FileNotFoundError:
        objects.discard(file)
        raise _no_upload() from None
    except BaseException:
        objects.discard(file)
        raise
    return file
