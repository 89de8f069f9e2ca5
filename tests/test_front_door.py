"""What users call says what it takes, what it returns and what it raises, with an example.

`DOORS` lists the classes that `connect()` leads to, the functions that draw figures, and
the widgets.
"""

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from functools import cached_property
from typing import Any

import orbital_widgets
import pytest
from numpydoc.docscrape import NumpyDocString

import orbital_kernel
from orbital_kernel import (
    Box,
    Cone,
    Orbital,
    Polygon,
    Query,
    TimeSpan,
    plots,
    query,
    shape,
)
from orbital_kernel.ingest import FileReport, IngestReport, Survey, Validation
from orbital_kernel.monitor.bursts import Bursts
from orbital_kernel.questions import Known, Questions, Rare
from orbital_kernel.questions.calibration import Calibration
from orbital_kernel.questions.comparison import Comparison
from orbital_kernel.questions.matching import Matching
from orbital_kernel.questions.names import Names
from orbital_kernel.questions.objects import Objects
from orbital_kernel.questions.page import ObjectPage
from orbital_kernel.questions.quality import Quality
from orbital_kernel.questions.upper_limits import UpperLimit
from orbital_kernel.questions.visits import Visits
from orbital_kernel.science.correlation import Lag
from orbital_kernel.science.coverage import Coverage
from orbital_kernel.science.footprints import Footprint
from orbital_kernel.storage.session import Storage

Door = type | Callable[..., Any]
DOORS: tuple[Door, ...] = (
    orbital_kernel.connect,
    Orbital,
    *(Objects, Quality, Questions, Known, Matching, Rare, Names, ObjectPage),
    *(Coverage, Footprint, UpperLimit),
    *(Calibration, Comparison, Lag, Visits),
    *(Query, Cone, Box, Polygon, TimeSpan, query.Largest, query.Smallest),
    *(query.Answer, query.Explain, query.Explanation),
    *(IngestReport, FileReport, Survey, Validation),
    *(Bursts, Storage),
    *(getattr(plots, name) for name in plots.__all__),
    *(getattr(shape, name) for name in shape.__all__ if name != "LEAST_CHANCE"),
    *(getattr(orbital_widgets, name) for name in orbital_widgets.__all__),
)
MOST_POSITIONAL = 3


def methods(door: type) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Yield the public methods of a class with their names, inherited ones too."""
    for name, member in inspect.getmembers_static(door):
        if name.startswith("_"):
            continue
        function = getattr(member, "__func__", member)
        if inspect.isfunction(function) and is_ours(function):
            yield name, function


def properties(door: type) -> Iterator[tuple[str, str | None]]:
    """Yield the public properties of a class with their docstrings."""
    for name, member in inspect.getmembers_static(door):
        if not name.startswith("_") and isinstance(member, property | cached_property):
            yield name, member.__doc__


def is_ours(function: Callable[..., Any]) -> bool:
    """Return whether a function is defined in this repository."""
    return function.__module__.startswith(("orbital_kernel", "orbital_widgets"))


def callables(doors: tuple[Door, ...]) -> list[Any]:
    """Return every function, constructor and method behind the doors, with an id."""
    cases = []
    for door in doors:
        cases.append(pytest.param(door, id=door.__name__))
        if isinstance(door, type):
            cases += [
                pytest.param(function, id=f"{door.__name__}.{name}")
                for name, function in methods(door)
            ]
    return cases


CALLABLES = callables(DOORS)


def parameters(door: Door) -> list[inspect.Parameter]:
    """Return the parameters that a caller gives."""
    function = door.__init__ if isinstance(door, type) else door
    given = inspect.signature(function).parameters.values()
    return [parameter for parameter in given if parameter.name not in ("self", "cls")]


def documents(door: Door) -> NumpyDocString:
    """Return the parsed docstring."""
    return NumpyDocString(inspect.cleandoc(door.__doc__ or ""))


def documented(door: Door) -> set[str]:
    """Return the names in the section Parameters."""
    return {
        name.strip().lstrip("*")
        for entry in documents(door)["Parameters"]
        for name in entry.name.split(",")
    }


def raised(door: Door) -> bool:
    """Return whether the body of a function, or a class's check of its fields, raises."""
    function = getattr(door, "__post_init__", None) if isinstance(door, type) else door
    if function is None:
        return False
    body = ast.parse(textwrap.dedent(inspect.getsource(function)))
    return any(isinstance(node, ast.Raise) for node in ast.walk(body))


@pytest.mark.parametrize("door", CALLABLES)
def test_every_parameter_is_explicit_typed_and_documented(door):
    given = parameters(door)
    positional = [p for p in given if p.kind is p.POSITIONAL_OR_KEYWORD]

    assert [] == [p.name for p in given if p.kind is p.VAR_KEYWORD]
    assert [] == [p.name for p in given if p.annotation is p.empty]
    assert is_dataclass(door) or len(positional) <= MOST_POSITIONAL
    assert {p.name for p in given} == documented(door)


@pytest.mark.parametrize("door", CALLABLES)
def test_every_result_and_every_error_is_documented(door):
    text = documents(door)

    assert text["Summary"]
    if not isinstance(door, type):
        returned = inspect.signature(door).return_annotation
        assert returned is not inspect.Signature.empty
        assert returned in (None, "None") or text["Returns"] or text["Yields"]
    assert text["Raises"] or not raised(door)


@pytest.mark.parametrize("door", CALLABLES)
def test_every_call_has_an_example(door):
    assert any(line.startswith(">>> ") for line in documents(door)["Examples"])


@pytest.mark.parametrize("door", [d for d in DOORS if isinstance(d, type)])
def test_every_property_is_described_in_a_sentence(door):
    undescribed = [name for name, text in properties(door) if not (text or "").strip()]

    assert [] == undescribed


def test_fields_of_a_query_are_its_parameters():
    assert [field.name for field in fields(Query)] == [
        p.name for p in parameters(Query)
    ]
