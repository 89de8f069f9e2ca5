"""Whatever is typed into a control is understood or answered in words, never by Python."""

import re

import ipywidgets
import pytest
from browser.hostile_texts import HOSTILE
from orbital_widgets import (
    BurstMonitor,
    Explorer,
    HealthPanel,
    LightCurveExplorer,
    QualityBoard,
    StorageDashboard,
)

TYPED = (
    *("12h", "abc", "5 d", "9 to 2", "1e999", "nan", "-1", "", " ", "0x10", "١٢"),
    *("12:61:00", "2013-13-40", "2013-04-27T07:47:06Z", "5'", "{}", "[1]", "null"),
    *HOSTILE,
)
LEAK = re.compile(
    r"Traceback|\b[A-Z]\w*(?:Error|Exception)\b|could not convert|invalid literal|"
    r"NoneType|object at 0x|unexpected keyword|\bfloat\(|\bself\.|numpy|polars"
)
UNESCAPED = re.compile(
    r"<(?:script|img|svg|b)\b[^>]*(?:hacked|onerror|onload)", re.IGNORECASE
)


def controls(box, kinds):
    """Return the widgets of some kinds within one, however deep."""
    nested = [
        part
        for child in getattr(box, "children", ())
        for part in controls(child, kinds)
    ]
    return [box, *nested] if isinstance(box, kinds) else nested


def texts(box):
    """Return what the labels and HTML of a widget say."""
    return [
        str(part.value) for part in controls(box, (ipywidgets.HTML, ipywidgets.Label))
    ]


def problems(said):
    """Return what no reader should see."""
    own = [re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL) for text in said]
    own = [
        re.sub(r"<button onclick.*?</pre>", "", text, flags=re.DOTALL) for text in own
    ]
    return [text for text in own if LEAK.search(text) or UNESCAPED.search(text)]


MADE = {
    "explorer": lambda orbital: Explorer(orbital, table="grbs"),
    "light curve": lambda orbital: LightCurveExplorer(orbital, "SIM AGN 1"),
    "bursts": lambda orbital: BurstMonitor(orbital, by="Ada"),
    "health": HealthPanel,
    "quality": QualityBoard,
    "storage": StorageDashboard,
}


@pytest.fixture(scope="module", params=MADE)
def shown(request, orbital):
    """Return a widget and the box with its controls."""
    widget = MADE[request.param](orbital)
    widget.wait()
    yield widget, getattr(widget, "widget", widget)
    widget.close()


@pytest.mark.parametrize("text", TYPED)
def test_what_is_typed_is_understood_or_answered_in_words(shown, text):
    widget, box = shown
    said = []
    for entry in controls(
        box, (ipywidgets.Text, ipywidgets.Textarea, ipywidgets.Combobox)
    ):
        before = entry.value
        entry.value = text
        said += texts(box)
        entry.value = before
    widget.wait()
    said += texts(box)

    assert [] == problems(said)


def test_every_control_has_a_name(shown):
    _, box = shown
    kinds = (
        ipywidgets.Text,
        ipywidgets.Textarea,
        ipywidgets.Combobox,
        ipywidgets.Button,
    )
    kinds += (ipywidgets.Dropdown, ipywidgets.Select, ipywidgets.SelectMultiple)
    kinds += (ipywidgets.Checkbox, ipywidgets.IntText, ipywidgets.SelectionSlider)

    assert [] == [entry for entry in controls(box, kinds) if not entry.description]


def test_no_menu_with_options_is_blank(shown):
    _, box = shown
    menus = controls(box, (ipywidgets.Dropdown, ipywidgets.Select))

    assert [] == [
        menu.description for menu in menus if menu.options and menu.index is None
    ]


@pytest.mark.parametrize("name", ["bursts", "quality", "storage", "health"])
def test_a_period_without_meaning_is_refused_in_words(orbital, name):
    kind = {
        "bursts": BurstMonitor,
        "quality": QualityBoard,
        "storage": StorageDashboard,
        "health": HealthPanel,
    }[name]

    with pytest.raises(ValueError, match="every_s is seconds above 0, not 0"):
        kind(orbital, every_s=0)


def test_an_empty_answer_says_why_and_what_is_near(stocked):
    explorer = LightCurveExplorer(stocked, "SIM AGN 99").wait()
    said = " ".join(texts(explorer))
    explorer.close()

    assert "SIM AGN 99" in said
    assert "SIM AGN 1" in said
