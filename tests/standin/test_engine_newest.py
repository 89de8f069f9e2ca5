"""Of a load only the newest bytes stay in memory; other files are left alone."""

import ctypes
import mmap

import numpy as np
import pyarrow as pa
import pytest

from vast_standin.engine import newest
from vast_standin.engine.data_folder import DataFolder

BATCH = pa.record_batch({"0": np.arange(1 << 17)})
PAGE = 4096


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(newest, "_MOST_BYTES", 4 << 20)
    monkeypatch.setattr(newest, "_STEP", 1 << 20)
    probe = tmp_path / "probe"
    probe.write_bytes(bytes(PAGE))
    newest._send([(probe, 0, PAGE)])
    if in_memory(probe, 0):
        pytest.skip("files of the temporary folder cannot leave memory")
    return DataFolder(tmp_path / "segments")


def in_memory(path, offset):
    """Return whether the page at an offset is in memory, without asking for it."""
    with path.open("rb") as source:
        mapped = mmap.mmap(source.fileno(), 0, access=mmap.ACCESS_COPY)
    pages = (ctypes.c_ubyte * -(-len(mapped) // PAGE))()
    start = ctypes.c_char.from_buffer(mapped)
    libc = ctypes.CDLL(None, use_errno=True)
    assert 0 == libc.mincore(ctypes.byref(start), ctypes.c_size_t(len(mapped)), pages)
    return bool(pages[offset // PAGE] & 1)


def written(folder, *, load):
    writer = folder.writer("t", load=load)
    extents = [writer.append(BATCH) for _ in range(12)]
    writer.seal()
    folder.newest.settle()
    return [in_memory(folder.path / "t", e.offset + PAGE) for e in extents]


def test_a_load_keeps_its_newest_bytes_in_memory_and_no_others(folder):
    files = written(folder, load=True)

    assert files[-1]
    assert not any(files[:4])


def test_what_left_memory_is_read_again_whole(folder):
    writer = folder.writer("t", load=True)
    extents = [writer.append(BATCH) for _ in range(12)]
    writer.seal()
    folder.newest.settle()

    assert all(extent.batch.equals(BATCH) for extent in extents)


def test_files_that_are_no_load_stay_in_memory(folder):
    assert all(written(folder, load=False))


def test_a_file_that_went_away_is_passed_over(folder, caplog):
    writer = folder.writer("t", load=True)
    writer.append(BATCH)
    writer.discard()
    (folder.path / "t").unlink()
    for _ in range(8):
        folder.newest.add(folder.path / "t", 0, 1 << 20)
    folder.newest.settle()

    assert not caplog.records
