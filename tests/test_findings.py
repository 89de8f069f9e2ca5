"""New detections compared with everything at their place: ratios, odds, alerts."""

import json
from datetime import datetime, timedelta
from threading import Event

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner

from orbital_kernel.__main__ import cli
from orbital_kernel.errors import QueryError
from orbital_kernel.model.predicate import Clause, NotNull
from orbital_kernel.model.sky import healpix
from orbital_kernel.monitor.findings import alerts_of, send
from orbital_kernel.monitor.sinks import AlertFile
from orbital_kernel.questions import news
from orbital_kernel.science.novelty import compared

SOURCES = 400
LATE = datetime(2090, 1, 1)  # noqa: DTZ001 - UTC


def catalogue(rng, factor, *, order, limit=None):
    """Return rows of SOURCES constant sources, some brighter or fainter by a factor."""
    number = SOURCES
    flux = np.geomspace(1e-14, 1e-12, number)
    measured = flux * factor * np.exp(rng.normal(0, 0.2, number))
    is_limit = np.zeros(number, dtype=bool) if limit is None else limit
    return pl.DataFrame(
        {
            "table": "swift.sources",
            "key": [f"{order} {k}" for k in range(number)],
            "object": [f"S{k}" for k in range(number)],
            "observatory": "swift" if order else "chandra",
            "obs_id": f"obs{order}",
            "time": None,
            "ra": np.linspace(10, 50, number) + rng.normal(0, 1 / 3600, number),
            "dec": 5 + rng.normal(0, 1 / 3600, number),
            "radius_arcsec": 1.5,
            "flux": measured,
            "flux_low": measured * 0.8,
            "flux_high": measured * 1.2,
            "is_limit": is_limit,
            "relative_err": 0.0,
            "order": order,
            "simulated": True,
        },
        schema_overrides={"time": pl.Datetime("ns")},
    )


def test_constant_sources_are_not_rarer_than_claimed():
    rng = np.random.default_rng(1)
    rows = compared(catalogue(rng, 1, order=1), catalogue(rng, 1, order=0))

    assert len(rows) > 0.9 * SOURCES
    for level in (0.05, 0.3):
        bound = level + 3 * np.sqrt(level * (1 - level) / len(rows))
        assert (rows["p_value"] <= level).mean() <= bound
    assert (rows["expected"] < 0.01).sum() == 0


def test_injected_changes_by_five_are_found_and_named():
    rng = np.random.default_rng(2)
    factor = np.ones(SOURCES)
    factor[:20], factor[20:40] = 5, 0.2
    rows = compared(catalogue(rng, factor, order=1), catalogue(rng, 1, order=0))
    rare = rows.filter(pl.col("expected") < 0.01)
    names = {row["object"]: row["kind"] for row in rare.to_dicts()}

    assert len(names) >= 34
    assert {"brightening"} == {names[f"S{k}"] for k in range(20) if f"S{k}" in names}
    assert {"fading"} == {names[f"S{k}"] for k in range(20, 40) if f"S{k}" in names}
    assert set(names) <= {f"S{k}" for k in range(40)}


def test_a_detection_above_an_earlier_limit_is_new_and_its_ratio_is_a_bound():
    rng = np.random.default_rng(3)
    limits = catalogue(rng, 0.1, order=0, limit=np.ones(SOURCES, dtype=bool))
    rows = compared(catalogue(rng, 1, order=1), limits)

    assert {"new"} == set(rows.filter(pl.col("statistic") > 3)["kind"])
    assert rows["ratio_brightest"].is_null().all()
    assert rows["ratio_faintest"].is_not_null().all()
    assert rows["ratio_faintest_high"].is_null().all()


def test_later_rows_and_those_of_the_same_look_are_not_earlier():
    rng = np.random.default_rng(4)
    first, second = catalogue(rng, 1, order=1), catalogue(rng, 1, order=2)

    assert 0 == len(compared(first, second))
    assert 0 == len(compared(second, first.with_columns(obs_id=pl.lit("obs2"))))


def finding(time, *, name="S 1", earlier=(), newest=None, obs_id="1"):
    """Return a compared row as far as it matters for whether it is news."""
    return {
        "object": name,
        "obs_id": obs_id,
        "time": time,
        "earlier_objects": list(earlier),
        "newest_earlier": newest,
    }


def test_only_what_is_new_is_an_alert():
    day = datetime(2013, 5, 1)  # noqa: DTZ001 - UTC
    year, month = timedelta(days=366), timedelta(days=31)
    rows = [
        (finding(day), None),
        (finding(day, newest=day - year), None),
        (finding(day, name="GRB 130427A"), news.AFTERGLOW),
        (finding(day, earlier=["GRB130427A"]), news.AFTERGLOW),
        (finding(day, name="GRB 120427A"), None),  # a year later it is news
        (finding(day, name="GRB 130627A"), None),  # before the burst too
        (finding(day, name="GRB 991399"), None),  # not a date
        (finding(None, obs_id=None), news.MEAN),
        (finding(None), None),  # the time of its observation is not known
        (finding(day, newest=day + timedelta(days=2)), news.BEFORE),
        (finding(day, newest=day + timedelta(hours=2)), None),
        (finding(day - month), news.PAST),
    ]
    instant = pl.Datetime("ns")
    shape = {"time": instant, "newest_earlier": instant, "object": pl.String}
    frame = pl.DataFrame(
        [row for row, _ in rows],
        schema_overrides=shape | {"earlier_objects": pl.List(pl.String)},
    )

    assert [why for _, why in rows] == news.reasons(frame, day).to_list()


@pytest.fixture(scope="module")
def arrived(orbital, holding):
    """Return a session where a second file brings sources that an earlier file had."""

    def source(name, ra, flux, sha, **more):
        return {
            "catalog": "test",
            "source_id": name,
            "obs_id": sha,
            "ra": ra,
            "dec": -60.0,
            "healpix": int(healpix([ra], [-60.0])[0]),
            "error_radius_arcsec": 1.0,
            "error_confidence": 0.9,
            "flux": flux,
            "flux_low": flux * 0.9,
            "flux_high": flux * 1.1,
            "is_limit": False,
            "flux_unit": "erg / (cm2 s)",
            "band_low_kev": 0.5,
            "band_high_kev": 7.0,
            "file_sha256": sha,
            "file_row": int(ra * 100),
            "simulated": True,
        } | more

    earlier = [source("a", 40.0, 1e-13, "f1"), source("b", 40.1, 1e-13, "f1")]
    newer = [
        source("A", 40.0001, 2e-12, "f2"),
        source("B", 40.1, 1.05e-13, "f2"),
        source("C", 40.2, 1e-13, "f2"),
        source("D", 40.1, 1.0, "f2", flux_unit="count / s"),
        source("E", 40.3, 1e-13, "f2") | {"ra": None, "dec": None, "healpix": None},
    ]
    ledger = [
        {
            "sha256": sha,
            "name": sha,
            "observatory": observatory,
            "state": "ingested",
            "ingested": LATE + timedelta(hours=hour),
        }
        for hour, (sha, observatory) in enumerate([("f1", "chandra"), ("f2", "swift")])
    ]
    stamps = {"ingested": pl.Datetime("ns")}
    with (
        holding(
            "ops.files",
            pl.DataFrame(ledger, schema_overrides=stamps).to_arrow(),
            "sha256",
        ),
        holding("chandra.sources", pl.DataFrame(earlier).to_arrow(), "file_sha256"),
        holding("swift.sources", pl.DataFrame(newer).to_arrow(), "file_sha256"),
    ):
        yield orbital
        with orbital.store.transaction() as tx:
            tx.delete("cross.findings", [Clause("finding_id", (NotNull(),))])


def test_new_rows_are_compared_in_one_band_and_kept_with_their_odds(arrived):
    answer = arrived.compare_new(since=LATE + timedelta(minutes=30))
    stored = arrived.findings()

    assert ["A", "B"] == answer.rows["object"].to_list()
    assert 3 == answer.new
    assert 20.0 == pytest.approx(answer.rows["ratio_brightest"][0])
    assert answer.rows["expected"][0] < 1e-6 < 0.1 < answer.rows["expected"][1]
    assert any("count rate" in why for why in answer.excluded)
    assert 1 == answer.excluded["new: no position"]
    assert answer.rows["finding_id"].to_list() == stored["finding_id"].to_list()
    assert ["A"] == answer.alerts["object"].to_list()
    assert {} == answer.not_alerted

    (alert,) = alerts_of(answer.alerts)
    assert {"brightening": 1.0} == alert["classification"]
    assert "test" == alert["alert_tense"]


def test_a_finding_that_is_no_news_is_kept_and_counted(arrived, holding):
    """The brightening of A is old once a point of years later is stored."""
    seen = {
        "obs_id": "f2",
        "time": datetime(2012, 1, 1),  # noqa: DTZ001 - UTC
        "file_sha256": "o1",
        "file_row": 0,
        "simulated": True,
    }
    point = {"object": "late", "time": datetime(2012, 3, 1), "value": 1.0}  # noqa: DTZ001
    rows = pl.DataFrame([seen], schema_overrides={"time": pl.Datetime("ns")})
    points = pl.DataFrame(
        [point | {"file_sha256": "o2", "file_row": 0, "simulated": True}],
        schema_overrides={"time": pl.Datetime("ns")},
    )
    with (
        holding("swift.observations", rows.to_arrow(), "file_sha256"),
        holding("swift.photometry", points.to_arrow(), "file_sha256"),
    ):
        answer = arrived.compare_new(since=LATE + timedelta(minutes=30))
    (row,) = answer.rows.filter(object="A").to_dicts()

    assert 0 == len(answer.alerts)
    assert {news.PAST: 1} == answer.not_alerted == answer.to_json()["not_alerted"]
    assert news.PAST == json.loads(row["evidence"])["not_alerted"]
    assert row["finding_id"] in arrived.findings()["finding_id"]
    arrived.compare_new(since=LATE + timedelta(minutes=30))  # as it was, for the others


def test_an_alert_is_sent_once_whoever_sends_it(arrived, tmp_path):
    arrived.compare_new(since=LATE + timedelta(minutes=30))
    path = tmp_path / "alerts.jsonl"
    watch = tmp_path / "watch"

    assert (1, []) == send(arrived.store, watch, [AlertFile(path)])
    assert (0, []) == send(arrived.store, watch, [AlertFile(tmp_path / "other")])
    arrived.bursts.watch(watch, sinks=[AlertFile(tmp_path / "third")]).run(
        Event(), once=True
    )
    (alert,) = map(json.loads, path.read_text().splitlines())
    assert alert["id"].startswith("new-detection swift.sources")
    assert not (tmp_path / "other").exists()
    third = tmp_path / "third"
    assert not third.exists() or alert["id"] not in third.read_text()


def test_comparing_again_keeps_one_row_for_each(arrived):
    for _ in range(2):
        arrived.compare_new(since=LATE + timedelta(minutes=30))

    assert 2 == len(arrived.findings())


def test_the_command_lists_findings(arrived, home, monkeypatch):
    arrived.compare_new(since=LATE + timedelta(minutes=30))
    monkeypatch.setenv("ORBITAL_HOME", str(home))
    result = CliRunner().invoke(cli, ["findings", "--kind", "brightening", "--json"])
    rows = json.loads(result.stdout)["findings"]

    assert "A" == rows[0]["object"]
    assert {"ratio_brightest", "ratio_faintest", "expected", "evidence"} <= set(rows[0])


class Moody:
    """A sink that accepts what it refused at first."""

    name, waits = "moody", True

    def __init__(self):
        self.accepted, self.attempts = [], 0

    def send(self, alert):
        self.attempts += 1
        if self.attempts == 1:
            raise OSError("busy")
        self.accepted.append(alert["id"])


def test_a_delivery_that_fails_is_tried_again_and_kept(arrived, tmp_path):
    arrived.compare_new(since=LATE + timedelta(minutes=30))
    sink = Moody()

    sent, notes = send(arrived.store, tmp_path, [sink], seconds=0)
    assert (0, []) == (sent, sink.accepted)
    assert "wait for the next" in notes[-1]
    assert (1, []) == send(arrived.store, tmp_path, [sink], seconds=10)[:2]
    assert 1 == len(sink.accepted)


@pytest.mark.parametrize("since", ["yesterday", ""])
def test_findings_since_what_is_no_time_are_refused_with_an_example(arrived, since):
    with pytest.raises(QueryError, match=r"since is a time in UTC.* such as 20"):
        arrived.findings(since=since)
