"""The sample sky: same bytes from the same seed, labelled everywhere, any size."""

import hashlib
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from astropy.io import fits

from orbital_kernel import sample
from orbital_kernel.errors import ArchiveError, ConfigError


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> sample.Truth:
    return sample.write(tmp_path_factory.mktemp("sky"))


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(
            path.read_bytes()
        ).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_same_seed_gives_the_same_bytes(
    truth: sample.Truth, tmp_path: Path
) -> None:
    again = sample.write(tmp_path / "again")
    assert digests(again.archive.parent) == digests(truth.archive.parent)


def test_another_seed_gives_another_sky(truth: sample.Truth, tmp_path: Path) -> None:
    other = sample.write(tmp_path / "other", seed=1)
    assert set(other.bursts["name"]) & set(truth.bursts["name"]) == set()
    assert len(other.bursts) == len(truth.bursts)


@pytest.mark.parametrize("seed", range(2, 5))
def test_every_seed_writes_a_whole_core(seed: int, tmp_path: Path) -> None:
    truth = sample.write(tmp_path, seed=seed, size=1)
    assert len(truth.files) == 21
    assert set(truth.faults["kind"]) == {
        *("missing", "turn-on", "glitch", "saa", "gap", "zeros")
    }


def test_truth_is_read_back_as_written(truth: sample.Truth) -> None:
    again = sample.load(truth.archive.parent)
    assert again.seed == truth.seed
    for name, frame in truth.tables.items():
        assert again.tables[name].equals(frame)


def test_a_folder_without_a_sample_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="holds no sample"):
        sample.load(tmp_path)


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(ConfigError, match="holds other things"):
        sample.write(tmp_path)


@pytest.mark.parametrize(
    ("size", "meant"),
    [("small", 5e6), ("medium", 1e8), ("2GB", 2e9), ("300 mb", 3e8), (12345, 12345)],
)
def test_sizes_are_understood(size: str | int, meant: float) -> None:
    assert sample.size_bytes(size) == meant


@pytest.mark.parametrize("size", ["large", "", "-3MB", "0", 0, True])
def test_other_sizes_are_refused_in_words(size: str | int) -> None:
    with pytest.raises(ConfigError, match="not a size"):
        sample.size_bytes(size)


def test_a_wanted_size_is_met_within_a_tenth(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    truth = sample.write(
        tmp_path, size="16MB", progress=lambda done, want, _: seen.append((done, want))
    )
    stored = sum(p.stat().st_size for p in truth.archive.rglob("*") if p.is_file())
    assert truth.size_bytes == stored
    assert stored == pytest.approx(16e6, rel=0.1)
    assert seen == sorted(seen)
    assert {want for _, want in seen} == {16_000_000}
    assert seen[-1][0] == stored


def test_a_larger_sample_begins_with_the_small_one(
    truth: sample.Truth, tmp_path: Path
) -> None:
    larger = digests(sample.write(tmp_path, size="12MB").archive)
    lists = ("catalogs/sim", "obs_logs/")
    shared = {
        path: digest
        for path, digest in digests(truth.archive).items()
        if not any(part in path for part in lists)
    }
    assert {path: larger[path] for path in shared} == shared


def test_every_fits_header_says_simulated(truth: sample.Truth) -> None:
    paths = [*truth.archive.rglob("*.fits"), *truth.archive.rglob("*.lc*")]
    for path in paths:
        with fits.open(path) as file:
            labels = {(hdu.header["SIMULATE"], hdu.header["CREATOR"]) for hdu in file}
        assert labels == {(True, "orbital sample")}
    assert len(paths) == 11


def test_every_text_says_simulated_in_its_first_line_or_its_name(
    truth: sample.Truth,
) -> None:
    endings = {".qdp", ".txt", ".tsv", ".csv"}
    paths = [path for path in truth.archive.rglob("*") if path.suffix in endings]
    for path in paths:
        with path.open("rb") as file:
            first = file.readline()
        named = path.name.startswith("simulated_")
        assert named or (first[:1] in b"#!" and b"SIMULATED" in first)
    assert len(paths) == 10


def test_the_truth_lists_every_file(truth: sample.Truth) -> None:
    listed = dict(truth.files.select("path", "bytes").iter_rows())
    stored = {
        path.relative_to(truth.archive).as_posix(): path.stat().st_size
        for path in truth.archive.rglob("*")
        if path.is_file()
    }
    assert listed == stored


def test_bursts_are_named_by_their_utc_day(truth: sample.Truth) -> None:
    days = truth.bursts["trigger_utc"].str.slice(2, 8).str.replace_all("-", "")
    assert truth.bursts["name"].str.slice(4, 6).to_list() == days.to_list()
    assert truth.bursts["name"].str.slice(10, 1).is_in(list("STUVWXYZ")).all()


def test_catalogue_positions_scatter_as_their_errors_say(truth: sample.Truth) -> None:
    matched = truth.sources.drop_nulls(["swift_ra", "chandra_ra"])
    pairs = truth.matches.join(matched, on="source")
    sigmas = pairs.select("swift_sigma_arcsec", "chandra_sigma_arcsec").to_numpy()
    assert len(pairs) == len(matched) > 80
    scaled = pairs["separation_arcsec"].to_numpy() / np.hypot(*sigmas.T)
    # A Rayleigh distribution's mean square is 2.
    assert np.mean(scaled**2) == pytest.approx(2, abs=6 / np.sqrt(len(pairs)))


def test_the_first_field_lies_across_right_ascension_zero(truth: sample.Truth) -> None:
    ra = truth.sources.filter(pl.col("source").str.starts_with("field0"))["ra"]
    assert (ra < 1).any()
    assert (ra > 359).any()
