"""Examples in docstrings run, in order, on a platform that holds the sample sky."""

import doctest
import inspect

import orbital_widgets
import pytest
from orbital_widgets.explorer_files import ExplorerFiles
from orbital_widgets.selection_queries import SelectionQueries
from orbital_widgets.selection_state import SelectionState
from orbital_widgets.selection_text import SelectionText

import orbital_kernel
from orbital_kernel import plots
from orbital_kernel.archives.mapped.mapping import read_mapping
from orbital_kernel.archives.mapped.reader import declared_reader
from orbital_kernel.ingest.mappings import MappingCheck, Mappings
from orbital_kernel.monitor.bursts import Bursts
from orbital_kernel.query import Answer, Explain, Explanation, Largest, Smallest
from orbital_kernel.questions import Questions
from orbital_kernel.questions.calibration import Calibration
from orbital_kernel.questions.comparison import Comparison
from orbital_kernel.questions.density import Densities, SkyDensity
from orbital_kernel.questions.exports import Exported, Exports
from orbital_kernel.questions.names import Names
from orbital_kernel.questions.objects import Objects
from orbital_kernel.questions.page import ObjectPage
from orbital_kernel.questions.quality import Quality
from orbital_kernel.questions.visits import Visits
from orbital_kernel.science.correlation import Lag
from orbital_kernel.storage.session import Storage

OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
PUBLIC = [
    *(getattr(orbital_kernel, name) for name in orbital_kernel.__all__),
    *(getattr(plots, name) for name in plots.__all__),
    *(getattr(orbital_widgets, name) for name in orbital_widgets.__all__),
    *(Answer, Bursts, Explain, Explanation, Names, ObjectPage, Objects, Questions),
    Quality,
    Storage,
    *(Calibration, Comparison, Lag, Visits),
    *(Densities, SkyDensity, Exported, Exports, ExplorerFiles),
    *(Largest, Smallest, SelectionQueries, SelectionState, SelectionText),
    *(declared_reader, read_mapping, Mappings, MappingCheck),
]


def _members(holder):
    """Return the members of a class, and of its bases that are this project's."""
    members = {}
    for base in reversed(holder.__mro__):
        if base.__module__.startswith("orbital_"):
            members |= vars(base)
    return members


def _objects():
    """Yield (name, object) of whatever users call: functions, classes, their members."""
    for holder in PUBLIC:
        if inspect.ismodule(holder):
            continue
        home = f"{holder.__module__}.{holder.__qualname__}"
        yield home, holder
        if inspect.isclass(holder):
            for name, member in _members(holder).items():
                if not name.startswith("_") and _has_text(member):
                    yield f"{home}.{name}", member


def _has_text(member):
    return callable(member) or hasattr(member, "func") or isinstance(member, property)


OBJECTS = dict(_objects())


@pytest.fixture
def reader(stocked, home, monkeypatch, tmp_path):
    """Connect as a reader of the reference does, in an empty folder."""
    for name in ("AWS_S3_ENDPOINT_URL", "VMS_ADDRESS", "ORBITAL_DATABASE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ORBITAL_HOME", str(home))
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", OBJECTS)
def test_the_example_of_a_public_object_is_true(name, reader, capsys):
    text = inspect.getdoc(OBJECTS[name]) or ""
    example = doctest.DocTestParser().get_doctest(text, {}, name, None, 0)
    assert example.examples, f"{name} has no example"
    results = doctest.DocTestRunner(optionflags=OPTIONS).run(example)

    assert 0 == results.failed, capsys.readouterr().out


def test_a_false_example_fails():
    example = doctest.DocTestParser().get_doctest(">>> 1 + 1\n3\n", {}, "sum", None, 0)
    results = doctest.DocTestRunner(verbose=False).run(example, out=lambda _text: None)

    assert 1 == results.failed
