"""Answers made of simulated rows say so, and answers made of real rows do not."""

import json
from datetime import datetime

import polars as pl
import pytest
from click.testing import CliRunner

from orbital_kernel import CountsToFlux, connect, plots
from orbital_kernel.__main__ import cli
from orbital_kernel.monitor import knowledge
from orbital_kernel.monitor.alerts import alert, line
from orbital_kernel.monitor.scan import to_json
from orbital_kernel.questions import KINDS
from orbital_kernel.science import correlation, population
from orbital_kernel.science.bursts import calibration
from orbital_kernel.science.bursts.calibration import Pulse, inject, noise_series
from orbital_kernel.science.columns import either, simulated

BURST = "GRB 120102S"
FACTOR = CountsToFlux(4e-11, (0.3, 10.0), "stated for the test")
START = datetime(2026, 1, 15)  # noqa: DTZ001 - naive is UTC here


@pytest.fixture(scope="module")
def twins(home, stocked):
    """Return two databases of the same sky, by what they say of it: simulated, real.

    A snapshot of Swift is added while Chandra looked.
    """
    look = stocked.table("chandra.intervals").sort("time").row(0, named=True)
    place = stocked.table("chandra.observations").filter(obs_id=look["obs_id"])
    snapshot = {
        **{name: look[name] for name in ("time", "time_stop")},
        **{name: place[name][0] for name in ("ra", "dec", "healpix")},
        "obs_id": "0999",
        "kind": "snapshot",
        "instrument": "XRT",
        "simulated": True,
    }
    sessions = {}
    for name, flag in (("simulated-twin", True), ("real-twin", False)):
        session = connect(home, database=name)
        session.storage.apply()
        rows = {
            table: stocked.table(table)
            for table, count in stocked.tables().items()
            if count and not table.startswith("ops.")
        }
        more = pl.DataFrame([snapshot], schema=rows["swift.intervals"].schema)
        rows["swift.intervals"] = rows["swift.intervals"].vstack(more)
        for table, frame in rows.items():
            session.store.insert(table, _marked(frame, flag))
        sessions[flag] = session
    return sessions


def _marked(rows, flag):
    flag_column = pl.lit(flag).alias("simulated")
    return rows.with_columns(flag_column).to_arrow()


def _placed(session):
    """Return the follow-up of a burst that a catalogue places."""
    rows = session.bursts.stored().filter(pl.col("matches").str.contains("coincident"))
    return session.bursts.follow_up(rows["burst_id"][0], start=START, days=0.2)


def _rates(session):
    return session.series(session.table("swift.rates", ["series"])["series"].min())


def _lag(session):
    rates = _rates(session)
    rates = rates.filter(channel=rates["channel"].min()).head(40)
    result = correlation.lag(rates, rates, simulations=2, resamples=2)
    return pl.DataFrame({"simulated": [result.simulated]})


def _at(session):
    return session.known_at(BURST, radius_arcmin=600)


QUESTIONS = {
    "cone": lambda o: o.cone("swift.sources", ra=0, dec=-1, radius_arcmin=600),
    "between": lambda o: o.between("swift.grbs", None, None, full_scan=True),
    "series": _rates,
    "light_curve": lambda o: o.light_curve(BURST),
    "names": lambda o: o.objects.names(),
    "objects_observed_by": lambda o: o.objects_observed_by(
        "swift", "chandra", within_arcmin=20, within_days=4000
    ),
    "simultaneous": lambda o: o.simultaneous("swift", "chandra"),
    "follow_ups": lambda o: o.follow_ups(within_days=30),
    "known_at summary": lambda o: _at(o).summary,
    "match": lambda o: o.match(),
    "objects": lambda o: o.match() is not None and o.table("cross.objects"),
    "associations": lambda o: o.table("cross.associations"),
    **{
        f"rare {kind}": lambda o, kind=kind: (
            o.rare(kind, counts_to_flux={"swift": FACTOR}).rows
        )
        for kind in KINDS
        if kind != "serendipitous-afterglow"  # the sample sky has none
    },
    "bursts stored": lambda o: o.bursts.stored(),
    "bursts catalog": lambda o: o.bursts.catalog(),
    "bursts as JSON": lambda o: pl.DataFrame(
        [{"simulated": row["simulated"]} for row in to_json(o.bursts.stored())]
    ),
    **{
        f"population {name}": lambda o, name=name: (
            population.views(o.bursts.catalog())[name].rows
        )
        for name in ("rate", "hardness", "fluence", "redshift")
    },
    "follow-up sources and exposures": lambda o: _placed(o).limits.filter(
        pl.col("sources") + pl.col("pointings") > 0
    ),
    "follow-up ranking": lambda o: _placed(o).plan.ranking,
    "false alarms": lambda o: calibration.false_alarms([_rates(o)], (5.0,)),
    "lag": _lag,
    "sql": lambda o: o.sql("SELECT simulated FROM swift.grbs"),
}


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("flag", [True, False], ids=["simulated", "real"])
def test_every_answer_says_whether_its_rows_are_simulated(twins, question, flag):
    rows = QUESTIONS[question](twins[flag])

    assert len(rows)
    assert [flag] == rows["simulated"].unique().to_list()


@pytest.mark.parametrize("flag", [True, False], ids=["simulated", "real"])
def test_every_table_of_what_is_known_at_a_place_says_so(twins, flag):
    twins[flag].match()
    row = twins[flag].table("cross.objects").row(0, named=True)
    places = (BURST, (row["ra"], row["dec"]), _exposed(twins[flag]))
    tables = {}
    for place in places:
        tables |= twins[flag].known_at(place, radius_arcmin=10).tables

    assert {"chandra.events", "cross.objects", "swift.grbs"} < tables.keys()
    for name, rows in tables.items():
        assert [flag] == rows["simulated"].unique().to_list(), name


def _exposed(session):
    """Return where Chandra's photons are."""
    row = session.table("chandra.events", ["ra", "dec"]).row(0, named=True)
    return row["ra"], row["dec"]


def test_one_simulated_row_of_two_makes_a_pair_simulated():
    flags = [True, True, False, None]
    others = [True, False, False, False]
    pairs = either(
        pl.DataFrame({"simulated": flags}), pl.DataFrame({"simulated": others})
    )

    assert [True, True, False, None] == pairs["simulated"].to_list()
    assert {} == either(pl.DataFrame(), pl.DataFrame())


def test_what_is_put_into_real_rates_is_simulated(twins):
    rates = _rates(twins[False])
    start = float(rates["met_s"].median())

    shares = calibration.completeness([rates], [Pulse(8.0, 20.0)], tries=1)

    assert simulated(inject(rates, start, Pulse(8.0, 20.0), 1))
    assert [True] == shares["simulated"].to_list()
    assert simulated(next(noise_series("net", 1.0, 0.02)))
    assert [True] == calibration.packaged().frame()["simulated"].unique().to_list()


@pytest.mark.parametrize("flag", [True, False], ids=["simulated", "real"])
def test_a_follow_up_and_its_figure_say_whose_place_it_is(twins, flag):
    follow_up = _placed(twins[flag])

    assert flag is follow_up.place.simulated
    assert flag is knowledge.to_json(follow_up)["simulated"]
    assert flag is plots.visibility(follow_up.plan).title.text.startswith("SIMULATED")


@pytest.mark.parametrize("flag", [True, False], ids=["simulated", "real"])
def test_an_alert_in_one_line_says_that_it_is_a_test(twins, flag):
    row = twins[flag].bursts.stored().row(0, named=True)
    flag_column = line(alert("initial", key="a", record=1, row=row, instrument="BAT"))

    assert flag is flag_column.startswith("SIMULATED")


COMMANDS = (
    "query cone swift.sources --ra 0 --dec -1 --radius 600",
    "query objects swift chandra --within-arcmin 20 --within-days 4000",
    "query simultaneous swift chandra",
    "query follow-ups",
    f"query place '{BURST}'",
    "query rare lone-burst",
    "query sql 'SELECT count(*) AS n FROM swift.grbs'",
    "bursts scan",
    "bursts population",
)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("flag", [True, False], ids=["simulated", "real"])
def test_every_table_of_the_shell_says_so_and_its_json_too(
    twins, home, monkeypatch, command, flag
):
    monkeypatch.setenv("ORBITAL_HOME", str(home))
    monkeypatch.setenv("ORBITAL_DATABASE", twins[flag].database)
    shell = CliRunner()

    text = shell.invoke(cli, command)
    document = json.loads(shell.invoke(cli, f"{command} --json").stdout)

    assert 0 == text.exit_code, text.output
    assert flag is ("SIMULATED" in text.stdout)
    assert {flag} == set(_flags(document))


def _flags(document):
    """Yield every `simulated` in a JSON document."""
    if isinstance(document, list):
        for item in document:
            yield from _flags(item)
    if isinstance(document, dict):
        if isinstance(document.get("simulated"), bool):
            yield document["simulated"]
        for item in document.values():
            yield from _flags(item)
