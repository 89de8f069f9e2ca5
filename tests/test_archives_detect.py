"""Every file of the archive goes to its reader, or is refused saying why."""

import csv

import pytest
from archive_files import bat_lightcurve
from numpy import ones

from orbital_kernel.archives import detect, readers
from orbital_kernel.archives.reading import open_source
from orbital_kernel.errors import ArchiveError

# folder pattern, reader
KINDS = [
    ("swift_bat/grb_lightcurves_1s/", "swift-bat-lightcurve"),
    ("swift_bat/grb_lightcurves_64ms/", "swift-bat-lightcurve"),
    ("swift_bat/rates_", "swift-bat-rates"),
    ("swift_bat/catalogs/swift_grb", "swift-grb-table"),
    ("swift_bat/catalogs/bat_catalog", "swift-bat-catalog"),
    ("swift_bat/catalogs/bat_survey", "swift-sources"),
    ("swift_bat/catalogs/BAT_70m", "swift-sources"),
    ("swift_bat/catalogs/bat_bright", "swift-sources"),
    ("swift_bat/grb_lightcurves_ascii/GRB070809", "swift-bat-ascii"),
    ("swift_bat/grb_lightcurves_ascii/grb_", "swift-bat-ascii"),
    ("swift_xrt/xrt_grb_flux_qdp/", "swift-xrt-qdp"),
    ("swift_xrt/xrt_other_qdp/", "swift-xrt-qdp"),
    ("joint/GRB130427A-SN2013cq/GRB130427A_swift", "swift-xrt-qdp"),
    ("swift_xrt/xrt_grb_json/GRB070809", "swift-xrt-qdp"),
    ("swift_xrt/xrt_grb_json/GRBtable", "swift-xrt-types"),
    ("swift_xrt/xrt_grb_json/", "swift-xrt-json"),
    ("swift_xrt/obs_logs/swiftmastr", "swift-observations"),
    ("swift_xrt/obs_logs/swiftxrlog", "swift-timeline"),
    ("swift_xrt/catalogs/", "swift-sources"),
    ("chandra/obs_logs/", "chandra-observations"),
    ("chandra/catalogs/csc2_search", "chandra-csc"),
    ("chandra/catalogs/", "chandra-csc"),
    ("chandra/csc_lightcurves_lc3/", "chandra-lightcurve"),
    ("chandra/sgra_lightcurves/", "chandra-lightcurve"),
    ("chandra/lightcurves/CDF-S", "chandra-lightcurve"),
    ("chandra/sgra_evt2/", "chandra-events"),
    ("chandra/evt2/", "chandra-events"),
    ("chandra/oif.fits", "chandra-index"),
    ("gcn/gcn_kafka_json/", "gcn-json"),
    ("gcn/voevent/", "voevent"),
    ("gcn/gcn_embedded_fits/trig1253910_bat_raw", "swift-tdrss-lightcurve"),
    ("gcn/gcn_embedded_fits/trig1253910_xrt_raw_lc", "swift-tdrss-lightcurve"),
    ("gcn/gcn_embedded_fits/trig1253910_xrt_raw_sper", "swift-events"),
    ("gcn/schedules/swift_plan", "swift-timeline"),
    ("gcn/schedules/swift_asflown", "swift-timeline"),
    ("gcn/schedules/swift_obsquery", "swift-timeline"),
    ("joint/otter/", "otter"),
    ("joint/GW170817/epoch_", "chandra-srcflux"),
    ("joint/GW170817/GRB170817A", "published-table"),
    ("joint/GW170817/GW170817_Villar", "published-table"),
    ("joint/SN2010jl/", "published-table"),
    ("joint/NGC925_ULX/NGC925_ULX_swift", "published-table"),
    ("joint/NGC925_ULX/NGC925_ULX_chandra", "published-table"),
    ("joint/GRB130427A-SN2013cq/GRB130427A-SN2013cq_", "published-table"),
    ("joint/GRB130427A-SN2013cq/GRB130427Axrtlc", "published-table"),
]  # fmt: skip

REFUSED = [
    ("README.md", "a document"),
    ("MANIFEST.tsv", "a list of files"),
    ("gcn/schema/core/Alert.schema.json", "a JSON schema"),
    ("swift_bat/grb_lightcurves_ascii/GRB180115A_sn5_10s.h5", "needs h5py"),
    ("gcn/gcn_embedded_fits/trig1253910_bat_attitude.fits", "attitude"),
    ("gcn/gcn_embedded_fits/trig1253910_uvot_raw_srclist.fits", "detector pixels"),
    ("chandra/tables/sgra_flares_pipeline.csv", "needs a mapping"),
    ("expected/bat_lightcurves_expected.csv", "needs a mapping"),
]


def manifest(archive):
    with (archive / "MANIFEST.tsv").open() as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


@pytest.mark.parametrize(("folder", "name"), KINDS)
def test_archive_files_go_to_the_reader_of_their_kind(archive, folder, name):
    first = {}
    for kind, _ in KINDS:
        for row in manifest(archive):
            if row["file"].startswith(kind):
                first.setdefault(row["file"], kind)
    listed = [path for path, kind in first.items() if kind == folder]

    assert listed
    assert {name} == {detect(archive / path).name for path in listed}


@pytest.mark.parametrize(("name", "reason"), REFUSED)
def test_archive_files_without_data_are_refused_with_the_reason(archive, name, reason):
    with pytest.raises(ArchiveError, match=reason) as caught:
        detect(archive / name)
    assert (archive / name).name in str(caught.value)


def test_no_two_readers_recognise_the_same_file(archive):
    for row in manifest(archive):
        source = open_source(archive / row["file"])
        takers = [reader.name for reader in readers() if reader.recognises(source)]

        assert len(takers) <= 1, (row["file"], takers)


def test_names_do_not_decide(tmp_path):
    path = bat_lightcurve(tmp_path / "notes.txt", ones(2), ones(2))

    assert detect(path).name == "swift-bat-lightcurve"


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.lc", b"", "empty"),
        ("a.bin", bytes(range(256)) * 9, "of no known format"),
        ("a.zip", b"PK\x03\x04" + bytes(40), "zip archive: unpack it first"),
        ("a.fits", b"SIMPLE  =                    T" + b" " * 50, "ends inside a header"),
        ("a.gz", b"\x1f\x8b\x08\x00", "gzip data is cut or damaged"),
        ("a.json", b'{"a": 1}', "JSON of no known kind"),
        ("a.json", b'[ {"a": 1}]', "a JSON list: write each notice"),
        ("a.ecsv", b"# %ECSV 1.0\n# ---\nobsid ra\n1 2\n", "columns obsid ra.*mapping"),
        ("a.csv", b"x,y\n1,2\n3,4\n5,6\n", "needs a mapping"),
        ("a.xml", b"<a/>", "XML that is not a VOEvent"),
        ("a.txt", b"Dear colleague,\nplease find\n", "of no known format"),
    ],
)  # fmt: skip
def test_strangers_are_refused_by_name_and_reason(tmp_path, name, content, reason):
    path = tmp_path / name
    path.write_bytes(content)

    with pytest.raises(ArchiveError, match=reason) as caught:
        detect(path)
    assert name in str(caught.value)


def test_a_missing_file_is_an_archive_error(tmp_path):
    with pytest.raises(ArchiveError, match=r"nothing\.lc: cannot be opened"):
        detect(tmp_path / "nothing.lc")


def test_reader_names_are_unique_and_documented():
    names = [reader.name for reader in readers()]

    assert len(names) == len(set(names))
    assert all(reader.doc and reader.version >= 1 for reader in readers())
