"""An empty platform for every notebook: a pytest plug-in on top of nbval.

Load it with `-p tests.notebook_platform` beside `--nbval`. A notebook that passes this
way depends on no other notebook.
"""

import os
import shutil
from pathlib import Path

import pytest
from nbval.plugin import IPyNbCell

from orbital_kernel import config, embedded

FOLDER = Path("build", "notebooks-alone").absolute()


def pytest_configure():
    """Let no variable of a vendor lead the kernels to another platform."""
    for name in os.environ.keys() - config.without_vendor_variables(os.environ).keys():
        del os.environ[name]


def home(item: IPyNbCell) -> Path:
    return FOLDER / item.path.stem


def remove(folder: Path) -> None:
    embedded.stop(folder)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """Name an empty folder before nbval starts the notebook's kernel."""
    folder = home(item)
    if os.environ.get(config.HOME_VARIABLE) != str(folder):
        remove(folder)
        os.environ[config.HOME_VARIABLE] = str(folder)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item, nextitem):
    """Remove the platform once nbval has stopped the notebook's kernel."""
    yield
    if nextitem is None or nextitem.path != item.path:
        remove(home(item))
