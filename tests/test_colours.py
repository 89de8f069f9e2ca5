"""Colours: one place for all figures, and names that colour-blind eyes tell apart."""

import itertools
import re

import numpy as np
import pytest
from import_graph import ROOT

from orbital_kernel.plots import theme

PLACES = ("orbital_kernel/plots/theme.py", "widgets/orbital_widgets/paint.py")
LITERAL = re.compile(r"#[0-9a-fA-F]{6}\b")
# Machado, Oliveira & Fernandes 2009, full strength, for linear RGB.
EYES = {
    "protan": ((0.152, 1.053, -0.205), (0.115, 0.786, 0.099), (-0.004, -0.048, 1.052)),
    "deutan": ((0.367, 0.861, -0.228), (0.280, 0.673, 0.047), (-0.012, 0.043, 0.969)),
}
TO_XYZ = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
APART = 12.0  # CIE 1976; about 2 is just noticed side by side
GROUPS = {
    "observatories": theme.OBSERVATORIES,
    "causes": theme.CAUSES,
    "cycle": dict(zip(theme.CYCLE, theme.CYCLE, strict=True)),
}


def linear(color):
    """Return a colour's linear red, green and blue."""
    parts = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    """Return CIE L*a*b* of linear RGB, for daylight."""
    xyz = np.array(TO_XYZ) @ np.clip(rgb, 0, 1) / (0.9505, 1.0, 1.089)
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def in_the_dark(color):
    """Return what the dark theme's filter makes of a colour: inverted, hue turned."""
    values = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    inverted = 0.93 - 0.86 * values
    turn = ((-0.574, 1.43, 0.144), (0.426, 0.43, 0.144), (0.426, 1.43, -0.856))
    return np.clip(np.array(turn) @ inverted, 0, 1)


def test_colours_are_written_in_one_place():
    files = [
        path
        for folder in ("orbital_kernel/plots", "widgets/orbital_widgets")
        for path in (ROOT / folder).rglob("*.py")
    ]

    assert set(PLACES) <= {path.relative_to(ROOT).as_posix() for path in files}
    assert [] == [
        f"{path.name}: {color}"
        for path in files
        if path.relative_to(ROOT).as_posix() not in PLACES
        for color in LITERAL.findall(path.read_text(encoding="utf-8"))
    ]


@pytest.mark.parametrize("eyes", EYES)
@pytest.mark.parametrize("group", GROUPS)
def test_names_are_apart_for_colour_blind_eyes(group, eyes):
    seen = {n: lab(np.array(EYES[eyes]) @ linear(c)) for n, c in GROUPS[group].items()}
    close = [
        (one_name, other)
        for (one_name, a), (other, b) in itertools.combinations(seen.items(), 2)
        if np.linalg.norm(a - b) < APART
    ]

    assert [] == close


@pytest.mark.parametrize("name", theme.OBSERVATORIES)
def test_an_observatory_keeps_its_hue_in_the_dark(name):
    color = theme.OBSERVATORIES[name]
    values = [int(color[i : i + 2], 16) for i in (1, 3, 5)]
    dark = in_the_dark(color)

    assert int(np.argmax(values)) == int(np.argmax(dark))
    assert int(np.argmin(values)) == int(np.argmin(dark))


def test_each_observatory_has_its_colour_wherever_it_is_named():
    names = ("fermi", "chandra", "swift")

    assert theme.OBSERVATORIES == theme.colors(names) == theme.colors(reversed(names))
