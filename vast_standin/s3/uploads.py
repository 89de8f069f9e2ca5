"""Multipart uploads: parts are files of the store until they become one object."""

import json
import secrets
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from vast_standin.http import ProtocolError
from vast_standin.s3.index import Properties, now
from vast_standin.s3.objects import ObjectStore, check_key
from vast_standin.s3.sums import drop_sums

PARTS_LIMIT = 10_000


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
    checksums: Mapping[str, str] = field(default_factory=dict)


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
    raise no_upload()


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
            raise no_upload()
        old = db.execute(
            "SELECT file FROM parts WHERE upload=? AND number=?",
            (upload.id, part.number),
        ).fetchone()
        db.execute(
            "INSERT OR REPLACE INTO parts VALUES (?,?,?,?,?,?,?)",
            (
                upload.id,
                part.number,
                part.file,
                part.size,
                part.etag,
                part.modified,
                json.dumps(dict(part.checksums)),
            ),
        )
        objects.sums.keep(db, part.file)
        if old:
            drop_sums(db, [old[0]])
    objects.sums.settled(part.file)
    if old:
        objects.discard(old[0])


def parts(objects: ObjectStore, upload: Upload) -> list[Part]:
    """Return an upload's parts by number."""
    rows = objects.index.rows(
        "SELECT number, file, size, etag, modified, checksums FROM parts WHERE upload=? "
        "ORDER BY number",
        upload.id,
    )
    return [
        Part(
            int(str(number)),
            str(file),
            int(str(size)),
            str(etag),
            float(str(modified)),
            json.loads(str(sums)),
        )
        for number, file, size, etag, modified, sums in rows
    ]


def abort(objects: ObjectStore, upload: Upload) -> None:
    """Forget an upload and remove its parts."""
    with objects.index.transaction() as db:
        files = forget(db, upload)
    for file in files:
        objects.discard(file)


def forget(db: sqlite3.Connection, upload: Upload) -> list[str]:
    """Remove an upload that must be open still; return the files of its parts."""
    ended = db.execute("DELETE FROM uploads WHERE id=?", (upload.id,)).rowcount
    if not ended:
        raise no_upload()
    rows = db.execute("SELECT file FROM parts WHERE upload=?", (upload.id,)).fetchall()
    db.execute("DELETE FROM parts WHERE upload=?", (upload.id,))
    files = [str(row[0]) for row in rows]
    drop_sums(db, files)
    return files


def no_upload() -> ProtocolError:
    """Return the error 404 of an upload that is not open."""
    return ProtocolError(
        404,
        "NoSuchUpload",
        "The upload does not exist; it may be completed or aborted.",
    )
