"""The files of objects read against their checksums, for upkeep."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from vast_standin.blocks import Run, Summing
from vast_standin.s3.checksums import multipart_etag
from vast_standin.s3.objects import BLOCK, ObjectStore
from vast_standin.s3.verified import VerifiedFile

Pace = Callable[[int], None]
"""Called with the number of bytes read; it waits, and may raise to give up."""
Tags = Sequence[tuple[str, list[int]]]
"""ETags of what a file holds, each with the sizes of the parts it came in."""


def unverified(objects: ObjectStore) -> int:
    """Count the files whose checksums are not known yet."""
    summed = {row[0] for row in objects.index.rows("SELECT file FROM sums")}
    return len(objects.index.files().keys() - summed)


def verifications(
    objects: ObjectStore, pace: Pace
) -> Iterator[tuple[str, Callable[[], None]]]:
    """Yield files by name, each with what verifies it; `pace` slows the reading."""
    tags = objects.index.tags_without_sums()
    for file, size in sorted(objects.index.files().items()):
        yield file, partial(_verify, objects, file, size, tags.get(file, ()), pace)


def _verify(objects: ObjectStore, file: str, size: int, tags: Tags, pace: Pace) -> None:
    """Read a file against its checksums; give it some, by its ETag, if it has none."""
    runs = [Run(r.offset, r.length, r.sums) for r in objects.sums.runs(file)]
    try:
        source = VerifiedFile(objects.path(file), file, runs, objects.report)
    except FileNotFoundError:
        if file in objects.index.files():
            raise
        return  # removed meanwhile
    with source:
        if source.size < size:
            raise OSError(f"it is cut short ({source.size} of {size} bytes)")
        run = _read_through(source, pace)
        if runs or not size:
            return
        for tag, parts in tags:
            if _tag_of(source, tag, parts) != tag:
                raise OSError(f"its bytes are not those of ETag {tag}")
    objects.sums.written(file, [run])
    with objects.index.transaction() as db:
        objects.sums.keep(db, file)
    objects.sums.settled(file)


def _read_through(source: VerifiedFile, pace: Pace) -> Run:
    summing = Summing()
    while block := source.read(BLOCK):
        pace(len(block))
        summing.update(block)
    return Run(0, summing.length, summing.sums())


def _tag_of(source: VerifiedFile, tag: str, parts: Sequence[int]) -> str:
    """Return the ETag of a file's bytes; `tag` itself if the parts were not noted."""
    if "-" in tag and not parts:
        return tag
    source.seek(0)
    tags = [_md5(source, size) for size in (parts if "-" in tag else [source.size])]
    return multipart_etag(tags) if "-" in tag else tags[0]


def _md5(source: VerifiedFile, size: int) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    while size and (block := source.read(min(size, BLOCK))):
        digest.update(block)
        size -= len(block)
    return digest.hexdigest()
