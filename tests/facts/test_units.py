"""Sizes, times and rates are read as people write them and shown as people say them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.errors import ExplorerError
from explorer.facts import units


@pytest.mark.parametrize(
    ("given", "size_bytes"),
    [
        ("0 B", 0),
        ("1", 1),
        (9437184, 9437184),
        (1.5, 1.5),
        ("1 KB", 1024),
        ("1KiB", 1024),
        ("1 kb", 1024),
        ("512 KB", 524288),
        ("6 MB", 6291456),
        ("1.5 MB", 1572864),
        (".5 MB", 524288),
        ("1 GB", 1024**3),
        ("5 TiB", 5 * 1024**4),
        ("1_000 bytes", 1000),
        ("1,048,576", 1048576),
        ("1e3 B", 1000),
        ("  9  MB ", 9437184),
    ],
)
def test_sizes(given, size_bytes):
    assert units.parse_size(given) == size_bytes


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        (4, 4),
        ("4", 4),
        ("250 ms", 0.25),
        ("4s", 4),
        ("15 min", 900),
        ("2 h", 7200),
        ("7 days", 604800),
        ("1 day", 86400),
        ("100 us", 1e-4),
    ],
)
def test_times(given, seconds):
    assert units.parse_time(given) == pytest.approx(seconds, rel=1e-15)


@pytest.mark.parametrize(
    ("given", "bytes_per_s"),
    [
        ("20 Mbit/s", 2_500_000),
        ("8 kbit/s", 1000),
        ("1 Gbit/s", 125_000_000),
        ("2 MB/s", 2 * 1024**2),
        (2_500_000, 2_500_000),
    ],
)
def test_bandwidths_are_decimal_in_bits_and_binary_in_bytes(given, bytes_per_s):
    assert units.parse_bandwidth(given) == bytes_per_s


@pytest.mark.parametrize("parse", [units.parse_size, units.parse_time, units.parse_bandwidth])
@pytest.mark.parametrize(
    "given",
    [
        *("", " ", "MB", "9 MBB", "-1", "1e999", "nan", "inf", "1 2", "1..2 s", "0x10", "٣", "1,5 MB", "1,5"),
        *(-1, float("nan"), float("inf"), pytest.param(10**400, id="10^400"), True, None, [], {}),
    ],
)
def test_what_is_no_quantity_is_refused_with_what_is_accepted(parse, given):
    with pytest.raises(ExplorerError, match="expected a "):
        parse(given)


def test_a_time_is_no_size_and_a_size_no_time():
    with pytest.raises(ExplorerError, match='is "4 s": expected a size such as "9 MB" or 9437184'):
        units.parse_size("4 s")
    with pytest.raises(ExplorerError, match='is "4 MB": expected a time such as "250 ms"'):
        units.parse_time("4 MB")


@given(st.integers(0, 10**6), st.sampled_from(["B", "KB", "MB", "GB", "KiB", "MiB"]))
def test_a_size_reads_as_its_number_times_its_unit(number, unit):
    power = " KMG".index(unit[0]) if unit[0] != "B" else 0
    assert units.parse_size(f"{number} {unit}") == number * 1024**power


@given(st.integers(1, 40), st.integers(1, 999))
def test_a_size_shown_and_read_again_is_the_same_to_the_digits_shown(power, mantissa):
    size = float(mantissa * 2**power)
    assert units.parse_size(units.format_size(size)) == pytest.approx(size, rel=6e-3)


@given(st.floats(1e-3, 3e7))
def test_a_time_shown_and_read_again_is_the_same_to_the_digits_shown(seconds):
    assert units.parse_time(units.format_time(seconds)) == pytest.approx(seconds, rel=6e-3)


@given(st.floats(1, 1e11))
def test_a_bandwidth_shown_and_read_again_is_the_same(rate):
    assert units.parse_bandwidth(units.format_bandwidth(rate)) == pytest.approx(rate, rel=6e-3)


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        (units.format_size(0), "0 B"),
        (units.format_size(4718592), "4.5 MB"),
        (units.format_size(1023), "1,023 B"),
        (units.format_size(1024), "1 KB"),
        (units.format_time(0.25), "250 ms"),
        (units.format_time(120), "2 min"),
        (units.format_time(86400), "1 day"),
        (units.format_time(604800), "7 days"),
        (units.format_usd(0), "$0.00"),
        (units.format_usd(1234.4), "$1,234"),
        (units.format_usd(12.345), "$12.35"),
        (units.format_usd(0.0042), "$0.0042"),
        (units.format_number(3e6), "3 million"),
        (units.format_number(12500), "12,500"),
        (units.format_share(0), "0"),
        (units.format_share(1), "100 %"),
        (units.format_share(1e-7), "1 in 10 million"),
        (units.format_quantity(6291556, "bytes"), "6 MB"),
        (units.format_quantity(29, "seconds"), "29 s"),
        (units.format_quantity(40, "requests/s"), "40 requests/s"),
    ],
)
def test_numbers_for_people(shown, text):
    assert shown == text
