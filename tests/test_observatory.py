"""Observatories come from their files, and a new one is a new file."""

import shutil

import numpy as np
import pytest

from orbital_kernel.archives import readers
from orbital_kernel.errors import ConfigError
from orbital_kernel.model.observatory import FOLDER, observatories, observatory, site
from orbital_kernel.model.times import time_rule, to_tt, tt_from_utc
from orbital_kernel.storage.provision.desired import desired

NICER = {
    'name = "chandra"': 'name = "nicer"',
    "orbital-chandra": "orbital-nicer",
    "/observatories/chandra": "/observatories/nicer",
}


@pytest.fixture
def folder(tmp_path):
    for path in FOLDER.glob("*.toml"):
        shutil.copy(path, tmp_path)
    return tmp_path


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_swift_and_chandra_are_known():
    assert {"chandra", "swift"} <= set(observatories())
    assert sorted(observatories()) == list(observatories())


def test_bands_are_those_of_the_instruments():
    xrt = observatory("swift").instrument("XRT").band("total")
    assert (0.3, 10.0, "keV") == (xrt.low, xrt.high, xrt.unit)

    uvw2 = observatory("swift").instrument("UVOT").band("uvw2")
    assert (160.0, 225.0, "nm") == (uvw2.low, uvw2.high, uvw2.unit)

    edges = {
        b.name: (b.low, b.high) for b in observatory("chandra").instrument("ACIS").bands
    }
    assert {
        "b": (0.5, 7.0),
        "u": (0.2, 0.5),
        "s": (0.5, 1.2),
        "m": (1.2, 2.0),
        "h": (2.0, 7.0),
    } == edges


def test_an_xrt_position_is_not_good_to_one_arcsecond():
    assert 5.6 == observatory("swift").instrument("XRT").position_error.radius_arcsec


@pytest.mark.parametrize("name", observatories())
def test_the_clock_rule_counts_from_the_epoch_in_the_file(name):
    clock = observatory(name).clock
    epoch = np.array([clock.epoch], "datetime64[ns]")

    assert clock.rule == time_rule(clock.rule).name
    start = tt_from_utc(epoch) if clock.epoch_scale == "utc" else epoch
    assert start == to_tt(clock.rule, 0.0)


def test_every_reader_named_exists():
    named = {reader for entry in observatories().values() for reader in entry.readers}

    assert len(named) > 15
    assert set() == named - {reader.name for reader in readers()}


def test_the_epochs_differ_in_scale():
    assert ("2001-01-01T00:00:00", "utc") == (
        observatory("swift").clock.epoch,
        observatory("swift").clock.epoch_scale,
    )
    assert ("1998-01-01T00:00:00", "tt") == (
        observatory("chandra").clock.epoch,
        observatory("chandra").clock.epoch_scale,
    )


def test_every_limit_has_a_reason():
    spaces = [site().database, *(o.storage for o in observatories().values())]
    limits = [limit for space in spaces for limit in space.qos.limits]

    assert len(limits) > 10
    assert [] == [limit.name for limit in limits if len(limit.reason) < 20]


def test_swift_is_tuned_for_operations_and_chandra_for_bandwidth():
    swift, chandra = observatory("swift").storage, observatory("chandra").storage

    assert swift.view.live_monitoring
    assert swift.qos.priority
    assert swift.qos.limit("min_reads_iops") > chandra.qos.limit("min_reads_iops")
    assert chandra.qos.limit("min_reads_bw_mbps") > swift.qos.limit("min_reads_bw_mbps")


def test_adding_nicer_is_one_file(folder):
    text = (folder / "chandra.toml").read_text()
    for old, new in NICER.items():
        text = text.replace(old, new)
    (folder / "nicer.toml").write_text(text)

    loaded = observatories(folder)
    resources = desired(loaded.values(), site())
    assert sorted({*observatories(FOLDER), "nicer"}) == list(loaded)
    assert {"view", "quota", "viewpolicy", "qospolicy"} <= {
        r.kind for r in resources if r.name == "orbital-nicer"
    }
    assert "nicer.sources" in {r.name for r in resources if r.kind == "table"}


def test_an_unknown_observatory_is_answered_with_those_there_are():
    with pytest.raises(ConfigError, match=r"'hubble'; chandra, .*swift have a file"):
        observatory("hubble")


BROKEN = [
    ('soft = "400 GB"', 'soft = "400"', "number and unit"),
    ('soft = "400 GB"', 'soft = "600 GB"', "soft must be above 0 and not above hard"),
    ('soft = "400 GB"', 'sofd = "400 GB"', "unknown sofd"),
    ('ceiling = "2 TB"', 'ceiling = "2 GB"', "ceiling is below the hard limit"),
    ('name = "min_reads_iops"', 'name = "min_read_iops"', "no limit 'min_read_iops'"),
    ("value = 4000", "value = 40000", "min_reads_iops is above its maximum"),
    (
        'path = "/observatories/swift"',
        'path = "/observatories/swift/"',
        "not end with one",
    ),
    ('protocols = ["S3", "NFS"]', 'protocols = ["S3", "FTP"]', "FTP"),
    ("uvw2 = [160, 225]", "uvw2 = [225, 160]", "do not rise"),
    ('name = "swift"', 'name = "Swift"', "not 'swift'"),
    ('name = "swift"', "name = swift", "cannot be read"),
]


@pytest.mark.parametrize(("old", "new", "words"), BROKEN)
def test_a_mistake_in_a_file_is_refused_by_name(folder, old, new, words):
    edit(folder / "swift.toml", old, new)

    with pytest.raises(ConfigError, match=words) as refused:
        observatories(folder)
    assert "swift.toml" in str(refused.value)


def test_a_site_without_an_over_commit_rule_is_refused(folder):
    path = folder / "site.toml"
    edit(path, "capacity_ratio = 1.0\n", "")

    with pytest.raises(
        ConfigError, match=r"site.toml: \[over_commit\] lacks capacity_ratio"
    ):
        site(path)
