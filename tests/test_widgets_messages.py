"""What one change of a control costs: queries, messages to the page, and their bytes.

The widgets run over a comm that records what a page would get, as its own messages.
"""

import asyncio
import base64
import gzip
import json
import threading
from dataclasses import replace
from typing import ClassVar

import comm
import numpy as np
import pytest
from bokeh.events import DocumentReady
from bokeh.models import ColumnDataSource, Range1d
from bokeh.plotting import figure
from comm.base_comm import BaseComm
from orbital_widgets import Explorer, LightCurveExplorer
from orbital_widgets.figure_slot import FigureSlot
from orbital_widgets.live_figure import LiveFigure


class Recorded(BaseComm):
    """A comm whose messages are kept: what they are, and how many bytes."""

    sent: ClassVar[list] = []
    payloads: ClassVar[list] = []

    def publish_msg(self, msg_type, data=None, metadata=None, buffers=None, **_keys):
        payload = ((data or {}).get("content") or {}).get("payload")
        if payload is not None:
            self.payloads.append(payload)
        method = (data or {}).get("method", msg_type)
        size = len(json.dumps(data, default=str))
        self.sent.append((method, size + sum(len(b) for b in buffers or ())))


@pytest.fixture
def messages(monkeypatch):
    """Record the messages of the widgets made from now on."""
    monkeypatch.setattr(comm, "create_comm", Recorded)
    Recorded.sent.clear()
    yield Recorded.sent
    Recorded.sent.clear()


@pytest.fixture
def queries(stocked, monkeypatch):
    """Record the tables that a session is asked about."""
    tables, query = [], type(stocked).query

    def noted(self, question, *arguments, **options):
        tables.append(question.table)
        return query(self, question, *arguments, **options)

    monkeypatch.setattr(type(stocked), "query", noted)
    return tables


def numbers(column):
    """Return the numbers of a column that a patch has in its document."""
    data = gzip.decompress(base64.b64decode(column["array"]["data"]))
    return np.frombuffer(data, column["dtype"]).tolist()


def custom(messages):
    return [size for method, size in messages if method == "custom"]


def drawn(number=100, *, marker="circle", scale=1.0):
    """Return a figure of so many points and its source."""
    x = np.arange(float(number))
    source = ColumnDataSource({"x": x, "y": scale * x})
    plot = figure(x_range=Range1d(0, 1), y_range=Range1d(0, scale), title=f"{scale}")
    plot.scatter("x", "y", source=source, marker=marker)
    return plot, source


def see(widget):
    """Report that a page has drawn the figures of a widget, as the page does."""
    if isinstance(widget, LiveFigure):
        widget._document.callbacks.trigger_event(DocumentReady())
    for child in getattr(widget, "children", ()):
        see(child)


def in_a_loop(act):
    """Run a function in a turn of a loop, and what it schedules in the next one."""

    async def turns():
        act()
        await asyncio.sleep(0)

    asyncio.run(turns())


def test_the_changes_of_one_turn_are_one_patch_without_what_was_replaced(messages):
    def change():
        plot, source = drawn()
        live = LiveFigure(plot, lock=threading.RLock())
        see(live)
        messages.clear()
        source.data = {"x": np.zeros(7), "y": np.zeros(7)}
        plot.title.text = "first"
        plot.title.text = "second"
        source.data = {"x": np.arange(5.0), "y": np.zeros(5)}
        assert [] == custom(messages)

    in_a_loop(change)
    events = json.loads(Recorded.payloads[-1])["events"]

    assert 3 == len(custom(messages))  # header, metadata and content
    assert ["text", "data"] == [event["attr"] for event in events]
    assert "second" == events[0]["new"]
    assert np.arange(5.0).tolist() == numbers(events[1]["data"]["entries"][0][1])


def test_large_columns_go_in_binary_and_small_ones_in_the_document(messages):
    many = np.arange(20_000.0)

    def change():
        plot, source = drawn()
        see(LiveFigure(plot, lock=threading.RLock()))
        messages.clear()
        source.data = {"x": many, "y": many}

    in_a_loop(change)

    assert 3 + 2 * 2 == len(custom(messages))
    assert sum(custom(messages)) < 2 * many.nbytes + 2_000


def test_nothing_is_sent_to_a_figure_that_no_page_has_drawn(messages):
    def change():
        plot, source = drawn()
        live = LiveFigure(plot, lock=threading.RLock())
        source.data = {"x": np.zeros(7), "y": np.zeros(7)}
        assert [] == custom(messages)
        messages.clear()
        see(live)

    in_a_loop(change)

    assert ["update"] == [method for method, _size in messages]  # the newest document


def test_a_figure_of_the_same_parts_gets_only_the_columns_that_differ(messages):
    def change():
        slot = FigureSlot(threading.RLock())
        slot.put(drawn(200)[0])
        see(slot.widget)
        messages.clear()
        before = slot.widget.children
        slot.put(drawn(200, scale=2.0)[0])
        assert before == slot.widget.children

    in_a_loop(change)
    events = json.loads(Recorded.payloads[-1])["events"]
    data = [e for e in events if e["attr"] == "data"]

    assert {"custom"} == {method for method, _size in messages}
    assert ["y"] == [name for name, _column in data[0]["data"]["entries"]]
    assert {"data", "end", "reset_start", "reset_end", "text"} == {
        event["attr"] for event in events
    }


def test_a_figure_of_other_parts_replaces_the_one_shown(messages):
    slot = FigureSlot(threading.RLock())
    slot.put(drawn()[0])
    before = slot.widget.children
    plot, source = drawn()
    plot.line("x", "y", source=source)
    slot.put(plot)

    assert before != slot.widget.children


def test_a_control_of_the_explorer_asks_once_and_sends_little(
    stocked, messages, queries
):
    source = stocked.table("chandra.sources", ["ra", "dec"]).row(0)
    explorer = Explorer(
        *(stocked,),
        table="sources",
        observatories=("chandra",),
        ra=source[0],
        dec=source[1],
        radius_arcmin=30.0,
    )
    see(explorer.widget)
    explorer.wait()
    messages.clear()
    queries.clear()
    explorer.selection.radius_arcmin = 45.0
    explorer.wait()
    rows = len(explorer.frame)
    explorer.close()

    assert rows > 0
    assert ["chandra.sources"] == queries
    assert len(messages) <= 60
    assert sum(size for _method, size in messages) < 60_000 + 500 * rows


def test_a_unit_of_the_light_curve_changes_the_figure_in_place(
    stocked, messages, queries
):
    explorer = LightCurveExplorer(stocked, "SIM AGN 1").wait()
    see(explorer)
    explorer.show(replace(explorer.choice, unit="erg / (cm2 s)"))
    explorer.wait()
    see(explorer)
    messages.clear()
    queries.clear()
    explorer.show(replace(explorer.choice, unit="ph / (cm2 s)"))
    points = len(explorer.wait().curve.points)
    explorer.close()

    assert "comm_open" not in dict(messages)
    assert len(queries) <= 12
    assert len(messages) <= 80
    assert sum(size for _method, size in messages) < 60_000 + 500 * points
