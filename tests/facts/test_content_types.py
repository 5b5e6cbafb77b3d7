"""Which bodies arrive as base64 at which door, and what that makes of their size."""

import pytest

import explorer as ex
from explorer.errors import ExplorerError
from explorer.facts.content_types import arrives_as_base64

TEXT = ["application/json", "application/json; charset=utf-8", "TEXT/HTML", "text/csv", "application/xml"]
BINARY = ["application/pdf", "image/png", "application/x-www-form-urlencoded", "application/ld+json", ""]


@pytest.mark.parametrize("door", ["http-api", "function-url", "alb"])
@pytest.mark.parametrize("content_type", TEXT + BINARY)
def test_text_arrives_as_text_and_all_else_as_base64(door, content_type):
    assert arrives_as_base64(door, content_type) == (content_type in BINARY)


@pytest.mark.parametrize(("door", "as_base64"), [("alb", True), ("http-api", False), ("function-url", False)])
def test_a_load_balancer_takes_whatever_has_a_content_encoding_for_binary(door, as_base64):
    assert arrives_as_base64(door, "application/json", "gzip") == as_base64
    assert arrives_as_base64(door, "application/json", "identity") is False


@pytest.mark.parametrize(
    ("media_types", "content_type", "as_base64"),
    [
        ([], "image/png", False),  # spoilt, not refused
        (["image/*"], "image/png", True),
        (["image/*"], "application/json", False),
        (["application/pdf"], "Application/PDF; x=y", True),
        (["*/*"], "application/json", True),
        (["*/*"], "", True),
        (["image/*"], "", False),
    ],
)
def test_a_rest_api_goes_by_its_own_list(media_types, content_type, as_base64):
    assert arrives_as_base64("rest-api", content_type, media_types=media_types) == as_base64


def test_of_a_door_without_a_row_nothing_is_said():
    assert arrives_as_base64("made-up", "image/png") is None


def test_the_size_goes_by_the_content_type():
    # 900 bytes: 1,200 as base64; as text 8 % more, 972; the envelope is 2,150 bytes
    assert ex.encoded_size(900, content_type="application/pdf") == 3350
    assert ex.encoded_size(900, content_type="application/json") == 3122
    assert ex.encoded_size(b"[1]", content_type="application/json") == 2153
    assert ex.encoded_size(b"[1]", content_type="application/pdf") == 2154
    assert ex.encoded_size(b"[1]") == 2154
    assert ex.encoded_size("[1]", content_type="application/pdf") == 2154


def test_at_a_rest_api_the_size_goes_by_what_its_list_makes_of_it():
    assert ex.encoded_size(900, content_type="image/png", door="rest-api") == 972 + 3994
    assert ex.encoded_size(900, binary=True, content_type="image/png", door="rest-api") == 1200 + 3994


def test_a_response_says_itself_whether_it_is_base64():
    with pytest.raises(ExplorerError, match="content_type"):
        ex.encoded_size(900, direction="response", content_type="image/png")
