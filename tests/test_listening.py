"""GCN notices over Kafka, from a real broker in librdkafka, into the ledger once each."""

import json
import sys
from threading import Event

import confluent_kafka
import pytest

from orbital_kernel.__main__ import cli
from orbital_kernel.archives.services.gcn_topics import Message, Topics
from orbital_kernel.errors import ConfigError
from orbital_kernel.model.predicate import Clause, Prefix
from orbital_kernel.monitor.notices import listen

KIND = "gcn.notices.swift.bat.guano"
VOEVENT = "gcn.classic.voevent.SWIFT_BAT_GRB_POS_ACK"
XML = """<?xml version="1.0"?><voe:VOEvent xmlns:voe="http://www.ivoa.net/xml/VOEvent/v2.0"
 ivorn="ivo://nasa.gsfc.gcn/SWIFT#BAT_GRB_Pos_{n}" role="observation" version="2.0">
<Who><Date>2026-01-02T03:04:05</Date></Who><What><Param name="TrigID" value="kafka {n}"/>
</What></voe:VOEvent>"""


def notice(number):
    return json.dumps(
        {
            "$schema": "https://gcn.nasa.gov/schema/v4.1.0/gcn/notices/swift/bat/guano.schema.json",
            "mission": "Swift",
            "instrument": "BAT",
            "alert_type": "initial",
            "alert_datetime": "2026-01-02T03:04:06Z",
            "trigger_time": "2026-01-02T03:04:05Z",
            "id": [f"kafka {number}"],
            "ra": 10.5,
            "dec": -20.25,
            "ra_dec_error": 0.05,
        }
    )


@pytest.fixture(scope="module")
def broker():
    """Return a broker of this process, and how to send to it."""
    producer = confluent_kafka.Producer({"test.mock.num.brokers": 1, "log_level": 2})
    address = next(iter(producer.list_topics(timeout=10).brokers.values()))

    def send(topic, *contents):
        for content in contents:
            producer.produce(topic, content, partition=0)
        assert 0 == producer.flush(10)

    yield f"{address.host}:{address.port}", send
    producer.flush(1)


@pytest.fixture
def stored(real):
    """Return a query of the trigger ids that arrived over Kafka; then delete them."""
    of_kafka = Clause("trigger_id", (Prefix("kafka "),))

    def triggers():
        rows = real.store.read("swift.notices", [of_kafka], columns=["trigger_id"])
        return sorted(rows["trigger_id"].to_pylist())

    yield triggers
    with real.store.transaction() as tx:
        tx.delete("swift.notices", [of_kafka])


def heard_from(broker, orbital, folder, topics, group, *, until):
    """Listen until so many notices are reported; give up if none arrives for 20 s."""
    stop, noted = Event(), []

    def note(line):
        noted.extend([line] * line.endswith(("ingested", "unchanged", "refused")))
        if len(noted) == until:
            stop.set()

    stream = Topics(topics, group=group, from_start=True, broker=broker, session_s=6)
    try:
        return listen(
            stream,
            orbital.ingest,
            folder,
            stop=stop,
            for_s=20,
            wait_s=0.2,
            note=note,
        )
    finally:
        stream.close()


def test_notices_are_ingested_once_and_a_restart_continues_after_them(
    broker, real, stored, tmp_path
):
    address, send = broker
    send(KIND, notice(1), notice(2), notice(1), None, "{broken", b"")
    send(VOEVENT, XML.format(n=3))

    topics = [KIND, VOEVENT, "gcn.no.such.topic"]
    first = heard_from(address, real, tmp_path, topics, "once", until=6)
    seen = stored()
    send(KIND, notice(4))
    again = heard_from(address, real, tmp_path, [KIND], "once", until=1)
    other = heard_from(address, real, tmp_path / "b", [KIND], "another", until=6)

    assert ["kafka 1", "kafka 2", "kafka 3"] == seen
    assert (3, 1, 1) == (first.ingested, first.unchanged, first.tombstones)
    assert {"0-4.json", "0-5.json"} == set(first.refused)
    assert "gcn.no.such.topic" in first.missing
    assert (1, 0, 0) == (again.ingested, again.unchanged, again.tombstones)
    assert (0, 4) == (other.ingested, other.unchanged)
    assert ["kafka 1", "kafka 2", "kafka 3", "kafka 4"] == stored()
    assert 7 == len(list(tmp_path.glob("gcn*/*")))


class Tape:
    """Messages that were recorded; how far was read is in `done`."""

    def __init__(self, *messages):
        self.ahead, self.done, self.missing = list(messages), [], {}

    def read(self, most=100, *, wait_s=1.0):
        messages, self.ahead = self.ahead[:most], self.ahead[most:]
        return messages

    def commit(self, messages):
        self.done += [message.offset for message in messages]


def test_nothing_is_reported_as_read_before_it_is_stored(real, stored, tmp_path):
    tape = Tape(Message(KIND, 0, 7, notice(9).encode()))

    def fails(*_paths):
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        listen(tape, fails, tmp_path, stop=Event(), for_s=1)
    assert [] == tape.done

    tape = Tape(Message(KIND, 0, 7, notice(9).encode()))
    listen(tape, real.ingest, tmp_path, stop=Event(), for_s=1)
    assert [7] == tape.done
    assert ["kafka 9"] == stored()


def test_a_topics_name_never_leads_out_of_the_folder(real, stored, tmp_path):
    tape = Tape(Message("../../x", 0, 1, notice(8).encode()))

    listen(tape, real.ingest, tmp_path / "in", stop=Event(), for_s=1)

    assert [".._.._x"] == [path.name for path in (tmp_path / "in").iterdir()]
    assert ["kafka 8"] == stored()


def test_without_sign_in_or_library_it_says_what_to_do(monkeypatch):
    with pytest.raises(ConfigError, match="GCN_CLIENT_ID and GCN_CLIENT_SECRET"):
        Topics(environment={"GCN_CLIENT_ID": "me"})

    monkeypatch.setitem(sys.modules, "gcn_kafka", None)
    with pytest.raises(ConfigError, match=r"pip install 'orbital\[gcn\]'"):
        Topics(environment={})


def test_the_command_without_sign_in_fails_in_one_sentence(monkeypatch):
    monkeypatch.delenv("GCN_CLIENT_ID", raising=False)

    with pytest.raises(ConfigError, match="quickstart"):
        cli(["bursts", "listen"], standalone_mode=False)
