"""Names say what a value is: the share of vague bindings stays small."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDERS = ("orbital_kernel", "vast_standin", "widgets", "tests", "benchmarks")
MOST = 0.02
VAGUE = frozenset(
    [
        "told",
        "one",
        "known",
        "found",
        "wanted",
        "asked",
        "left",
        "kept",
        "made",
        "rest",
        "whole",
        "mine",
        "room",
        "this",
        "here",
        "there",
        "what",
        "taken",
        "said",
        "own",
        "its",
        "whose",
        "both",
        "had",
        "has",
        "having",
        "will",
        "beside",
        "way",
        "ways",
        "telling",
        "then",
    ]
)


def _bindings(path: Path) -> Iterator[tuple[str, int]]:
    """Yield (name, line) of whatever a file binds: variables, parameters, definitions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                yield name, node.lineno
            case ast.Attribute(attr=name, ctx=ast.Store()):
                yield name, node.lineno
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield name, node.lineno
            case ast.AsyncFunctionDef(name=name):
                yield name, node.lineno


def _vague(name: str) -> bool:
    return name.strip("_").lower() in VAGUE


@pytest.mark.parametrize("folder", FOLDERS)
def test_few_bindings_are_named_vaguely(folder):
    names = [
        (name, f"{path.relative_to(ROOT)}:{line}")
        for path in sorted((ROOT / folder).rglob("*.py"))
        for name, line in _bindings(path)
    ]
    vague = [(name, where) for name, where in names if _vague(name)]
    share = len(vague) / len(names)
    counts = Counter(name for name, _ in vague).most_common(8)

    assert share < MOST, f"{share:.1%} of {len(names)} bindings: {counts}; {vague[:20]}"
