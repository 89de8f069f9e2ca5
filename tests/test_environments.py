"""Every way to an environment installs what the locks say."""

import os
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from licences import locked_packages
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "deploy"))
import environments  # noqa: E402 - a script of the checkout

WRITTEN = environments.files()


@pytest.mark.parametrize("name", WRITTEN)
def test_a_file_is_the_one_that_make_environments_writes(name):
    assert WRITTEN[name] == (ROOT / name).read_text()
    assert WRITTEN[name].startswith("#!") == os.access(ROOT / name, os.X_OK)


def test_conda_gets_each_locked_package_in_its_version():
    listed = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    pins = [Requirement(text) for text in listed[-1]["pip"][:-1]]
    wheels = [p for p in locked_packages() if p.name != "adbc-driver-vastdb"]

    assert {(p.name, f"=={p.version}") for p in wheels} == {
        (canonicalize_name(pin.name), str(pin.specifier)) for pin in pins
    }


def test_binder_takes_the_python_that_the_lock_was_made_for():
    declared = yaml.safe_load((ROOT / "binder/environment.yml").read_text())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    version = declared["dependencies"][0].removeprefix("python=")

    assert project["requires-python"].startswith(f">={version},")


def test_binder_runs_the_installs_of_make_venv():
    recipe = (ROOT / "Makefile").read_text().partition("$(VENV)/.ready:")[2]
    for line in recipe.splitlines()[2:5]:
        options = [word for word in line.split() if word.startswith("--")]
        installed = {"--disable-pip-version-check", "--quiet"} ^ {*options}
        assert any(
            installed <= {*line.split()}
            for line in WRITTEN["binder/postBuild"].splitlines()
        )
