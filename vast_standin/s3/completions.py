"""Completed multipart uploads: parts become an object, and a repetition is recognised."""

import hashlib
import os
import shutil
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from vast_standin.http import ProtocolError
from vast_standin.s3.checksums import checksum_of_parts, declared, multipart_etag
from vast_standin.s3.documents import malformed
from vast_standin.s3.index import Properties, Stored, now, stored
from vast_standin.s3.objects import ObjectStore
from vast_standin.s3.uploads import Part, Upload, forget, no_upload, parts

SMALLEST_PART = 5 * 1024 * 1024
REPEAT_SECONDS = 10 * 24 * 3600


@dataclass(frozen=True)
class Listed:
    """A part as a completion lists it."""

    number: int
    etag: str
    checksums: Mapping[str, str] = field(default_factory=dict)


def complete(
    objects: ObjectStore,
    upload: Upload,
    listed: list[Listed],
    headers: Mapping[str, str],
) -> Stored:
    """Assemble the listed parts (number, ETag) into the object.

    Raises ProtocolError(400) for parts out of order, unknown, of another ETag, or too
    small and not the last; 412 if conditions in the headers do not hold.
    """
    chosen = _chosen({part.number: part for part in parts(objects, upload)}, listed)
    size = sum(part.size for part in chosen)
    objects.check_writable(upload.bucket, size, upload.properties.owner)
    properties = _properties(upload, chosen, headers)
    file = _assemble(objects, chosen)
    etag = multipart_etag([part.etag for part in chosen])
    thing = Stored(upload.bucket, upload.key, file, size, etag, now(), properties)
    files: list[str] = []

    def end(db: sqlite3.Connection) -> None:
        files.extend(forget(db, upload))
        _record(db, upload, thing, listed)

    try:
        objects.publish(thing, headers, end)
    except BaseException:
        objects.discard(file)
        raise
    for part in files:
        objects.discard(part)
    return thing


def completed(
    objects: ObjectStore,
    target: tuple[str, str],
    upload_id: str,
    listed: list[Listed],
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


def _record(
    db: sqlite3.Connection, upload: Upload, thing: Stored, listed: list[Listed]
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


def _digest(listed: list[Listed]) -> str:
    text = ";".join(f"{part.number}:{part.etag}" for part in listed)
    return hashlib.sha256(text.encode()).hexdigest()


def _chosen(stored_parts: dict[int, Part], listed: list[Listed]) -> list[Part]:
    numbers = [part.number for part in listed]
    if not listed:
        raise malformed("CompleteMultipartUpload")
    if numbers != sorted(set(numbers)):
        raise ProtocolError(
            400,
            "InvalidPartOrder",
            "Parts must be listed once each, in ascending order.",
        )
    chosen = []
    for entry in listed:
        part = stored_parts.get(entry.number)
        if part is None or part.etag != entry.etag or not _fits(part, entry):
            raise ProtocolError(
                400, "InvalidPart", f"Part {entry.number} was not found."
            )
        chosen.append(part)
    if any(part.size < SMALLEST_PART for part in chosen[:-1]):
        raise ProtocolError(
            400, "EntityTooSmall", "Parts but the last have at least 5 MiB."
        )
    return chosen


def _fits(part: Part, entry: Listed) -> bool:
    """Return whether a part has the checksums that the client lists for it."""
    return all(part.checksums.get(k) == value for k, value in entry.checksums.items())


def _properties(
    upload: Upload, chosen: list[Part], headers: Mapping[str, str]
) -> Properties:
    """Return the object's properties with its checksum; raise 400 if others are declared."""
    algorithm, kind = upload.properties.algorithm, upload.properties.checksum_type
    size = sum(part.size for part in chosen)
    checksums: dict[str, str] = {}
    if algorithm:
        sums = [(part.size, part.checksums.get(algorithm, "")) for part in chosen]
        if not all(value for _, value in sums):
            raise ProtocolError(
                400, "InvalidPart", f"A part has no {algorithm.upper()} checksum."
            )
        checksums[algorithm] = checksum_of_parts(algorithm, kind, sums)
    if headers.get("x-amz-mp-object-size", str(size)) != str(size):
        raise ProtocolError(
            400,
            "InvalidRequest",
            f"x-amz-mp-object-size is wrong: parts have {size} bytes",
        )
    if headers.get("x-amz-checksum-type", kind).upper() != kind:
        raise ProtocolError(
            400, "InvalidRequest", f"the upload's checksum type is {kind or 'none'}"
        )
    for name, value in declared(headers).items():
        if name not in checksums:
            raise ProtocolError(
                400, "InvalidRequest", f"the upload was begun without {name.upper()}"
            )
        if value.partition("-")[0] != checksums[name].partition("-")[0]:
            raise ProtocolError(
                400, "BadDigest", f"The {name.upper()} you specified did not match."
            )
    listed = [(part.number, part.size, part.checksums) for part in chosen]
    return replace(upload.properties, checksums=checksums, algorithm="", parts=listed)


def _assemble(objects: ObjectStore, chosen: list[Part]) -> str:
    """Return a new file holding the parts; a single part shares its blocks."""
    file = objects.new_file()
    target = objects.path(file)
    try:
        if len(chosen) == 1:
            os.link(objects.path(chosen[0].file), target)
            objects.sums.copied(chosen[0].file, file)
            return file
        with target.open("xb", buffering=0) as sink:
            for part in chosen:
                with objects.path(part.file).open("rb", buffering=0) as source:
                    shutil.copyfileobj(source, sink, 1 << 20)
        objects.settle(file)
        objects.sums.joined([(part.file, part.size) for part in chosen], file)
    except FileNotFoundError:
        objects.discard(file)
        raise no_upload() from None
    except BaseException:
        objects.discard(file)
        raise
    return file
