"""Work of widgets off their thread: replaced, cancelled and limited in time."""

import asyncio
import socket
import threading

import pytest
from orbital_widgets.latest import Latest

from orbital_kernel import Query, connect
from orbital_kernel.errors import Cancelled, StoreError
from orbital_kernel.query import Cancel

NAMES = Query("swift.sources", ("source_id",))


class BlackHole:
    """A server that accepts connections and never answers."""

    def __enter__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.accepted, self.ended = threading.Event(), threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_error):
        self._listener.close()

    def _serve(self):
        connection, _ = self._listener.accept()
        with connection:
            self.accepted.set()
            while connection.recv(1 << 16):
                pass
            self.ended.set()


@pytest.fixture
def hole():
    """Return a server that never answers."""
    with BlackHole() as server:
        yield server


def at(session, url):
    """Return a session whose questions go to another endpoint."""
    session = connect(session.home, database=session.database)
    store = session.store
    api = store._session.api.with_endpoints([url])
    store._session.api = api
    store._shared.api = api
    return session


def test_a_replaced_question_closes_its_connection(orbital, hole):
    lost, came = at(orbital, hole.url), []
    latest = Latest(threading.RLock())
    latest.ask(lambda: lost.query(NAMES), came.append)
    assert hole.accepted.wait(30)

    latest.ask(lambda: orbital.query(NAMES), came.append)
    latest.wait(30)
    latest.close()

    assert hole.ended.wait(30)
    assert 1 == len(came)
    assert ["source_id"] == came[0].result().frame.columns


def test_questions_asked_side_by_side_end_together(orbital, hole):
    lost, came = at(orbital, hole.url), []
    latest = Latest(threading.RLock())
    latest.ask(lambda: lost.objects.position("SIM AGN 1"), came.append)
    assert hole.accepted.wait(30)
    latest.cancel()
    latest.close()

    assert hole.ended.wait(30)
    assert "cancelled" in str(came[0].exception())


def test_a_question_without_an_answer_in_time_is_cancelled_and_said_so(orbital, hole):
    lost, came = at(orbital, hole.url), []
    latest = Latest(threading.RLock(), within_s=0.5)
    latest.ask(lambda: lost.query(NAMES), came.append)
    latest.wait(30)
    latest.close()

    assert hole.ended.wait(30)
    assert "no answer within 0.5 s" in str(came[0].exception())
    assert isinstance(came[0].exception(), StoreError)


def test_in_a_notebook_the_limit_needs_nobody_who_waits(orbital, hole):
    came = []

    async def notebook():
        lost, over = at(orbital, hole.url), asyncio.Event()
        latest = Latest(threading.RLock(), within_s=0.5)
        latest.ask(lambda: lost.query(NAMES), lambda f: (came.append(f), over.set()))
        await asyncio.wait_for(over.wait(), 30)
        latest.close()

    asyncio.run(notebook())

    assert "no answer within 0.5 s" in str(came[0].exception())


def test_a_cancelled_answer_that_comes_late_is_dropped():
    let_go, came = threading.Event(), []
    latest = Latest(threading.RLock())
    latest.ask(lambda: let_go.wait(30), came.append)
    latest.cancel()
    let_go.set()
    latest.wait(30)
    latest.close()

    assert 1 == len(came)
    assert isinstance(came[0].exception(), Cancelled)


def test_a_job_that_cannot_be_cancelled_does_not_hold_up_the_next():
    let_go, came = threading.Event(), []
    latest = Latest(threading.RLock())
    latest.ask(lambda: let_go.wait(30), came.append)
    latest.ask(lambda: "next", came.append)
    latest.wait(30)
    latest.close()
    let_go.set()

    assert ["next"] == [future.result() for future in came]


def test_a_cancelled_session_answers_the_next_question(orbital):
    cancel = Cancel()
    with cancel.block():
        orbital.query(NAMES)
        cancel.set()
        with pytest.raises(Cancelled):
            orbital.query(NAMES)

    assert ["source_id"] == orbital.query(NAMES).frame.columns


def test_what_is_written_is_not_cut_off(orbital):
    cancel = Cancel()
    with cancel.block():
        cancel.set()
        assert 0 <= orbital.store.rows("swift.sources")
