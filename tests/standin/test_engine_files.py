"""Files of Arrow data: what is written while the writer goes on is there when needed."""

import errno
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa
import pytest

from vast_standin.engine import file_writer, files, mapping, streams
from vast_standin.engine.data_folder import DataFolder

LARGE = pa.record_batch({"0": np.arange(1 << 18)})
SMALL = pa.record_batch({"0": np.arange(9)})


@pytest.fixture
def folder(tmp_path):
    return DataFolder(tmp_path / "segments")


@pytest.fixture
def changing_often():
    """Threads that take turns after a few instructions, as on a busy machine."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.fixture
def held(monkeypatch):
    """An event that large batches wait for before they are written."""
    event = threading.Event()
    write = files.write_and_close

    def late(*args):
        event.wait(20)
        write(*args)

    monkeypatch.setattr(files, "write_and_close", late)
    yield event
    event.set()


def test_a_large_batch_is_written_behind_and_waited_for_by_who_reads_it(folder, held):
    writer = folder.writer("t")
    large, small = writer.append(LARGE), writer.append(SMALL)
    threading.Timer(0.2, held.set).start()

    assert not held.is_set()
    assert large.batch.equals(LARGE)
    assert held.is_set()
    assert small.batch.equals(SMALL)
    writer.seal()


def test_sealing_waits_until_all_is_in_the_file(folder, held):
    writer = folder.writer("t")
    extent = writer.append(LARGE)
    threading.Timer(0.2, held.set).start()
    writer.seal()

    assert held.is_set()
    stored = (folder.path / "t").read_bytes()[extent.offset :][: extent.length]
    assert LARGE.equals(pa.ipc.open_stream(stored).read_next_batch())


def test_a_failed_write_is_reported_each_time(folder, monkeypatch):
    def fail(*_):
        raise OSError(errno.EIO, "the device is gone")

    writer = folder.writer("t")
    monkeypatch.setattr(streams, "write_all", fail)
    monkeypatch.setattr(file_writer, "write_all", fail)
    writer.append(LARGE)

    for ask in (lambda: writer.append(LARGE), writer.seal, writer.seal):
        with pytest.raises(OSError, match="the device is gone"):
            ask()


def test_a_file_discarded_while_it_is_written_goes_away(folder, held):
    writer = folder.writer("t")
    writer.append(LARGE)
    writer.discard()
    held.set()
    del writer

    assert [] == list(folder.path.iterdir())


def test_a_file_that_grows_while_others_read_it_is_never_called_cut(
    folder, changing_often
):
    writer = folder.writer("t")
    batch = LARGE.slice(0, 2000)
    first = writer.append(batch)

    def append_and_verify(_):
        newest = writer.append(batch)
        for extent in (newest, first):
            extent.verify("0")
        return newest.batch.equals(batch)

    with ThreadPoolExecutor(4) as pool:
        assert [True] * 4000 == list(pool.map(append_and_verify, range(4000)))


def test_threads_that_open_a_file_at_once_get_the_same_object(folder, changing_often):
    barrier = threading.Barrier(4)

    def open_it(name):
        barrier.wait(20)
        return folder.file(name)

    with ThreadPoolExecutor(4) as pool:
        for number in range(200):
            files_ = list(pool.map(open_it, [f"t{number}"] * 4))
            assert 1 == len({id(file) for file in files_})


def test_few_rows_of_a_large_file_ask_for_little_more_than_their_bytes(
    folder, monkeypatch
):
    monkeypatch.setattr(mapping, "_LARGE", 1)
    asked = []
    monkeypatch.setattr(
        mapping.Mapping, "expect", lambda _, low, high: asked.append(high - low)
    )
    extent = folder.writer("t").append(LARGE)

    extent.expect("0", 1_000, 3_000)
    extent.verify("0", 1_000, 3_000)

    assert extent.scattered.equals(LARGE)
    assert 2_000 * 8 in asked
    assert extent.length > 20 * sum(asked)


def test_what_is_asked_for_is_that_of_the_mapping_for_few_rows(folder, monkeypatch):
    monkeypatch.setattr(mapping, "_LARGE", 1)
    extent = folder.writer("t").append(LARGE)
    few = extent.file.scattered(extent.offset, extent.length)

    extent.file.mapping.expect(0, extent.length)

    assert few.equals(extent.view)
    assert few.address != extent.view.address


@pytest.mark.parametrize("span", [(-(1 << 20), 1 << 16), (0, 1 << 40)])
def test_a_damaged_offset_asks_for_nothing(folder, monkeypatch, span):
    monkeypatch.setattr(mapping, "_LARGE", 1)
    extent = folder.writer("t").append(LARGE)
    extent.verify("0")

    extent.file.mapping.expect(*span)

    assert extent.scattered.equals(LARGE)


def test_small_files_are_mapped_once(folder):
    extent = folder.writer("t").append(SMALL)

    assert extent.file.scattered(extent.offset, extent.length) is None
    assert extent.scattered is extent.batch
