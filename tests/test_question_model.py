"""What public calls read at the largest size follows from smaller sizes, within 10 %."""

import math

import pytest

from benchmarks import question_tables
from orbital_kernel import Query, connect, cost, embedded, reports
from orbital_kernel.errors import ConfigError
from orbital_kernel.storage.cost.question_model import Asked, predicted_largest

SIZES = (30_000, 60_000, 120_000)
CALLS = {
    "points by name": lambda s, name: s.query(
        Query("swift.photometry", sets={"object": [name]})
    ),
    "light curve": lambda s, name: s.light_curve(name),
    "all values": lambda s, _name: s.query(
        Query("swift.photometry", ("object", "value"), full_scan=True)
    ),
}


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """Return what each call stored, read and returned at each size."""
    calls = {call: [] for call in CALLS}
    for rows in SIZES:
        folder = tmp_path_factory.mktemp(f"questions-{rows}")
        session = connect(folder)
        session.storage.apply()
        objects = question_tables.fill(session.store, rows)
        session.names.rebuild()
        assert question_tables.settle(session.store, 60) is not None
        name = objects.names[int(abs(objects.points - 3_000).argmin())]
        for call, ask in CALLS.items():
            with session.explained() as found:
                ask(session, name)
            size = sum(query.bytes for query in found.queries)
            calls[call].append(
                Asked(found.rows_stored, found.rows_read, size, found.rows_returned)
            )
        session.flush()
        embedded.stop(folder)
    return calls


@pytest.mark.parametrize("call", CALLS)
def test_rows_and_bytes_at_the_largest_size_follow_from_the_smaller(asked, call):
    predicted = predicted_largest(asked[call])

    assert predicted.rows_stored >= 2 * SIZES[-2]
    assert predicted.error <= 0.10, str(predicted)


def test_a_call_that_reads_a_share_of_the_table_is_extrapolated():
    calls = [Asked(n, 100 + n // 20, 800, 100) for n in SIZES]

    predicted = predicted_largest(calls)

    assert math.isclose(100 + SIZES[-1] / 20, predicted.rows_read, rel_tol=1e-6)
    assert predicted.error < 1e-6


def test_a_growth_that_smaller_sizes_do_not_have_is_an_error_not_a_fit():
    calls = [Asked(n, 100, 800, 100) for n in SIZES[:-1]]
    calls.append(Asked(SIZES[-1], SIZES[-1], 800, 100))

    assert predicted_largest(calls).error > 0.9


def test_rows_read_at_any_rate_are_found_from_calls_not_from_sizes():
    calls = [
        Asked(n, 50 + 3 * r, 80 * r, r)
        for n in SIZES
        for r in ((4, 16), (9, 31))[n > 9e4]
    ]

    predicted = predicted_largest(calls)

    assert math.isclose(50 + 3 * 20, predicted.rows_read, rel_tol=1e-6)
    assert predicted.error < 1e-6


def test_scatter_of_few_calls_is_no_growth_with_the_table():
    read = {30_000: (9, 31), 60_000: (16, 28), 120_000: (11, 29)}
    calls = [Asked(n, r, 80, 10) for n, several in read.items() for r in several]

    assert (0.0, 20) == (
        cost.question_model(calls).share,
        round(predicted_largest(calls).rows_read, -1),
    )


def test_two_sizes_are_too_few():
    with pytest.raises(ConfigError, match="three sizes"):
        predicted_largest([Asked(n, n, n, n) for n in SIZES[:2]])


@pytest.fixture(scope="module")
def recorded():
    return cost.read_asked(reports.NOTEBOOKS / "questions.csv")


def test_the_recorded_calls_are_predicted_within_ten_percent(recorded):
    errors = {call: cost.predicted_largest(a).error for call, a in recorded.items()}

    assert {} == {call: error for call, error in errors.items() if error > 0.10}
    assert all(call in cost.fitted_to(recorded) for call in recorded)


def test_a_call_about_one_object_costs_the_same_in_an_exabyte(recorded):
    model = cost.question_model(recorded["light curve by name"])
    small, large = (
        cost.predict_on_cluster(cost.Cluster(), model, rows) for rows in (1e7, 1e16)
    )

    assert small.rows_read == large.rows_read
    assert cost.Cluster().overhead_ms * model.queries < large.milliseconds < 1_000


def test_a_question_of_all_rows_reads_all_of_them_at_any_size():
    model = cost.question_model([Asked(n, n, 8 * n, n, 1e-3 * n, 1) for n in SIZES])

    at = cost.predict_on_cluster(cost.Cluster(), model, 1e15)

    assert math.isclose(1e15, at.rows_read)
    assert math.isclose(8e15, at.bytes_read)


def test_rows_of_several_reads_of_one_object_are_a_multiple_of_those_returned():
    returned = (4_660, 4_854, 4_967)
    calls = [Asked(n, 2 * r, 80 * r, r) for n, r in zip(SIZES, returned, strict=True)]

    model = cost.question_model(calls)

    assert (0.0, 2 * 4_967) == (model.share, round(model.edges))
