"""What the locks install: listed in the bill of materials, under licences we accept."""

import json
from importlib.metadata import Distribution

import pytest
from licences import (
    exceptions,
    installed,
    is_accepted,
    licence,
    locked_packages,
    stated,
)
from sbom import FILE, document


class Stated(Distribution):
    """A distribution of these metadata."""

    def __init__(self, *lines):
        self.text = "\n".join(["Metadata-Version: 2.4", "Name: new", *lines, ""])

    def read_text(self, filename):
        return self.text if filename == "METADATA" else None

    def locate_file(self, path):
        raise FileNotFoundError(path)


@pytest.fixture(scope="module")
def bill():
    return json.loads(FILE.read_bytes())


def test_the_bill_of_materials_lists_exactly_the_locks(bill):
    listed = {
        (c["name"], c["version"]): sorted(
            h["content"] for h in c["externalReferences"][0]["hashes"]
        )
        for c in bill["components"]
    }

    assert {(p.name, p.version): sorted(p.hashes) for p in locked_packages()} == listed
    assert len(listed) == len(bill["components"])
    assert all(listed.values())


def test_the_bill_of_materials_is_the_one_that_make_sbom_writes(bill):
    assert document() == bill


def test_every_locked_package_has_an_accepted_licence_or_an_exception_with_a_reason():
    available = installed()
    licences = {p.name: licence(p.name, available) for p in locked_packages()}

    refused = {
        name: text
        for name, text in licences.items()
        if name not in exceptions() and not (text and is_accepted(text))
    }

    assert {} == refused, "look each up, then accept it or add it to licences.toml"


def test_every_exception_is_locked_and_has_a_reason():
    names = {package.name for package in locked_packages()}

    assert exceptions().keys() <= names
    assert all(entry["licence"] and entry["reason"] for entry in exceptions().values())


def test_an_exception_is_not_for_what_the_metadata_state_already():
    available = installed()

    assert [] == [
        name
        for name in exceptions()
        if name in available
        and (text := stated(available[name]))
        and is_accepted(text)
        and "only" not in exceptions()[name]["reason"]
        and name != "docutils"
    ]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["License-Expression: mit AND Apache-2.0"], "MIT AND Apache-2.0"),
        (
            ["License: BSD", "Classifier: License :: OSI Approved :: BSD License"],
            "LicenseRef-BSD",
        ),
        (["License: BSD 3-Clause License"], "BSD-3-Clause"),
        (["Classifier: License :: OSI Approved :: MIT License"], "MIT"),
        (["License: Copyright (c) A. Person"], None),
        (["License: Business Source License"], None),
        ([], None),
    ],
)
def test_a_licence_is_what_the_metadata_say_and_nothing_else(lines, expected):
    assert expected == stated(Stated(*lines))


@pytest.mark.parametrize("text", ["GPL-3.0", "MIT AND AGPL-3.0-only", "NONE"])
def test_a_licence_outside_the_list_is_not_accepted(text):
    assert not is_accepted(text)
