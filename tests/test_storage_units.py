"""Sizes and durations are exact, and never guessed."""

import pytest

from orbital_kernel.errors import ConfigError
from orbital_kernel.model.sizes import bytes_of, clock_of, seconds_of, size_text

SIZES = [
    ("500 GB", 500_000_000_000),
    ("500GB", 500_000_000_000),
    ("1 TB", 10**12),
    ("1 TiB", 2**40),
    ("1.5 TiB", 3 * 2**39),
    ("0.5 KiB", 512),
    ("7 B", 7),
    ("1 EiB", 2**60),
]


@pytest.mark.parametrize(("text", "expected"), SIZES)
def test_a_size_with_its_unit_is_read_exactly(text, expected):
    assert expected == bytes_of(text)


def test_a_terabyte_is_not_a_tebibyte_and_not_a_gibibyte():
    assert 10**12 == bytes_of("1 TB")
    assert 2**40 - 10**12 == bytes_of("1 TiB") - bytes_of("1 TB")
    assert bytes_of("1 TB") > 900 * bytes_of("1 GiB")


@pytest.mark.parametrize(
    "text", ["500", "1 tb", "1 TByte", "", "-1 GB", "1e3 GB", "GB", 5]
)
def test_a_size_without_a_known_unit_is_refused_with_an_example(text):
    with pytest.raises(ConfigError, match="500 GB"):
        bytes_of(text)


def test_a_part_of_a_byte_is_refused():
    with pytest.raises(ConfigError, match="whole number"):
        bytes_of("0.1 B")


DURATIONS = [
    ("7 days", 604_800),
    ("90m", 5400),
    ("90 min", 5400),
    ("7 00:00:00", 604_800),
    ("01:30:00", 5400),
    ("604800", 604_800),
    ("12 h", 43_200),
]


@pytest.mark.parametrize(("text", "expected"), DURATIONS)
def test_a_duration_is_read_as_people_and_as_the_vms_write_it(text, expected):
    assert expected == seconds_of(text)


@pytest.mark.parametrize("text", ["", "soon", "1:30", "3 weeks"])
def test_an_unclear_duration_is_refused(text):
    with pytest.raises(ConfigError, match="7 days"):
        seconds_of(text)


@pytest.mark.parametrize("seconds", [0, 59, 5400, 604_800, 90_061])
def test_a_duration_written_for_the_vms_is_read_back(seconds):
    assert seconds == seconds_of(clock_of(seconds))


def test_a_size_for_people_has_its_decimal_unit():
    assert "1.1 TB" == size_text(1.1e12)
    assert "999 B" == size_text(999)
