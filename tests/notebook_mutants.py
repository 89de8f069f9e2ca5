"""Outputs of real notebooks with something changed in them."""

import base64
import copy
import gzip
import json
import math
import re
from html import escape, unescape

import numpy as np
from bokeh.core.serialization import Deserializer

JAVASCRIPT = "application/javascript"
DOCUMENTS = re.compile(r"(?<=const docs_json = )\{.*\}(?=;\n)")
SRCDOC = re.compile(r'srcdoc="(.*?)"', re.DOTALL)
PAGE_DOCUMENTS = re.compile(
    r'(<script type="application/json"[^>]*>)(.*?)(?=</script>)', re.DOTALL
)


def redrawn(outputs, change):
    """Return outputs whose figures' documents `change` has returned changed."""
    outputs = copy.deepcopy(outputs)
    for output in figures(outputs):
        text = output["data"][JAVASCRIPT]
        start, end = DOCUMENTS.search(text).span()
        documents = json.dumps(change(json.loads(text[start:end])))
        output["data"][JAVASCRIPT] = text[:start] + documents + text[end:]
    return outputs


def redrawn_page(html, change):
    """Return a static explorer's HTML whose documents `change` has returned changed."""

    def page(match):
        return f'srcdoc="{escape(PAGE_DOCUMENTS.sub(documents, unescape(match[1])))}"'

    def documents(match):
        changed = json.dumps(change(json.loads(unescape(match[2]))))
        return match[1] + escape(changed, quote=False)

    return SRCDOC.sub(page, html)


def renamed(outputs):
    """Return outputs whose figures' models have other ids."""
    outputs = copy.deepcopy(outputs)
    for output in outputs:
        for kind, text in output.get("data", {}).items():
            output["data"][kind] = re.sub(r'"p(\d{4})"', r'"p\g<1>7"', text)
    return outputs


def figures(outputs):
    """Return the outputs that are figures."""
    return [output for output in outputs if JAVASCRIPT in output.get("data", {})]


def rounded_otherwise(node):
    """Return a document with every number one unit in the last place further up.

    Its arrays are compressed at another level, and its keys come in another order.
    """
    if isinstance(node, list):
        return [rounded_otherwise(item) for item in node]
    if isinstance(node, float):
        return math.nextafter(node, math.inf)
    if not isinstance(node, dict):
        return node
    if node.get("type") == "ndarray":
        array = Deserializer().decode(node)
        if array.dtype.kind == "f":
            array = np.nextafter(array, np.array(np.inf, array.dtype))
        return packed(node, array, level=1)
    return {key: rounded_otherwise(node[key]) for key in reversed(node)}


class Nudged:
    """A change of one value in every array of floats, by a thousandth; it counts them."""

    def __init__(self, part=1e-3):
        self.part, self.arrays = part, 0

    def __call__(self, node):
        if isinstance(node, list):
            return [self(item) for item in node]
        if not isinstance(node, dict):
            return node
        if node.get("type") != "ndarray":
            return {key: self(value) for key, value in node.items()}
        array = Deserializer().decode(node)
        if array.dtype.kind != "f" or not np.nanmax(np.abs(array), initial=0.0) > 0:
            return node
        self.arrays += 1
        largest = np.nanargmax(np.abs(np.where(np.isfinite(array), array, np.nan)))
        array.flat[largest] *= 1 + self.part
        return packed(node, array, level=9)


def packed(node, array, *, level):
    """Return an array's node with other numbers in it."""
    data = base64.b64encode(gzip.compress(array.tobytes(), level)).decode()
    return node | {"array": {"type": "bytes", "data": data}}


def relabelled(key, new):
    """Return a change of the first text or number under a key."""

    def change(node, pending=None):
        pending = [True] if pending is None else pending
        if isinstance(node, list):
            return [change(item, pending) for item in node]
        if not isinstance(node, dict):
            return node
        changed = {}
        for name, value in node.items():
            if pending and name == key and not isinstance(value, dict):
                pending.clear()
                changed[name] = new
            else:
                changed[name] = change(value, pending)
        return changed

    return change
