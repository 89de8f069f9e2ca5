"""A cell's outputs as trees, by MIME type."""

from collections import defaultdict

from .documents import Names, script
from .pages import page
from .trees import Comparison, Printed

TREES = {
    "application/javascript": lambda code: script(code, Names()),
    "text/html": page,
    "text/plain": Printed,
    "text/markdown": Printed,
    "stdout": Printed,
    "stderr": Printed,
}


def differences(committed, fresh, tolerance, sanitize):
    """Return one line per difference between a cell's committed and fresh outputs.

    As in nbval, outputs of one kind keep their order, and outputs of different kinds may
    change places. Every kind counts: a missing or an additional output is a difference.
    """
    return Comparison(tolerance, sanitize).differences(trees(committed), trees(fresh))


def trees(outputs):
    """Return outputs as lists of trees by MIME type, stream, or `error`."""
    grouped = defaultdict(list)
    for output in outputs:
        for kind, content in _contents(output):
            grouped[kind].append(TREES.get(kind, lambda value: value)(content))
    return dict(grouped)


def _contents(output):
    if output["output_type"] == "stream":
        return [(output["name"], output["text"])]
    if output["output_type"] == "error":
        return [("error", f"{output['ename']}: {output['evalue']}")]
    return list(output["data"].items())
