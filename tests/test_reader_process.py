"""The process that reads is started early, taken by the first pool, and never left over."""

import os

import pytest

from orbital_kernel.ingest import messages, reader_process
from orbital_kernel.ingest.reader_process import SMALL_BYTES, started_early


@pytest.fixture
def large(tmp_path):
    path = tmp_path / "large.fits"
    with path.open("wb") as file:
        file.truncate(SMALL_BYTES + 1)
    return path


def is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_large_file_starts_a_process_that_the_first_pool_takes(large):
    with started_early([large]):
        (early,) = reader_process._EARLY
        taken = reader_process.reader_process()
        ready, _ = messages.receive(taken.end)
    still_runs = is_running(early.pid)
    taken.close()

    assert taken is early
    assert {"ready": True} == ready
    assert still_runs
    assert not is_running(early.pid)


def test_a_process_that_no_pool_took_ends_with_the_ingest(large):
    def fail():
        with started_early([large]):
            (early,) = reader_process._EARLY
            pids.append(early.pid)
            raise ArithmeticError

    pids = []
    with pytest.raises(ArithmeticError):
        fail()

    assert [False] == [is_running(pid) for pid in pids]


def test_small_files_folders_and_what_is_not_there_start_none(tmp_path):
    small = tmp_path / "small.txt"
    small.write_text("a")

    with started_early([small, tmp_path, tmp_path / "absent"]):
        started = list(reader_process._EARLY)

    assert [] == started
