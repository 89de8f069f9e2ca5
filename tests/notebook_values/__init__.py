"""Notebooks' outputs compared by value: a pytest plug-in on top of nbval.

Load it with `-p tests.notebook_values` beside `--nbval`. Committed and fresh outputs are
decoded to trees of texts and numbers; texts must be equal, numbers agree within a
tolerance. Widgets show their static twins, so that rows and figures are compared too.
"""

import os

import pytest
from nbval.plugin import IPyNbFile

from orbital_kernel.reports import STATIC_VARIABLE

from .cells import NotebookFile


def pytest_configure(config):
    """Let the kernels' widgets show themselves as figure and table."""
    os.environ[STATIC_VARIABLE] = "1"


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(file_path, parent):
    """Collect notebooks as nbval does, with cells that are compared by value."""
    return [
        NotebookFile.from_parent(parent, path=file_path)
        if isinstance(collector, IPyNbFile)
        else collector
        for collector in (yield)
    ]
