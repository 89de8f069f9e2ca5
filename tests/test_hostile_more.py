"""Bombs in sizes and headers, names twice, nothing but NaN: each refused for its reason."""

import re

import pyarrow as pa
import pytest
from hostile_more import MORE, curve
from test_hostile_files import GROWTH_BYTES, read_apart

from orbital_kernel.errors import ArchiveError
from orbital_kernel.ingest.files import shown
from orbital_kernel.ingest.substance import Substance


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    folder = tmp_path_factory.mktemp("more")
    for name, (content, _) in MORE.items():
        raw = content if isinstance(content, bytes) else content.encode()
        (folder / name).write_bytes(raw)
    (folder / "good.lc").write_bytes(curve())
    return read_apart(folder)


def test_every_file_is_refused_for_its_own_reason(result):
    outcomes = dict(result["outcomes"])

    assert "read as swift-xrt-lightcurve" == outcomes.pop("good.lc")
    assert 30 < len(MORE)
    words = {shown(name): expected for name, (_, expected) in MORE.items()}
    assert set(words) == set(outcomes)
    assert {} == {
        name: outcomes[name]
        for name, expected in words.items()
        if not re.search(expected, outcomes[name], re.DOTALL)
    }


def test_none_takes_much_memory_or_prints_controls(result):
    assert GROWTH_BYTES > result["grown_bytes"]
    assert [] == [
        reason
        for reason in result["outcomes"].values()
        if re.search(
            "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]",
            reason,
        )
    ]


def test_one_row_with_a_time_is_enough():
    seen = Substance()
    seen.add("swift.rates", pa.table({"time": pa.nulls(3)}))
    seen.add("swift.rates", pa.table({"time": [None, 1]}))
    seen.add("swift.notices", pa.table({"kind": ["x"]}))
    seen.check("a.lc")

    seen.add("swift.photometry", pa.table({"time": [1], "unit": ["s"]}))
    with pytest.raises(ArchiveError, match=r"1 rows of swift\.photometry has a value"):
        seen.check("a.lc")
