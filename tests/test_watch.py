"""The watcher: the same bursts as a scan, and each alert once, despite kills."""

import io
import json
import random
import signal
import socket
import sqlite3
import time
import zlib
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Event, Thread

import numpy as np
import polars as pl
import pytest
from burst_series import MET, net, raw
from watch_kills import campaign
from watch_rows import series, table

from orbital_kernel.commands.bursts.watch import _until_interrupted
from orbital_kernel.errors import ConfigError, StoreError
from orbital_kernel.model.frames import frame_of
from orbital_kernel.model.predicate import Clause, Equal
from orbital_kernel.monitor import AlertFile, Printed, Replay, Webhook, follow, write
from orbital_kernel.monitor.checkpoint import TABLES, Checkpoints
from orbital_kernel.monitor.record import OPEN
from orbital_kernel.monitor.scan import scan_series
from orbital_kernel.monitor.sinks import Refused
from orbital_kernel.storage.health import watcher as watcher_life

CORE = ("Alert", "Event", "DateTime", "Statistics", "Duration", "Reporter")
NEVER = watcher_life.Life(0.0, None, 0.0, 0, 0, 0, 0)
SCHEMAS = "https://gcn.nasa.gov/schema/main/gcn/notices/core/"


def put(orbital, rows, name="swift.rates"):
    orbital.store.insert(name, table(rows, name))


def stored(orbital, name):
    of_series = Clause("series", (Equal(name),))
    rows = frame_of(orbital.store.read("cross.bursts", [of_series]))
    return rows.sort("time", "burst_id")


def scanned(orbital, name):
    scan_series(orbital.store, "swift", name, orbital.bursts.catalog())
    return stored(orbital, name)


def of(alerts, name):
    return [a for a in alerts if a["id"].startswith(f"{name} ")]


@pytest.fixture
def heard():
    return []


@pytest.fixture
def watcher(orbital, tmp_path, heard):
    """Return a function that makes a watcher that continues where the last one was."""

    def make(**more):
        return orbital.bursts.watch(
            tmp_path / "watch", sinks=[Printed(heard.append)], **more
        )

    return make


@pytest.mark.parametrize(
    ("name", "rates"),
    [
        ("two-net", net((300.0, 10.0, 5.0), (900.0, 4.0, 9.0), bins=1500)),
        ("two-raw", raw((300.0, 10.0, 900.0), (800.0, 2.0, 3000.0), channels=4)),
    ],
)
def test_rows_that_arrive_in_pieces_give_the_result_of_a_scan(
    orbital, watcher, heard, name, rates
):
    rows = series(name, rates)
    for k, part in enumerate(rows.iter_slices(397)):
        put(orbital, part)
        watcher().poll() if k % 2 else watcher().run(Event(), once=True)
    watcher().run(Event(), once=True)
    live = stored(orbital, name)

    assert 2 == live.filter(pl.col("cause") == "burst").height
    assert live.equals(scanned(orbital, name))
    kinds = {a["alert_type"] for a in of(heard, name)}
    assert {"initial", "update"} <= kinds


def test_an_alert_is_initial_first_and_updated_when_the_burst_ends(
    orbital, watcher, heard
):
    rows = series("one-net", net((300.0, 10.0, 5.0)))
    put(orbital, rows.filter(pl.col("met_s") < MET + 305))
    live = watcher()
    live.poll()
    open_row = stored(orbital, "one-net").row(0, named=True)
    put(orbital, rows.filter(pl.col("met_s") >= MET + 305))
    live.poll()

    alerts = of(heard, "one-net")
    assert ["initial", "update"] == [a["alert_type"] for a in alerts]
    assert [1, 2] == [a["record_number"] for a in alerts]
    assert 1 == len({a["id"] for a in alerts})
    assert "not yet over" in open_row["evidence"]
    assert [10.0] == stored(orbital, "one-net")["timescale_s"].to_list()


def test_a_poll_reads_only_rows_it_has_not_seen(orbital, watcher):
    rows = series("only-new", net((300.0, 10.0, 5.0)))
    live = watcher()
    put(orbital, rows[:600])
    live.poll()
    put(orbital, rows[600:605])
    live.poll()
    before = live._following.rows_read
    put(orbital, rows[605:615])
    live.poll()
    after = live._following.rows_read
    assert 0 == live.poll()

    assert 11 == after - before
    assert after == live._following.rows_read


def test_rows_that_come_late_are_counted_and_the_series_is_followed_again_in_order(
    orbital, watcher, heard
):
    rows = series("late", net((300.0, 10.0, 5.0), (700.0, 6.0, 8.0)))
    live = watcher()
    put(orbital, rows[:250])
    live.poll()
    put(orbital, rows[400:])
    live.poll()
    put(orbital, rows[250:400])
    live.poll()
    live.close(0.0)

    assert 150 == live._courses["swift", "late"].late
    assert "150 arrived late" in live.heartbeat()
    bursts = stored(orbital, "late")
    assert 2 == bursts.height
    assert bursts.equals(scanned(orbital, "late"))
    alerts = of(heard, "late")
    assert len({(a["id"], a["record_number"]) for a in alerts}) == len(alerts)
    assert 2 == len({a["id"] for a in alerts})


def test_a_series_whose_first_rows_lack_channels_is_followed_completely(
    orbital, tmp_path
):
    rows = series("parts", raw((300.0, 10.0, 900.0), channels=4))
    notes = []
    live = orbital.bursts.watch(tmp_path / "parts", note=notes.append)
    for part in (rows[:1], rows[1:]):
        put(orbital, part)
        live.poll()
    live.close(0.0)

    assert [] == [text for text in notes if "parts cannot be followed" in text]
    bursts = stored(orbital, "parts")
    assert ["burst"] == bursts["cause"].to_list()
    assert bursts.equals(scanned(orbital, "parts"))


def test_rows_in_any_order_give_the_result_of_a_scan(orbital, watcher):
    rows = series("shuffled", net((300.0, 10.0, 5.0), (900.0, 4.0, 9.0), bins=1500))
    parts = list(rows.iter_slices(100))
    random.Random(3).shuffle(parts)
    for part in parts:
        put(orbital, part)
        watcher().poll()
    watcher().run(Event(), once=True)

    live = stored(orbital, "shuffled")
    assert 2 == live.height
    assert live.equals(scanned(orbital, "shuffled"))


def test_a_notice_that_arrives_after_its_burst_updates_the_alert(
    orbital, watcher, heard
):
    put(orbital, series("noticed", net((300.0, 10.0, 5.0))))
    live = watcher()
    live.poll()
    burst = stored(orbital, "noticed").row(0, named=True)
    notice = {"notice_id": "n 1", "kind": "swift-bat", "time": burst["time"]}
    put(orbital, pl.DataFrame([notice | {"role": "test"}]), "swift.notices")
    live.poll()
    drilled = len(of(heard, "noticed"))
    put(orbital, pl.DataFrame([notice | {"role": "observation"}]), "swift.notices")
    live.poll()

    assert 2 == drilled
    last = of(heard, "noticed")[-1]
    assert ("update", 3, ["n 1"]) == (
        last["alert_type"],
        last["record_number"],
        last["event_name"],
    )
    assert "n 1" in stored(orbital, "noticed")["matches"][0]
    live.poll()
    assert 3 == len(of(heard, "noticed"))
    with orbital.store.transaction() as tx:
        tx.delete("swift.notices", [Clause("notice_id", (Equal("n 1"),))])


def test_an_alert_made_too_early_is_retracted_when_the_series_continues(
    orbital, watcher, heard
):
    rows = series("early", net((300.0, 40.0, 4.0)))
    put(orbital, rows.filter(pl.col("met_s") < MET + 320))
    watcher().run(Event(), once=True)
    first = of(heard, "early")
    put(orbital, rows.filter(pl.col("met_s") >= MET + 320))
    watcher().run(Event(), once=True)

    assert "initial" == first[0]["alert_type"]
    records = [a["record_number"] for a in of(heard, "early")]
    assert list(range(1, len(records) + 1)) == records
    assert stored(orbital, "early").equals(scanned(orbital, "early"))


def test_rates_of_a_test_notice_never_become_bursts(orbital, watcher, heard):
    notice = pl.DataFrame(
        {"notice_id": ["t1"], "role": ["test"], "file_sha256": ["e" * 64]}
    )
    put(orbital, notice, "swift.notices")
    put(orbital, series("drill", net((300.0, 10.0, 9.0)), sha="e" * 64))
    watcher().run(Event(), once=True)

    assert [] == of(heard, "drill")
    assert 0 == stored(orbital, "drill").height
    assert 0 == scanned(orbital, "drill").height


def test_a_transaction_that_a_killed_watcher_left_open_blocks_nothing(
    orbital, watcher, tmp_path
):
    rows = series("open", net((300.0, 10.0, 5.0)))
    put(orbital, rows.filter(pl.col("met_s") < MET + 305))
    watcher().poll()
    killed = write.watchers_transaction(orbital.store, tmp_path / "watch" / OPEN)
    killed.__enter__().delete("cross.bursts", [Clause("series", (Equal("open"),))])
    put(orbital, rows.filter(pl.col("met_s") >= MET + 305))
    watcher().poll()

    assert [10.0] == stored(orbital, "open")["timescale_s"].to_list()
    assert not (tmp_path / "watch" / OPEN).exists()
    with pytest.raises(StoreError, match="is not running"):
        killed.__exit__(None, None, None)


def test_health_shows_whether_a_watcher_polls_was_killed_or_ended(orbital):
    folder, stop = orbital.watch_folder, Event()
    assert "absent" == of_watcher(orbital).state
    live = orbital.bursts.watch(folder)
    thread = Thread(target=live.run, args=(stop,), kwargs={"poll_s": 0.01})
    thread.start()
    until(lambda: (watcher_life.last(folder) or NEVER).looked is not None)
    seen = of_watcher(orbital)
    life = watcher_life.last(folder)
    stop.set()
    thread.join()

    assert "ok" == seen.state
    assert "lag behind the rates" in seen.reason
    assert seen.value < 30
    killed = watcher_life.check(life, life.told + 100)
    assert "bad" == killed.state
    assert "goes on where it was" in killed.reason
    assert "bad" == watcher_life.check(replace(life, looked=0.0), life.told).state
    assert "unknown" == watcher_life.check(replace(life, looked=None), life.told).state
    assert "ended at" in of_watcher(orbital).reason


def test_a_watcher_ended_during_a_poll_leaves_the_other_series_to_the_next(
    orbital, tmp_path, heard, monkeypatch
):
    monkeypatch.setattr(follow, "MOST_NAMES", 1)
    names = ["interrupted 1", "interrupted 2"]
    for name in names:
        put(orbital, series(name, net((300.0, 10.0, 5.0))))
    for _ in range(20):
        stop = Event()
        sink = Printed(lambda alert, stop=stop: (heard.append(alert), stop.set()))
        orbital.bursts.watch(tmp_path / "ended", sinks=[sink]).run(stop, poll_s=0.01)
        if of(heard, names[0]):
            break
    first = [len(of(heard, name)) for name in names]
    remainder = Printed(heard.append)
    orbital.bursts.watch(tmp_path / "ended", sinks=[remainder]).run(Event(), once=True)

    assert [2, 0] == first
    assert [2, 2] == [len(of(heard, name)) for name in names]


def test_ctrl_c_ends_a_watcher_in_order_and_a_second_one_at_once():
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    try:
        stop = _until_interrupted()
        signal.raise_signal(signal.SIGINT)
        ended = stop.is_set()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before[0])
        signal.signal(signal.SIGTERM, before[1])
    assert ended


def of_watcher(orbital):
    checks = orbital.storage.health().checks
    return next(check for check in checks if check.name == "watcher")


def test_a_second_watcher_of_a_folder_is_refused(watcher):
    first = watcher()
    with first._checkpoints.held(), pytest.raises(StoreError, match="another watcher"):
        watcher().run(Event(), once=True)


def test_alerts_are_valid_gcn_notices(orbital, archive, watcher, heard):
    jsonschema = pytest.importorskip("jsonschema")
    referencing = pytest.importorskip("referencing")
    put(orbital, series("gcn", raw((300.0, 10.0, 900.0))))
    watcher().run(Event(), once=True)
    folder = archive / "gcn" / "schema" / "core"
    documents = [json.loads(path.read_text()) for path in folder.glob("*.json")]
    registry = referencing.Registry().with_resources(
        (d["$id"], referencing.Resource.from_contents(d)) for d in documents
    )
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "allOf": [
            {"$ref": f"{SCHEMAS}{name}.schema.json"}
            for name in (*CORE, "AdditionalInfo")
        ],
        "properties": {"$schema": {"enum": [d["$id"] for d in documents]}},
        "unevaluatedProperties": False,
        "required": ["$schema", "alert_type", "mission", "trigger_time", "id"],
    }
    validator = jsonschema.Draft202012Validator(document, registry=registry)

    alerts = of(heard, "gcn")
    assert len(alerts) >= 2
    assert [] == [e.message for alert in alerts for e in validator.iter_errors(alert)]
    assert not validator.is_valid(alerts[0] | {"mood": "good"})
    assert {"test"} == {alert["alert_tense"] for alert in alerts}
    assert alerts[0]["trigger_time"].startswith("2013-09-04T15:11:4")


def test_a_file_receives_each_alert_once_and_drops_a_torn_line(tmp_path):
    path = tmp_path / "alerts.jsonl"
    alert = {"id": "a 1", "record_number": 1}
    AlertFile(path).send(alert)
    path.write_text(path.read_text() + '{"id": "a 1", "rec')
    again = AlertFile(path)
    again.send(alert)
    again.send(alert | {"record_number": 2})

    assert [1, 2] == [record["record_number"] for record in logged(path)]


def test_a_series_that_cannot_be_followed_is_reported_once_and_blocks_no_other(
    orbital, tmp_path
):
    odd = series("odd", net((300.0, 10.0, 5.0)))
    odd = odd.with_columns(pl.lit(None, pl.String).alias("kind"))
    put(orbital, odd)
    put(orbital, series("even", net((300.0, 10.0, 5.0))))
    notes = []
    live = orbital.bursts.watch(tmp_path / "odd", note=notes.append)

    live.poll()
    live.poll()

    assert 1 == sum("odd cannot be followed" in text for text in notes)
    assert ("swift", "even") in live._courses
    with orbital.store.transaction() as tx:
        tx.delete("swift.rates", [Clause("series", (Equal("odd"),))])


def test_a_file_without_alerts_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("dear diary\n")
    with pytest.raises(ConfigError, match="choose another file"):
        AlertFile(tmp_path / "notes.txt")


class Receiver(BaseHTTPRequestHandler):
    answers, got = [], []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.got.append((self.headers["Idempotency-Key"], json.loads(body)))
        self.send_response(self.answers.pop(0) if self.answers else 200)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def receiver():
    Receiver.answers, Receiver.got = [], []
    with HTTPServer(("127.0.0.1", 0), Receiver) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/alerts"
        server.shutdown()
        thread.join()


def test_a_webhook_that_fails_gets_its_alerts_later_in_order(
    orbital, tmp_path, receiver
):
    Receiver.answers = [503] * 1000
    put(orbital, series("hook", net((300.0, 10.0, 5.0))))
    notes = []
    live = orbital.bursts.watch(
        tmp_path / "hook", sinks=[Webhook(receiver)], note=notes.append
    )
    live.poll()
    until(lambda: any("does not accept alerts" in text for text in notes))
    waiting = live._checkpoints.outbox()
    Receiver.answers = []
    until(lambda: live.poll() == 0 and not live._checkpoints.outbox())
    live.end()

    assert waiting
    keys = [key for key, alert in Receiver.got if alert["id"].startswith("hook ")]
    assert ["1", "2"] == list(dict.fromkeys(key.rsplit(" ", 1)[1] for key in keys))


def test_a_sink_that_hangs_delays_neither_detection_nor_other_sinks(
    orbital, tmp_path, heard
):
    class Hanging:
        name, waits = "hanging", True
        free = Event()

        def send(self, _alert):
            self.free.wait(60)

    put(orbital, series("hang", net((300.0, 10.0, 5.0))))
    live = orbital.bursts.watch(
        tmp_path / "hang", sinks=[Hanging(), Printed(heard.append)]
    )
    live.poll()

    assert 1 == stored(orbital, "hang").height
    assert ["initial", "update"] == [a["alert_type"] for a in of(heard, "hang")]
    sinks = [waiting.sinks for waiting in live._checkpoints.outbox()]
    assert {"hanging"} == set().union(*sinks)
    Hanging.free.set()
    until(lambda: live.poll() == 0 and not live._checkpoints.outbox())
    live.end()


def test_a_webhook_that_refuses_permanently_is_not_tried_again(receiver):
    Receiver.answers = [400]
    with pytest.raises(Refused, match="400"):
        Webhook(receiver).send({"id": "a 1", "record_number": 1})


def test_a_webhook_that_answers_nonsense_is_tried_again():
    with socket.create_server(("127.0.0.1", 0)) as server:

        def babble():
            line, _ = server.accept()
            with line:
                line.recv(65536)
                line.sendall(b"good morning\r\n\r\n")

        thread = Thread(target=babble)
        thread.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        with pytest.raises(OSError, match="does not speak HTTP"):
            Webhook(url).send({"id": "a 1", "record_number": 1})
        thread.join()


def test_a_webhook_is_a_web_address():
    with pytest.raises(ConfigError, match="http or https"):
        Webhook("file:///etc/passwd")


def test_a_killed_replay_continues_where_it_stopped(orbital):
    rows = series("tape", net(bins=300))
    first = Replay(orbital.store, [("swift", rows)], speed=0)
    first.feed()
    second = Replay(orbital.store, [("swift", rows)], speed=0)
    while not second.done:
        second.feed()

    of_series = Clause("series", (Equal("tape (replay)"),))
    fed = frame_of(orbital.store.read("swift.rates", [of_series]))
    assert rows["met_s"].to_list() == fed["met_s"].sort().to_list()


def until(reached, seconds=30):
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline, "the watcher did not get there"
        time.sleep(0.02)


def test_a_watcher_killed_again_and_again_sends_every_alert_once(tmp_path):
    wrong, numbers = campaign(tmp_path, kills=4, seed=5, late=0.1, series=1)

    assert [] == wrong
    assert 4 == numbers["kills"]
    assert numbers["causes"]["burst"] >= 8
    assert numbers["alerts that hold"] >= numbers["causes"]["burst"]


def logged(log):
    content = log.read_bytes()
    return [json.loads(r) for r in content[: content.rfind(b"\n") + 1].splitlines()]


def test_a_checkpoint_of_an_earlier_watcher_is_read(tmp_path):
    document = {
        "stored": 3,
        "late": 0,
        "channels": 1,
        "newest_met": 2.0,
        "newest_ns": None,
        "seen": [[2.0, 0]],
        "origin": None,
        "closed": False,
        "relook": False,
    }
    excursion = {
        "records": 1,
        "alerted": True,
        "open": True,
        "provisional": False,
        "stays": True,
        "row": {"burst_id": "b"},
        "name": "k",
    }
    with sqlite3.connect(tmp_path / "watch.sqlite") as old:
        old.executescript(TABLES)
        old.execute("pragma user_version = 2")
        old.execute(
            "insert into courses values ('swift', 's', ?, ?)",
            (json.dumps(document), b"state"),
        )
        old.execute(
            "insert into excursions values ('swift', 's', 'k', ?)",
            (json.dumps(excursion),),
        )
    old.close()

    course = Checkpoints(tmp_path).courses()["swift", "s"]

    assert {"k": excursion} == course.excursions
    assert [(2.0, 0)] == course.seen
    seen = {"seen": [(2.0, 0)]}
    assert document | seen == {name: getattr(course, name) for name in document}
    assert b"state" == course.state


def grown_old(folder):
    """Make the detectors' states in a checkpoint those of the version before."""
    database = sqlite3.connect(folder / "watch.sqlite")
    states = database.execute("select series, state from courses").fetchall()
    for name, state in states:
        with np.load(io.BytesIO(zlib.decompress(state))) as file:
            arrays = dict(file)
        head = json.loads(str(arrays.pop("head")))
        head["version"] -= 1
        packed = io.BytesIO()
        np.savez(packed, head=np.array(json.dumps(head)), **arrays)
        database.execute(
            "update courses set state = ? where series = ?",
            (zlib.compress(packed.getvalue()), name),
        )
    database.commit()
    database.close()
    return len(states)


@pytest.mark.parametrize("more_rows", [False, True])
def test_a_series_followed_by_an_older_detector_is_read_again_from_its_start(
    orbital, watcher, heard, tmp_path, more_rows
):
    name = f"older-{more_rows}"
    rows = series(name, net((300.0, 10.0, 5.0), (900.0, 4.0, 9.0), bins=1500))
    put(orbital, rows[: 700 if more_rows else 1500])
    before = watcher()
    before.poll()
    before.end()
    assert grown_old(tmp_path / "watch") > 0
    if more_rows:
        put(orbital, rows[700:])

    watcher().run(Event(), once=True)

    assert 2 == stored(orbital, name).filter(pl.col("cause") == "burst").height
    assert stored(orbital, name).equals(scanned(orbital, name))
    assert 2 == len({alert["id"] for alert in of(heard, name)})
