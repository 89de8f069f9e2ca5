"""Trees of texts and numbers, compared leaf by leaf."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .tolerance import Tolerance

# A number with a point or an exponent, apart from letters: no part of a checksum.
NUMBER = re.compile(
    r"(?<![\w.])([-+]?(?:\d*\.\d+|\d+(?=[eE]))(?:[eE][-+]?\d+)?)(?![\w.])"
)
EXCERPT = 60


class Printed(str):
    """A text whose numbers count by their value: a table, a line that was printed."""

    __slots__ = ()


@dataclass(frozen=True)
class Comparison:
    """What two trees are compared by."""

    tolerance: Tolerance
    sanitize: Callable[[str], str]

    def differences(self, reference, fresh, path=""):
        """Return one line per difference between two trees, none if they agree."""
        reference, fresh = _as_array(reference), _as_array(fresh)
        if _kind(reference) is not _kind(fresh):
            return [_line(path, reference, fresh)]
        return _COMPARED[_kind(reference)](self, reference, fresh, path)

    def _mappings(self, reference, fresh, path):
        if reference.keys() != fresh.keys():
            return [_line(f"{path} keys", sorted(reference), sorted(fresh))]
        return [
            line
            for key in reference
            for line in self.differences(reference[key], fresh[key], f"{path}/{key}")
        ]

    def _sequences(self, reference, fresh, path):
        if len(reference) != len(fresh):
            return [f"{path}: {len(reference)} parts committed, {len(fresh)} fresh"]
        return [
            line
            for number, pair in enumerate(zip(reference, fresh, strict=True))
            for line in self.differences(*pair, f"{path}/{number}")
        ]

    def _arrays(self, reference, fresh, path):
        shapes = [(array.shape, array.dtype.str) for array in (reference, fresh)]
        if shapes[0] != shapes[1]:
            return [_line(f"{path} shape and type", *shapes)]
        if reference.dtype.kind != "f":
            same = np.asarray(reference == fresh)
        else:
            same = self.tolerance.agree(reference, fresh)
        if same.all():
            return []
        first = np.unravel_index(np.argmin(same), same.shape)
        count = f"{np.count_nonzero(~same)} of {same.size} numbers differ, the first"
        return [_line(f"{path}: {count}", reference[first], fresh[first])]

    def _texts(self, reference, fresh, path):
        texts = self.sanitize(reference), self.sanitize(fresh)
        return [] if texts[0] == texts[1] else [_line(path, *_around(*texts))]

    def _printed(self, reference, fresh, path):
        """Compare the texts, or else what is between numbers, and each number."""
        lines = self._texts(reference, fresh, path)
        parts = [NUMBER.split(self.sanitize(text)) for text in (reference, fresh)]
        if not lines or parts[0][::2] != parts[1][::2]:
            return lines
        numbers = zip(*(map(float, part[1::2]) for part in parts), strict=True)
        same = all(not self._numbers(*pair, path) for pair in numbers)
        return [] if same else lines

    def _numbers(self, reference, fresh, path):
        if isinstance(reference, int) and isinstance(fresh, int):
            same = reference == fresh
        else:
            same = self.tolerance.agree(*map(np.float64, (reference, fresh)))
        return [] if same else [_line(path, reference, fresh)]

    def _constants(self, reference, fresh, path):
        return [] if reference is fresh else [_line(path, reference, fresh)]


_COMPARED = {
    dict: Comparison._mappings,
    list: Comparison._sequences,
    np.ndarray: Comparison._arrays,
    Printed: Comparison._printed,
    str: Comparison._texts,
    float: Comparison._numbers,
    bool: Comparison._constants,
    type(None): Comparison._constants,
}


def _kind(value):
    """Return the kind of a tree's node; whole numbers and floats are of one kind."""
    return (
        float
        if type(value) is int
        else next(kind for kind in _COMPARED if isinstance(value, kind))
    )


def _as_array(value):
    """Return a list of numbers as an array, anything else as it is."""
    floats = isinstance(value, list) and any(type(item) is float for item in value)
    if floats and all(type(item) in {int, float} for item in value):
        return np.array(value, float)
    return value


def _around(reference, fresh):
    """Return where two texts begin to differ, with what precedes it."""
    pairs = zip(reference, fresh, strict=False)
    shorter = min(len(reference), len(fresh))
    at = next((i for i, (a, b) in enumerate(pairs) if a != b), shorter)
    start = max(0, at - EXCERPT // 2)
    return reference[start : at + EXCERPT], fresh[start : at + EXCERPT]


def _line(path, reference, fresh):
    return f"{path}: committed {reference!r:.400}, fresh {fresh!r:.400}"
