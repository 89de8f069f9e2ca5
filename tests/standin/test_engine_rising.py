"""Row ids and positions in order: each once, and untouched where they are so already."""

import numpy as np
import pytest

from vast_standin.engine.rising import rising


@pytest.mark.parametrize("kind", [np.int64, np.uint64])
@pytest.mark.parametrize("values", [[], [3], [3, 3], [1, 2, 5], [5, 1, 5, 2, 1, 0]])
def test_numbers_rise_and_each_is_there_once(kind, values):
    numbers = np.array(values, dtype=kind)

    actual = rising(numbers)

    assert sorted(set(values)) == actual.tolist()
    assert kind == actual.dtype


def test_numbers_that_rise_are_not_copied():
    numbers = np.arange(5)

    assert rising(numbers) is numbers
