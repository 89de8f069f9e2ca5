"""A Bokeh figure as a widget whose views all show the state in Python."""

import json
import threading
from typing import Any

from bokeh.core.serialization import Buffer, Serializer
from bokeh.events import DocumentReady
from bokeh.protocol.messages.patch_doc import patch_doc
from bokeh.util.serialization import make_id
from jupyter_bokeh import BokehModel

from orbital_widgets.latest import running_loop

LARGE = 65_536
"""Bytes of an array from which it is sent by itself, in binary."""


class LiveFigure(BokehModel):  # type: ignore[misc]
    """A figure that keeps changes from before a browser has drawn it.

    jupyter_bokeh sends a document once, when the widget is created, and changes only to views
    that already exist. Whenever a view reports that it is drawn, the document is sent
    again if Python has changed it since it was last sent whole.

    Changes of one turn of the kernel's loop go as one patch. Nothing is sent as long as
    no view is drawn.
    """

    def __init__(self, figure: Any, *, lock: threading.RLock, **traits: Any) -> None:
        self._lock_ui = lock
        self._changed = False
        self._open = True
        self._is_drawn = False
        self._loop = running_loop()
        self._events: list[Any] = []
        super().__init__(figure, **traits)
        self.add_class("orbital-figure")
        figure.document.on_event(DocumentReady, self._drawn)

    def close(self) -> None:
        """Release the figure; closing again does nothing."""
        if self._open:
            self._open = False
            super().close()

    def _document_patched(self, event: Any) -> None:
        """Note a change; send it with all others of this turn of the loop."""
        if event.setter is self:
            return
        self._changed = True
        if not self._is_drawn:
            return
        with self._lock_ui:
            first = not self._events
            self._events.append(event)
        if self._loop is None or self._loop.is_closed():
            self._flush()
        elif first:
            self._loop.call_soon_threadsafe(self._flush)

    def _flush(self) -> None:
        """Send the changes noted so far as one patch."""
        with self._lock_ui:
            events, self._events = _last(self._events), []
            if not events or not self._open:
                return
            message = _patch(events)
            for part in (
                message.header_json,
                message.metadata_json,
                message.content_json,
            ):
                self.send({"msg": "patch", "payload": part})
            for buffer in message.buffers:
                self.send({"msg": "patch", "payload": json.dumps(buffer.ref)})
                self.send({"msg": "patch"}, [buffer.to_bytes()])

    def _drawn(self, _event: Any) -> None:
        with self._lock_ui:
            self._is_drawn = True
            if self._changed:
                self._changed, self._events = False, []
                self.render_bundle = self._model_to_traits(self._model)


class _Inline(Serializer):  # type: ignore[misc]
    """Small arrays are written into the document: each other one is two messages."""

    def _encode_bytes(self, obj: Any) -> Any:
        if memoryview(obj).nbytes >= LARGE:
            return super()._encode_bytes(obj)
        return {"type": "bytes", "data": Buffer(make_id(), obj).to_base64()}


def _last(events: list[Any]) -> list[Any]:
    """Return the events without those that a later one replaces."""
    replaced = {}
    for at, event in enumerate(events):
        whole = getattr(event, "cols", None) is None and hasattr(event, "attr")
        replaced[(event.model.id, event.attr) if whole else at] = event
    return sorted(replaced.values(), key=events.index)


def _patch(events: list[Any]) -> Any:
    """Return the message of a patch, with references as Bokeh writes them."""
    models = events[0].document.models
    serializer = _Inline(references=models.synced_references)
    content = {"events": serializer.encode(events)}
    models.flush_synced(lambda model: not serializer.has_ref(model))
    message = patch_doc(patch_doc.create_header(), {}, content)
    message.add_buffers(*serializer.buffers)
    return message
