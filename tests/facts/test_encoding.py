"""Bytes as AWS counts them, compared with really building what travels."""

import base64
import json
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

import explorer as ex
from explorer.facts import catalogue
from explorer.facts.encoding import Codec, async_requests, environment_total

REQUEST = {"function-url": 2150, "http-api": 2150, "rest-api": 3994, "alb": 1200}
RESPONSE = 102
AWKWARD = ["", "plain", 'a "quote"', "back\\slash", "line\nbreak\ttab", "ü€", "日本語", "😀", "\x00\x1f"]


def event_growth(body: str | None) -> int:
    """Bytes that a body adds to a JSON event, by building the event with and without it."""

    def size(text: str) -> int:
        return len(json.dumps({"body": text}, ensure_ascii=False).encode())

    return size(body or "") - size("")


@pytest.mark.parametrize("door", REQUEST)
def test_the_door_adds_its_own_envelope(door):
    assert ex.encoded_size(b"", door=door) == REQUEST[door]
    assert ex.encoded_size(b"", door=door, direction="response") == RESPONSE


@given(st.binary(max_size=200), st.sampled_from(sorted(REQUEST)))
def test_a_binary_body_is_counted_as_its_base64(body, door):
    base64_bytes = event_growth(base64.b64encode(body).decode())
    assert ex.encoded_size(body, door=door) == base64_bytes + REQUEST[door]
    assert ex.encoded_size(len(body), binary=True, door=door) == base64_bytes + REQUEST[door]


@pytest.mark.parametrize("body", AWKWARD)
def test_a_text_body_is_counted_as_a_json_string(body):
    assert ex.encoded_size(body) == event_growth(body) + REQUEST["http-api"]


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_body_is_counted_as_a_json_string(body):
    assert ex.encoded_size(body) == event_growth(body) + REQUEST["http-api"]


@pytest.mark.parametrize(
    ("language", "size"),
    [("python3.11", 6), ("python3.9", 6), ("python3.12", 2), ("python3.13", 2), ("nodejs22.x", 2)],
)
def test_python_up_to_3_11escapes_non_ascii_text_in_a_response(language, size):
    got = ex.encoded_size("ü", direction="response", language=language)
    assert got == size + RESPONSE


def test_a_request_is_never_escaped_by_the_runtime():
    assert ex.encoded_size("ü", language="python3.11") == 2 + REQUEST["http-api"]


@pytest.mark.parametrize("body", [1, 2, 3, 4, 5_000_000])
def test_five_million_bytes_of_binary(body):
    assert ex.encoded_size(body, binary=True) == 4 * ceil(body / 3) + 2150


def test_text_given_as_a_number_grows_by_the_measured_escapes():
    assert ex.encoded_size(1000) == 1080 + 2150


@pytest.mark.parametrize(
    ("door", "direction", "limit", "fits"),
    [  # 3 x floor((limit - envelope) / 4): the largest body whose base64 has room
        ("http-api", "request", 6291456, 4_716_978),
        ("function-url", "request", 6291456, 4_716_978),
        ("rest-api", "request", 6291456, 4_715_595),
        ("alb", "request", 6291456, 4_717_692),
        ("http-api", "response", 6291556, 4_718_589),
        ("alb", "response", 1048576, 786_354),
    ],
)
def test_the_largest_binary_body_that_fits_and_one_byte_more(door, direction, limit, fits):
    assert ex.encoded_size(fits, True, door, direction) <= limit
    assert ex.encoded_size(fits + 1, True, door, direction) > limit


@given(st.booleans(), st.floats(0.01, 1.2), st.integers(0, 4000), st.integers(4000, 7_000_000))
def test_what_a_codec_has_room_for_fits_and_more_does_not(binary, factor, envelope, limit):
    codec = Codec(binary, factor, envelope)
    room = codec.room(limit)
    assert codec.size(room) <= limit
    assert codec.size(room + 3 / factor + 1) > limit


@pytest.mark.parametrize(
    "arguments", [{"door": "gateway"}, {"direction": "up"}, {"body": -1}, {"body": float("nan")}]
)
def test_unknown_doors_directions_and_sizes_are_refused(arguments):
    with pytest.raises(ex.ExplorerError, match="expected"):
        ex.encoded_size(**{"body": 1, **arguments})


def compact(variables: dict[str, str]) -> int:
    return len(json.dumps(variables, separators=(",", ":"), ensure_ascii=False).encode())


@pytest.mark.parametrize("value", AWKWARD)
def test_an_environment_is_counted_as_its_compact_json(value):
    variables = {"KEY": value, "OTHER": "x"}
    assert ex.environment_size(variables) == compact(variables)


@given(st.dictionaries(st.text("ABC_", min_size=1), st.text('aé"\\\n€')))
def test_any_environment_is_counted_as_its_compact_json(variables):
    assert ex.environment_size(variables) == compact(variables)


@pytest.mark.parametrize(("length", "size"), [(4086, 4096), (4087, 4097)])
def test_an_environment_at_the_limit_and_one_byte_over(length, size):
    variables = {"KEY": "x" * length}  # {"KEY":"..."} is 10 bytes around the value
    assert ex.environment_size(variables) == size
    assert (size <= catalogue.limit("lambda.env").value) == (length == 4086)


@given(st.dictionaries(st.text("ABC", min_size=1), st.text("xyz"), min_size=1))
def test_an_environment_costs_six_bytes_a_variable_and_one(variables):
    total = sum(len(name) + len(value) for name, value in variables.items())
    assert ex.environment_size(variables) == environment_total(total, len(variables))


def test_no_variables_take_no_room():
    assert environment_total(0, 0) == 0


@pytest.mark.parametrize("variables", [{"KEY": 5}, {"KEY": None}, {5: "x"}])
def test_an_environment_of_anything_but_text_is_refused(variables):
    with pytest.raises(ex.ExplorerError, match="expected text"):
        ex.environment_size(variables)


@pytest.mark.parametrize("variables", [None, [("A", "b")]])
def test_an_environment_is_names_with_their_values(variables):
    with pytest.raises(ex.ExplorerError, match="expected names with their values"):
        ex.environment_size(variables)
    with pytest.raises(ex.ExplorerError, match="expected quantities by price id"):
        ex.bill(variables)


def test_a_refused_environment_does_not_show_its_value():
    with pytest.raises(ex.ExplorerError) as error:
        ex.environment_size({"TOKEN": b"hunter2"})
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize(
    ("kilobytes", "requests"),
    [(0, 1), (256, 1), (256 + 1 / 1024, 2), (300, 2), (320, 2), (320 + 1 / 1024, 3), (1024, 13)],
)
def test_requests_billed_for_an_asynchronous_event(kilobytes, requests):
    assert async_requests(kilobytes * 1024, 262144, 65536) == requests
