"""Bokeh's documents as trees of texts and numbers."""

import json
import re

from bokeh.core.serialization import Deserializer

DOCUMENTS = re.compile(r"const docs_json = (?=\{)")
IDENTIFIER = re.compile(r"(?<=[\"'])p\d+(?=[\"'])")
LIBRARY = re.compile(r"\s*/\* BEGIN bokeh")


class Names(dict):
    """The models' ids, numbered in the order in which they are met."""

    def __missing__(self, identifier):
        self[identifier] = f"model {len(self)}"
        return self[identifier]


def script(code, names):
    """Return a script's documents, and its code without them; BokehJS's own is dropped."""
    if LIBRARY.match(code):
        return {"library": "BokehJS"}
    start = DOCUMENTS.search(code)
    if start is None:
        return {"code": _renamed(code, names)}
    documents, end = json.JSONDecoder().raw_decode(code, start.end())
    return {
        "documents": decoded(documents, names),
        "code": _renamed(code[: start.end()] + code[end:], names),
    }


def decoded(documents, names):
    """Return documents by position, as what names them changes with each run."""
    return [_node(document, names) for document in documents.values()]


def _node(node, names):
    if isinstance(node, list):
        return [_node(item, names) for item in node]
    if not isinstance(node, dict):
        return node
    match node:
        case {"type": "ndarray"}:
            return Deserializer().decode(node)
        case {"type": "number", "value": value}:
            return float(value)
        case {"type": "map", "entries": entries} if _keyed_by_text(entries):
            return _node(dict(entries), names)
    return {
        key: names[node[key]] if key == "id" else _node(node[key], names)
        for key in sorted(node)
    }


def _keyed_by_text(entries):
    return all(isinstance(key, str) for key, _value in entries)


def _renamed(code, names):
    return IDENTIFIER.sub(lambda match: names[match[0]], code)
