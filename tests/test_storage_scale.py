"""Costs and extrapolation: fitted to measurements, with intervals beyond them."""

import random
from dataclasses import replace

import pytest

from orbital_kernel.errors import ConfigError
from orbital_kernel.storage.cost.cost import (
    PRICES,
    Use,
    bills,
    future_cost,
    prices,
    query_cost,
    storage_month,
    what_if,
)
from orbital_kernel.storage.cost.query_model import (
    ROW_GROUP,
    Measured,
    calibrated,
    unpruned,
)
from orbital_kernel.storage.cost.scale import (
    Cluster,
    predict_on_cluster,
    predict_on_this_machine,
    rows_read,
    sensitivity,
    table_of,
)
from orbital_kernel.storage.growth.forecast import Sample, trend

TB = 10**12
DAY = 86400.0
USES = {"swift": Use(3 * TB, 7200.0), "chandra": Use(30 * TB)}


def table(rows, *, seed=0, matched=0.0005, ranges=3):
    """Return the rows read and the time of a query on a sorted table."""
    rng = random.Random(rows + seed)
    read = 0
    for _ in range(ranges):
        start = rng.random() * rows * (1 - matched)
        end = start + matched / ranges * rows
        read += (int(end // ROW_GROUP) - int(start // ROW_GROUP) + 1) * ROW_GROUP
    read = min(read, rows)
    return Measured(
        rows, read, read * 80, (2.0 + read * 2e-5) * rng.uniform(0.95, 1.05)
    )


def test_the_rows_read_at_the_largest_size_follow_from_smaller_ones():
    sizes = [10**7, 3 * 10**7, 10**8, 3 * 10**8]
    small = [table(rows, seed=seed) for rows in sizes for seed in range(20)]
    model = calibrated(small)
    largest = [table(10**9, seed=seed).rows_read for seed in range(20)]

    measured = sum(largest) / len(largest)
    assert measured == pytest.approx(rows_read(model, 10**9), rel=0.1)
    assert measured * 80 == pytest.approx(
        predict_on_this_machine(model, 10**9).bytes_read, rel=0.1
    )


def test_the_time_of_the_largest_size_is_within_the_stated_interval():
    sizes = [10**7, 3 * 10**7, 10**8, 3 * 10**8]
    model = calibrated([table(rows, seed=s) for rows in sizes for s in range(20)])
    prediction = predict_on_this_machine(model, 10**9)
    inside = [
        prediction.low_ms * 0.9
        <= table(10**9, seed=s).milliseconds
        <= prediction.high_ms * 1.1
        for s in range(50)
    ]

    assert sum(inside) >= 40
    assert 3.0 < prediction.extrapolated < 3.5


def test_a_query_never_reads_more_rows_than_there_are():
    model = calibrated([table(10**7), table(10**8)])

    assert 1000 == rows_read(model, 1000)


def test_one_size_is_no_model():
    with pytest.raises(ConfigError, match="two table sizes"):
        calibrated([table(10**7), table(10**7, seed=1)])


def test_pruning_is_what_makes_an_exabyte_answer():
    points = [table(n, seed=s, matched=1e-9) for n in (10**7, 10**8) for s in range(9)]
    model = calibrated(points)
    rows = 10**18 / model.bytes_a_row
    cluster = Cluster(cnodes=100)

    assert predict_on_cluster(cluster, unpruned(model), rows).milliseconds > 1e6
    pruned, unpruned_scan = (
        predict_on_cluster(cluster, m, rows) for m in (model, unpruned(model))
    )
    assert pruned.rows_read < 1e-3 * unpruned_scan.rows_read
    assert pruned.milliseconds < 1e-3 * unpruned_scan.milliseconds


def test_more_nodes_help_only_where_there_is_work_to_share():
    model = calibrated([table(10**7), table(10**8)])
    few, many = Cluster(cnodes=2), Cluster(cnodes=64)

    assert (
        predict_on_cluster(few, model, 10**7).milliseconds
        == predict_on_cluster(many, model, 10**7).milliseconds
    )
    scan = unpruned(model)
    assert (
        predict_on_cluster(few, scan, 10**12).milliseconds
        > 20 * predict_on_cluster(many, scan, 10**12).milliseconds
    )


def test_predictions_are_rows_of_latency_and_cost_a_size():
    model = calibrated([table(10**7), table(10**8)])
    price = prices()
    rows = table_of(
        {"pruned": model, "all rows read": unpruned(model)},
        Cluster(),
        [1e9, 1e18],
        lambda ms, nodes: query_cost(ms, nodes, price),
    )

    assert ["pruned", "pruned", "all rows read", "all rows read"] == [
        row["name"] for row in rows
    ]
    for row in rows:
        assert row["low_ms"] <= row["milliseconds"] <= row["high_ms"]
        assert row["cost"] > 0
    assert rows[1]["cost"] < 1e-2 * rows[3]["cost"]


def test_a_few_slow_answers_bend_no_line_and_widen_no_interval_much():
    sizes = [10**7, 3 * 10**7, 10**8]
    clean = [table(rows, seed=s) for rows in sizes for s in range(40)]
    slow = [
        replace(query, milliseconds=50 * query.milliseconds)
        if number % 40 < 2
        else query
        for number, query in enumerate(clean)
    ]

    before, after = (
        predict_on_this_machine(calibrated(m), 10**9).milliseconds
        for m in (clean, slow)
    )
    assert after == pytest.approx(before, rel=0.1)


def test_the_sensitivity_names_every_assumption():
    model = calibrated([table(10**7), table(10**8)])
    ranges = sensitivity(Cluster(), unpruned(model), 10**12)

    assert {"cnodes", "bytes_s_a_cnode", "bytes_a_row", "share"} <= set(ranges)
    slow, fast = ranges["bytes_s_a_cnode"]
    assert slow == pytest.approx(4 * fast, rel=0.01)


def test_the_price_file_gives_a_reason_for_each_number():
    price = prices()

    for name in ("per_tb_month", "per_cnode_hour", "data_reduction"):
        assert any(reason.startswith(f"{name}: ") for reason in price.reasons)


def test_a_logical_terabyte_costs_less_where_data_is_reduced():
    price = prices()

    assert price.per_tb_month == storage_month(TB, price.reduced_by(1.0))
    assert price.per_tb_month / 2 == storage_month(TB, price.reduced_by(2.0))
    assert price == price.reduced_by(None)


def test_a_query_costs_the_time_of_its_nodes():
    assert prices().per_cnode_hour == query_cost(3_600_000, 1, prices())
    assert 2 * query_cost(10, 4, prices()) == query_cost(10, 8, prices())


def test_bills_are_by_observatory_and_a_third_adds_only_its_own():
    before = {bill.owner: bill.total for bill in bills(USES, prices())}
    after = {
        bill.owner: bill.total
        for bill in what_if(USES, "nicer", like="swift", share=0.5, price=prices())
    }

    assert ["chandra", "swift"] == [bill.owner for bill in bills(USES, prices())]
    assert before == {k: v for k, v in after.items() if k != "nicer"}
    assert after["nicer"] == pytest.approx(before["swift"] / 2)


def test_an_unknown_model_for_a_third_observatory_is_refused():
    with pytest.raises(ConfigError, match="there are swift, chandra"):
        what_if(USES, "nicer", like="hubble", share=1.0, price=prices())


def test_the_future_cost_has_an_interval():
    rng = random.Random(1)
    used, samples = 10.0 * TB, []
    for day in range(30):
        used += rng.gauss(0.1, 0.05) * TB
        samples.append(Sample(day * DAY, int(used)))
    low, likely, high = future_cost(trend(samples), 12, prices())

    assert low < likely < high
    assert storage_month(samples[-1].used_bytes, prices()) < likely


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("per_tb_month = 15.0", "per_tb_month = 0", "per_tb_month must be above 0"),
        ("per_cnode_hour = 4.0\n", "", "lacks per_cnode_hour"),
        ('currency = "USD"', "currency = USD", "cannot be read"),
    ],
)
def test_a_wrong_price_file_is_refused(tmp_path, old, new, words):
    path = tmp_path / "mine.toml"
    text = PRICES.read_text()
    assert old in text
    path.write_text(text.replace(old, new))

    with pytest.raises(ConfigError, match=words) as refused:
        prices(path)
    assert "mine.toml" in str(refused.value)
