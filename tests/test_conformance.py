"""Another observatory is a file: scaffolded, checked, found, and its reader too."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from added_observatory import READER, fill
from archive_files import bat_lightcurve
from numpy import ones

from orbital_kernel import config
from orbital_kernel.archives import detect, readers, registry
from orbital_kernel.commands.observatory_kit import check, failing, scaffold
from orbital_kernel.errors import ConfigError
from orbital_kernel.model.observatory import (
    FOLDER,
    files,
    observatories,
    observatory,
    site,
)


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


@pytest.mark.parametrize("name", files(FOLDER))
def test_every_shipped_observatory_conforms(name):
    assert () == failing(check(name))


def test_a_scaffold_loads_at_once_and_lists_its_blanks(observatory_folder):
    path = scaffold("nova")

    assert observatory_folder / "nova.toml" == path
    assert "nova" in observatories()
    wrong = {failed.name for failed in failing(check("nova"))}
    assert {"blanks", "readers"} == wrong


def test_a_filled_scaffold_and_a_reader_beside_it_go_through_a_platform(
    observatory_folder, tmp_path
):
    fill(scaffold("nova"))
    (observatory_folder / "nova_counts.py").write_text(READER)
    sample = tmp_path / "a.txt"
    sample.write_text("#nova counts\n0.5 3\n1.5 4\n")

    checks = check("nova", sample)

    assert () == failing(checks)
    evidence = {item.name: item.found for item in checks}
    assert "by nova-counts: 2 nova.rates" == evidence["sample: ingested"]
    assert "the same rows" in evidence["sample: source and store"]


def test_a_sample_whose_clock_is_not_the_files_fails(observatory_folder, tmp_path):
    fill(scaffold("nova"))
    (observatory_folder / "nova_counts.py").write_text(
        READER.replace("to_tt(RULE", "to_tt('mjd-tt'")
    )
    sample = tmp_path / "a.txt"
    sample.write_text("#nova counts\n50000.5 3\n50001.5 4\n")

    (wrong,) = failing(check("nova", sample))

    assert "sample: times" == wrong.name


WRONG = [
    ('epoch = "2017-06-03', 'epoch = "2017-06-04', "clock", "the epoch is 2017-06-04"),
    ("0 utc", "0 gps", "clock", "there is no time rule"),
    ("[0.5, 10]", "[0.5, 1e15]", "bands", "beyond"),
    ('shape = "circle"', 'shape = "oval"', "field of view", "'oval' is not one of"),
    ('unit = "arcmin"', 'unit = "sr"', "field of view", "not given in sr"),
    ("size = 10.0", "size = 11000.0", "field of view", "not a size up to"),
    ("confidence = 0.9", "confidence = 90", "position errors", "not between 0 and 1"),
    ("radius_arcsec = 5.0", 'radius_arcsec = "5"', "file", "radius_arcsec"),
    ("radius_arcsec = 5.0", "radius_arcsec = -5.0", "position errors", "not a radius"),
    ("sun_min_deg = 45.0", "sun_min_deg = 190.0", "pointing", "0 to 180"),
    ("/observatories/nova", "/observatories/swift/nova", "storage", "lies with swift"),
    ('bucket = "orbital-nova"', 'bucket = "orbital-swift"', "storage", "is swift's"),
    ("[clock]", '[sort]\nrates = ["time"]\n[clock]', "file", "in one place"),
    ('"nova-counts"', '"nova-count"', "readers", "there is no reader nova-count"),
    ("[clock]", "[clok]", "file", "[clock] lacks epoch"),
    ("bands_kev = { full = [0.5, 10] }", "bands_kev = 3", "file", "wrong kind"),
]


@pytest.mark.parametrize(("old", "new", "name", "words"), WRONG)
def test_each_check_reports_its_fault(observatory_folder, old, new, name, words):
    path = scaffold("nova")
    fill(path)
    (observatory_folder / "nova_counts.py").write_text(READER)
    edit(path, old, new)

    evidence = {failed.name: failed.found for failed in failing(check("nova"))}

    assert [name] == list(evidence)
    assert words in evidence[name]


@pytest.mark.parametrize("name", ["Nova", "ops", "cross", "site", "x", "9a", "a b"])
def test_a_name_no_schema_can_have_is_refused(observatory_folder, name):
    with pytest.raises(ConfigError, match="cannot name an observatory"):
        scaffold(name)


def test_an_existing_observatory_is_not_overwritten(observatory_folder):
    with pytest.raises(ConfigError, match="has a file already"):
        scaffold("swift")


def test_a_users_file_takes_the_place_of_the_packages(observatory_folder):
    text = (FOLDER / "swift.toml").read_text()
    (observatory_folder / "swift.toml").write_text(
        text.replace('hard = "500 GB"', 'hard = "600 GB"')
    )
    (observatory_folder / "site.toml").write_text(
        (FOLDER / "site.toml").read_text().replace('tenant = "default"', 'tenant = "x"')
    )

    assert 600e9 == observatory("swift").storage.quota.hard_bytes
    assert "x" == site().tenant


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("import nothing_of_that_name", "ModuleNotFoundError"),
        ("READER = 3", "defines no READER"),
        (READER.replace("nova-counts", "otter"), "there is a reader 'otter' already"),
    ],
)
def test_a_reader_file_that_cannot_be_loaded_is_named(observatory_folder, code, words):
    (observatory_folder / "broken.py").write_text(code)

    with pytest.raises(ConfigError, match=words) as caught:
        readers()
    assert "broken.py" in str(caught.value)


def test_an_added_reader_is_asked_before_those_that_know_a_format_by_shape(
    observatory_folder,
):
    (observatory_folder / "nova_counts.py").write_text(READER)

    names = [reader.name for reader in readers()]

    assert "nova-counts" in names
    assert "swift-bat-ascii" == names[-1]


def test_every_module_with_a_reader_is_found():
    folder = Path(registry.__file__).parent
    written = [p for p in folder.rglob("*.py") if "\nREADER = " in p.read_text()]

    assert len(written) == len(registry.shipped())


def test_data_of_an_observatory_without_a_file_are_refused_saying_so(
    observatory_folder, orbital, tmp_path
):
    (observatory_folder / "nova_counts.py").write_text(READER)
    sample = tmp_path / "a.txt"
    sample.write_text("#nova counts\n0.5 3\n")

    (file,) = orbital.ingest(sample).files

    assert "refused" == file.state
    assert "'nova', an observatory without a file" in file.reason
    assert "orbital observatory new" in file.reason


def run(*arguments, folder):
    return subprocess.run(
        [sys.executable, "-m", "orbital_kernel", "observatory", *map(str, arguments)],
        env={**os.environ, config.OBSERVATORIES_VARIABLE: str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command_begins_checks_and_lists(observatory_folder):
    created = run("new", "nova", folder=observatory_folder)
    listed = json.loads(run("list", "--json", folder=observatory_folder).stdout)[
        "observatories"
    ]
    checked = run("check", "nova", "--json", folder=observatory_folder)
    unknown = run("check", "hubble", folder=observatory_folder)

    assert 0 == created.returncode
    assert str(observatory_folder / "nova.toml") in created.stdout
    assert "nova" in [entry["name"] for entry in listed]
    assert 1 == checked.returncode
    assert not json.loads(checked.stdout)["conforms"]
    assert 1 == unknown.returncode
    assert "there is no observatory 'hubble'" in unknown.stderr


def test_one_more_reader_does_not_change_what_is_recognised(
    observatory_folder, tmp_path
):
    (observatory_folder / "nova_counts.py").write_text(READER)
    path = bat_lightcurve(tmp_path / "a.lc", ones(2), ones(2))

    assert "swift-bat-lightcurve" == detect(path).name
