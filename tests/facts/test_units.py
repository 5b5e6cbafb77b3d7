"""Sizes, times and rates are read as people write them and shown as people say them."""

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.errors import ExplorerError
from explorer.facts import units


@pytest.mark.parametrize(
    ("text", "size_bytes"),
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
def test_sizes(text, size_bytes):
    assert units.parse_size(text) == size_bytes


@pytest.mark.parametrize(
    ("text", "seconds"),
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
def test_times(text, seconds):
    assert units.parse_time(text) == pytest.approx(seconds, rel=1e-15)


@pytest.mark.parametrize(
    ("text", "bytes_per_s"),
    [
        ("20 Mbit/s", 2_500_000),
        ("8 kbit/s", 1000),
        ("1 Gbit/s", 125_000_000),
        ("2 MB/s", 2 * 1024**2),
        (2_500_000, 2_500_000),
    ],
)
def test_bandwidths_are_decimal_in_bits_and_binary_in_bytes(text, bytes_per_s):
    assert units.parse_bandwidth(text) == bytes_per_s


@pytest.mark.parametrize("parse", [units.parse_size, units.parse_time, units.parse_bandwidth])
@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "MB", "9 MBB", "-1", "1e999", "nan", "inf", "1 2", "1..2 s", "0x10", "٣", "1,5 MB", "1,5"),
        *(-1, float("nan"), float("inf"), pytest.param(10**400, id="10^400"), True, None, [], {}),
    ],
)
def test_what_is_no_quantity_is_refused_with_what_is_accepted(parse, text):
    with pytest.raises(ExplorerError, match="expected a "):
        parse(text)


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
    ("actual", "text"),
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
def test_numbers_for_people(actual, text):
    assert actual == text


@pytest.mark.parametrize(
    ("usd", "cents", "signed_cents", "signed", "difference", "a_month"),
    [
        (0.0, "0.00", "+0.00", "+$0.00", "as much", "nothing"),
        (0.004, "under 0.01", "+0.00", "+$0.004", "as much", "less than a cent"),
        (0.005, "0.01", "+0.01", "+$0.005", "as much", "less than a cent"),
        (0.01, "0.01", "+0.01", "+$0.01", "$0.01 a month more", "$0.01 a month"),
        (1234.565, "1,234.57", "+1,234.57", "+$1,235", "$1,230 a month more", "$1,235 a month"),
        (-5.0, "-5.00", "−5.00", "-$5.00", "$5 a month less", "$-5.00 a month"),
        (6.345, "6.35", "+6.35", "+$6.35", "$6.35 a month more", "$6.35 a month"),
    ],
)  # fmt: skip
def test_money_in_a_table_and_in_a_sentence(usd, cents, signed_cents, signed, difference, a_month):
    assert units.format_cents(usd) == cents
    assert units.format_signed_cents(usd) == signed_cents
    assert units.format_signed_usd(usd) == signed
    assert units.format_usd_difference(usd) == difference
    assert units.format_usd_a_month(usd) == a_month


@pytest.mark.parametrize(
    ("usd", "price"), [(0, "$0"), (2e-7, "$0.2 per million"), (0.00999, "$9990 per million"), (0.01, "$0.01")]
)
def test_the_price_of_one_is_that_of_a_million_where_it_is_small(usd, price):
    assert units.format_unit_price(usd) == price


@pytest.mark.parametrize(
    ("count", "words", "with_no"),
    [(0, "0 parts", "no parts"), (1, "1 part", "1 part"), (1200, "1,200 parts", "1,200 parts")],
)
def test_one_thing_and_several(count, words, with_no):
    assert units.format_count(count, "part") == words
    assert units.format_count(count, "part", "no") == with_no


@pytest.mark.parametrize(
    ("quantity", "text"),
    [
        ("3", "3"),
        ("2.5", "2.50"),
        ("0.0042", "0.0042"),
        ("999999.5", "999,999.50"),
        ("1000000.4", "1,000,000"),
    ],
)
def test_a_billed_quantity_can_be_checked_by_hand(quantity, text):
    assert units.format_billed_quantity(Decimal(quantity)) == text


def test_a_billed_unit_and_how_it_is_counted():
    assert units.split_unit("requests (64 KB each)") == ("requests", "64 KB each")
    assert units.split_unit("GB") == ("GB", "")


@pytest.mark.parametrize(
    ("value", "unit", "plain", "at_length", "as_listed", "bare"),
    [
        (6291456, "bytes", "6 MB", "6 MB", "6 MB", "6 MB"),
        (30, "seconds", "30 s", "30 s", "30 s", "30 s"),
        (10240, "MB", "10,240 MB", "10,240 MB", "10,240 MB", "10,240"),
        (512, "GB", "512 GB", "512 GB", "512 GB", "512"),
        (1, "requests", "1 request", "1 request", "1 requests", "1"),
    ],
)
def test_a_quantity_in_four_lengths(value, unit, plain, at_length, as_listed, bare):
    assert units.format_quantity(value, unit) == plain
    assert units.format_quantity_at_length(value, unit) == at_length
    assert units.format_quantity_as_listed(value, unit) == as_listed
    assert units.format_bare_quantity(value, unit) == bare


def test_a_quantity_without_end():
    assert units.format_quantity_at_length(math.inf, "bytes") == "without end"
    assert units.format_quantity_as_listed(math.inf, "bytes") == "endless"
    assert units.format_bare_quantity(math.inf, "layers") == "endless"


@pytest.mark.parametrize(
    ("factor", "multiple", "in_few_letters"),
    [
        (3, "3 times", "3 ×"),
        (1, "1 times", "today's"),
        (1.004, "1 times", "1.004 ×"),
        (1.01, "1.01 times", "1.01 ×"),
        (1.02, "1.02 times", "1.02 ×"),
        (0.9996, "1 times", "1/1.0004"),
        (0.5, "0.5 times", "1/2"),
        (0.095, "0.095 times", "1/10.5"),
        (0.09, "1/11.1 of", "1/11.1"),
    ],
)
def test_times_of_today(factor, multiple, in_few_letters):
    assert units.format_multiple(factor) == multiple
    assert units.format_factor(factor) == in_few_letters


@pytest.mark.parametrize(
    ("chance", "words", "briefly"),
    [
        (0.0, "never", ""),
        (9.9e-10, "never", ""),
        (1e-9, "1 in 1 billion", "< 0.001 %"),
        (1e-5, "0.001 %", "0.001 %"),
        (0.9994, "99.9 %", "99.9 %"),
        (0.9995, "100 %", "100 %"),
        (0.99995, "nearly all", "100 %"),
    ],
)
def test_a_chance_is_never_below_one_in_a_billion(chance, words, briefly):
    assert units.format_chance(chance) == words
    assert units.format_chance_briefly(chance) == briefly


@pytest.mark.parametrize(("share", "text"), [(0, "none"), (1, "all"), (0.25, "25 %")])
def test_a_part_of_several_things(share, text):
    assert units.format_part(share) == text


def test_a_share_that_was_chosen_is_exact():
    assert units.format_percent(0.99999) == "99.999 %"


@pytest.mark.parametrize(
    ("share", "text", "label"),
    [
        (0.0, "0 %", "under 1 %"),
        (0.009, "under 1 %", "under 1 %"),
        (0.01, "1 %", "1 %"),
        (1.99, "199 %", "199 %"),
        (2.0, "2 times", "2 times"),
        (12345.0, "12,300 times", "over 10,000 times"),
        (math.inf, "without end", "over 10,000 times"),
    ],
)
def test_a_rough_share_becomes_times_from_two_on(share, text, label):
    assert units.format_rough_share(share) == text
    assert units.label_rough_share(share) == label
