"""What is typed becomes the workload: every field, in the units that people say; a mistake is one line."""

import pytest

import explorer as ex
from explorer.errors import ExplorerError
from explorer.views.app.controls import CONTROLS, DIALS, NONE, workload_with
from explorer.views.app.drawer import ENTRIES, TOTAL, search_words
from explorer.views.app.field_text import quantiles_as_text, quantiles_of_text
from explorer.views.app.history import State
from explorer.views.app.screen_state import drawer_message, texts_of, workload_differences
from explorer.workload.fields import FIELDS
from explorer.workload.kinds import SIZE
from explorer.workload.spoken_numbers import spoken_number

DIAL = {dial.field: dial for dial in DIALS}


@pytest.fixture(scope="module")
def w() -> ex.Workload:
    return ex.Workload.load("statements")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("3.14 million", 3_140_000), ("3.14M", 3_140_000), ("2k", 2000), ("1.5 bn", 1.5e9),
        ("3,140,000", 3.14e6),
        ("3_000_000", 3e6), ("80 %", 0.8), ("99.9%", 0.999), ("$12.50", 12.5), ("22.5 × median", 22.5),
        ("4x", 4), ("0", 0),
    ],
)  # fmt: skip
def test_a_number_is_read_as_people_say_it(text, number):
    assert spoken_number(text) == pytest.approx(number, rel=1e-12)


@pytest.mark.parametrize(
    ("text", "unit", "number"),
    [
        ("3 million a month", "requests/month", 3e6), ("17 a second", "requests/s", 17),
        ("5 rps", "requests/s", 5), ("12 USD a month", "USD/month", 12),
        ("17 a second", "requests/month", None), ("5 rps", "USD/month", None),
        ("1000 a day", "requests/month", None), ("3 million a month", "requests/s", None),
        ("12 a month", "", None),
    ],
)  # fmt: skip
def test_a_rate_is_read_in_the_period_of_its_field_alone(text, unit, number):
    assert spoken_number(text, unit) == number


@pytest.mark.parametrize("text", ["", "many", "3 bananas", "-3", "1,2,3", "million", "3 million bananas"])
def test_what_is_no_number_is_none(text):
    assert spoken_number(text) is None


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("response", "2.7 MB", 2.7 * 1024**2), ("response.p99", "9 MB", 9 * 1024**2 / (400 * 1024)),
        ("response.p99", "22.5 ×", 22.5), ("runtime", "250 ms", 0.25), ("client.waits", "1.5 min", 90),
        ("runtime.memory", "2 GB", 2048), ("runtime.memory", "any", NONE),
        ("targets.latency_p95", "none", NONE),
        ("runtime.cpu", "80 %", 0.8), ("preferences.part_usd", "$12", 12),
        ("configuration", "12 KB", 12 * 1024),
        ("requests_per_month", "3.14 million", 3.14e6), ("downstream.concurrency", "any", NONE),
    ],
)  # fmt: skip
def test_a_slider_takes_what_is_typed(w, field, text, value):
    assert DIAL[field].value_of_text(text, w) == pytest.approx(value)


@pytest.mark.parametrize(
    ("field", "text", "expected"),
    [
        ("response", "9 MBB", "Response, median is \"9 MBB\": expected a size"),
        ("requests_per_month", "10 a second", "\"10 a second\": expected 1 to 10 trillion requests a month"),
        ("requests_per_month", "many", "Requests a month is \"many\": expected 1 to 10 trillion"),
        ("runtime.memory", "64 MB", "128 MB to 120 GB"), ("runtime.cpu", "120 %", "0.001 to 1"),
        ("response.p99", "1 KB", "at least the median, 400 KB"), ("client.waits", "soon", "250 ms"),
    ],
)  # fmt: skip
def test_a_mistake_names_the_field_and_what_is_accepted(w, field, text, expected):
    with pytest.raises(ExplorerError, match="expected") as caught:
        DIAL[field].value_of_text(text, w)
    assert expected in str(caught.value) and "\n" not in str(caught.value)


def test_every_field_has_a_place_on_the_screen():
    places = {entry.record.path for entry in ENTRIES.values()} | set(CONTROLS)
    leaves = {f.path for f in FIELDS if not f.table or f.is_list or f.is_mapping or f.quantiles}
    assert leaves - places == {TOTAL, "configuration.dotenv"}  # a slider of its table; a file of this machine
    groups = {key for key, *_ in drawer_message()["groups"]}
    assert {entry.group for entry in ENTRIES.values()} <= groups


TYPED = {
    "peak_rps": ("30 a second", 30.0),
    "configuration.entries": ("55", 55.0),
    "configuration.secrets": ("2", 2.0),
    "client.bandwidth": ("100 Mbit/s", 12.5e6),
    "targets.success": ("99.5 %", 0.995),
    "client.headers": ("4 KB", 4096.0),
    "preferences.discount": ("12 %", 0.12),
    "runtime.threads": ("4", 4.0),
    "network.per_request": ("2 MB", 2 * 1024.0**2),
}


@pytest.mark.parametrize("key", TYPED)
def test_a_field_without_a_slider_takes_what_is_typed_and_says_it_back(w, key):
    text, value = TYPED[key]
    state = State(w).with_({key: ENTRIES[key].value_of_text(text)})
    inner = state.workload
    for part in key.split("."):
        inner = getattr(inner, part)
    assert inner == pytest.approx(value)
    again = ENTRIES[key].value_of_text(texts_of(state.workload)[key])
    assert again == pytest.approx(value)


def test_an_empty_field_is_not_given(w):
    state = State(w).with_({"client.bandwidth": None, "configuration.secrets": None})
    assert not state.workload.is_given("client.bandwidth") and state.workload.client.bandwidth == 2.5e6
    assert state.workload.configuration.secrets == 0 and texts_of(state.workload)["client.bandwidth"] == ""


def test_all_quantiles_are_typed_at_once_and_the_sliders_go_on_from_there(w):
    state = State(w).with_({"response": 5e6, "response.p99": 3.0})
    state = state.with_({"response.quantiles": "p50 40 KB, p99 2 MB, max 5 MB"})
    spread = state.workload.response.spread
    assert (spread.median, spread.quantile(0.99)) == pytest.approx((40 * 1024, 2 * 1024**2))
    assert state.workload.response.binary  # what else the file says of it stays
    assert texts_of(state.workload)["response.quantiles"] == "p50 40 KB, p99 2 MB, max 5 MB"
    later = state.with_({"response": 80 * 1024.0}).workload.response.spread
    assert later.quantile(0.99) == pytest.approx(4 * 1024**2)


def test_quantiles_that_are_none_are_one_line():
    with pytest.raises(ExplorerError, match='expected one value, or quantiles such as "p50 40 KB, p99 2 MB"'):
        quantiles_of_text("Response", "p50 40 KB, often 2 MB")


def test_tables_are_typed_as_the_file_has_them(w):
    state = State(w).with_(
        {"account": '"lambda.concurrency" = 5000', "runtime.tuned": '[{memory = "512 MB", value = "4 s"}]'}
    )
    assert state.workload.account == {"lambda.concurrency": 5000}
    assert state.workload.runtime.tuned[0].memory == 512
    assert texts_of(state.workload)["account"] == '"lambda.concurrency" = 5000'
    assert state.with_({"account": None}).workload.account == {}
    with pytest.raises(ExplorerError, match="is not TOML"):
        ENTRIES["account"].value_of_text("lambda = = 3")


def test_a_choice_that_is_none_is_refused(w):
    assert ENTRIES["client.needs"].check_choice(["waf"]) == ("waf",)
    assert ENTRIES["client.auth"].check_choice("") is None
    for value in (["wafs"], "waf", 3):
        with pytest.raises(ExplorerError, match="expected one of"):
            ENTRIES["client.auth"].check_choice(value)
    state = State(w).with_({"client.needs": ("waf",), "current.door": "alb"})
    assert state.workload.client.needs == ("waf",) and state.workload.current.door == "alb"


def test_a_peak_that_was_typed_grows_with_its_mean(w):
    state = State(w).with_({"peak_rps": 30.0}).with_({"requests_per_month": 6e6})
    assert state.workload.peak_rps == pytest.approx(60)


def test_any_memory_is_the_last_stop_of_its_slider(w):
    any_memory = workload_with(w, {"runtime.memory": NONE})
    assert any_memory.runtime.memory == "any" and DIAL["runtime.memory"].read(any_memory) == NONE
    assert DIAL["runtime.memory"].wording(NONE) == "any"


def test_what_was_typed_stands_among_the_differences(w):
    other = State(w).with_({"client.needs": ("waf",), "client.headers": 4096.0}).workload
    text = workload_differences(other, w)
    assert "Needs of the door none → <b>waf</b>" in text and "not given → <b>4 KB</b>" in text


@pytest.mark.parametrize(
    ("field", "text", "value", "words"),
    [
        ("response", "500", 500 * 1024, "500 was read as 500 KB."),  # it shows 400 KB
        ("client.waits", "30", 30, "30 was read as 30 s."),
        ("runtime.memory", "2048", 2048, "2048 was read as 2 GB."),
        ("response.kept", "3", 3 * 86400, "3 was read as 3 days."),  # empty: its default is 1 day
        ("client.headers", "500", 500, "500 was read as 500 B."),  # empty, and without a default
        ("configuration", "0", 0, ""), ("response", "2 MB", 2 * 1024**2, ""),
        ("requests_per_month", "4", 4, ""), ("response.p99", "9", 9, ""),  # a count and a ratio have no unit
    ],
)  # fmt: skip
def test_a_number_without_a_unit_has_the_unit_that_its_field_shows(w, field, text, value, words):
    screen = ex.explore(w)
    control = DIAL.get(field) or ENTRIES[field]
    whole = control.text_with_unit(text, w)
    read = control.value_of_text(whole, w) if field in DIAL else control.value_of_text(whole)
    assert read == pytest.approx(value) and screen._type(field, text) == words


@pytest.mark.parametrize(("text", "part"), [("p50 40, p99 900 KB", "p50 40 has"), ("40", "40 has")])
def test_a_quantile_without_a_unit_is_asked_for_it(text, part):
    with pytest.raises(ExplorerError, match=f"{part} no unit: expected one, such as"):
        ENTRIES["response.quantiles"].value_of_text(text)
    assert ENTRIES["response.quantiles"].value_of_text("p50 0, p99 3 KB")


def test_a_language_is_chosen_and_another_one_is_corrected():
    language = ENTRIES["runtime.language"]
    assert language.shape == "menu" and {"python3.13", "nodejs24.x", "rust"} <= set(language.options)
    assert language.check_choice("python3.99") == "python3.99"  # newer than the list
    with pytest.raises(ExplorerError) as caught:
        language.check_choice("Python 3.13")
    assert 'did you mean "python3.13"?' in str(caught.value) and len(str(caught.value)) < 150


@pytest.mark.parametrize(
    ("word", "path"),
    [
        ("region", "region"), ("polling", "client.polls"), ("timeout", "client.waits"), ("rps", "peak_rps"),
        ("cold start", "runtime.init"), ("slo", "targets.latency_p95"), ("gzip", "response.compression"),
        ("ram", "runtime.memory"), ("webhook", "client.receives_callbacks"), ("cdn", "response.cacheable"),
        ("nat", "network.internet"), ("graviton", "runtime.architecture"), ("cookies", "client.headers"),
    ],
)  # fmt: skip
def test_a_field_is_found_by_the_words_of_its_users(word, path):
    record = next(f for f in FIELDS if f.path == path)
    assert word in search_words(record)


def test_every_field_with_a_place_on_the_screen_states_synonyms_or_is_a_plain_name():
    alone = {f.path for f in FIELDS if f.section in ("current", "decision")} | {"times"}
    missing = {e.record.path for e in ENTRIES.values() if not e.record.synonyms} - alone
    assert missing | {path for path, record in CONTROLS.items() if not record.synonyms} == set()


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ({"p50": 2097152, "p99": 11811160.064000005}, "p50 2 MB, p99 11.264 MB"),  # 11.264 x 1024 x 1024
        ({"p50": "1 KB", "p99": 1536.5}, "p50 1 KB, p99 1.50048828 KB"),
        ({"p50": 1.25, "p99": 100.125}, "p50 1.25 B, p99 100.125 bytes"),
    ],
)
def test_a_size_with_many_digits_is_shown_in_a_unit_that_people_say(content, text):
    assert quantiles_as_text(SIZE, content) == text


def test_what_a_field_says_of_itself_is_plain_and_said_once():
    drawer = drawer_message()
    of_group = {key: hint.rstrip(".") for key, _, hint in drawer["groups"]}
    for field in drawer["fields"]:
        assert "`" not in field["hint"] and field["hint"] != of_group[field["group"]], field["field"]
    assert (
        of_group["times"]
        == "Times that were measured, in place of those in data/times.csv, by their ids there"
    )
    hints = {field["field"]: field["hint"] for field in drawer["fields"]}
    assert hints["response.quantiles"].endswith("the sliders set the median and the p99")
