"""The sample sky has the same bytes on a processor with and without vector instructions."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

MASKS = Path(__file__).with_name("plain_processor.env")
PROGRAM = """
import hashlib, json, math, sys
from pathlib import Path
import numpy as np
from orbital_kernel import sample

def digest(content):
    return hashlib.sha256(content).hexdigest()

folder, size = Path(sys.argv[1]), sys.argv[2]
sample.write(folder, size=size)
values = np.linspace(-20.0, 20.0, 20_001)
square = np.sin(values[:10_000]).reshape(100, 100)
print(json.dumps({
    "files": {
        path.relative_to(folder).as_posix(): digest(path.read_bytes())
        for path in sorted(folder.rglob("*")) if path.is_file()
    },
    "mathematics": {
        "numpy": digest(np.exp(values).tobytes()),
        "libm": digest(np.array([math.exp(value) for value in values]).tobytes()),
        "matrices": digest((square @ square).tobytes()),
    },
}))
"""
VECTORS = """
from numpy._core._multiarray_umath import __cpu_features__
print(__cpu_features__.get("AVX2") and __cpu_features__.get("FMA3"))
"""


def masks() -> dict[str, str]:
    lines = MASKS.read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if not line.startswith("#"))


def run(program: str, *arguments: str, **variables: str) -> str:
    """Run a program with these variables, and without masks that the tests have."""
    plain = {name: text for name, text in os.environ.items() if name not in masks()}
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env=plain | variables,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout


@pytest.fixture(scope="module")
def skies(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[dict[str, dict[str, str]], dict[str, dict[str, str]]]:
    """What a process with and one without vector instructions computes and writes."""
    if run(VECTORS).strip() != "True":
        pytest.skip("this processor has no AVX2 and FMA that could be masked")
    folder = tmp_path_factory.mktemp("skies")
    with_vectors = run(PROGRAM, str(folder / "vectors"), "12MB")
    without = run(PROGRAM, str(folder / "plain"), "12MB", **masks())
    return json.loads(with_vectors), json.loads(without)


def test_the_masks_change_what_numpy_libm_and_matrix_products_return(skies):
    with_vectors, without = (sky["mathematics"] for sky in skies)
    changed = {name for name in without if with_vectors[name] != without[name]}

    assert {"numpy", "libm", "matrices"} == changed


def test_the_sample_is_the_same_file_by_file_on_both_processors(skies):
    with_vectors, without = (sky["files"] for sky in skies)

    assert 30 < len(with_vectors)
    assert with_vectors == without
