"""A database that is stopped is said to be, soon: it is never an empty answer."""

import pytest

from orbital_kernel import Query, connect, embedded
from orbital_kernel.database import Store
from orbital_kernel.errors import StoreError

pytestmark = pytest.mark.timeout(45, func_only=True)  # retried, it would be a minute

CALLS = {
    "rows read": lambda orbital: orbital.store.read("swift.sources"),
    "rows counted": lambda orbital: orbital.store.rows("swift.sources"),
    "tables listed": lambda orbital: orbital.store.actual(),
    "a query": lambda orbital: orbital.query(Query("swift.sources", ("source_id",))),
}


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    """Return a session that had answers until its database was stopped."""
    folder = tmp_path_factory.mktemp("stopped")
    session = connect(folder)
    session.storage.apply()
    for ask in CALLS.values():
        ask(session)
    embedded.stop(folder)
    return session


@pytest.mark.parametrize("call", CALLS)
def test_a_stopped_database_is_an_error_soon(stopped, call):
    with pytest.raises(
        StoreError, match=r"does not answer \(Connection refused\): it was stopped"
    ):
        CALLS[call](stopped)


def test_connecting_to_a_stopped_database_says_what_to_do_next(stopped):
    with pytest.raises(StoreError, match=r"cannot connect .* `orbital doctor`"):
        Store(stopped.store.settings)
