"""The JSON Schema that travels with the package: it is what the fields state, and agrees with the reader."""

import json
import tomllib

import jsonschema
import pytest

from explorer.errors import WorkloadError
from explorer.facts import locations
from explorer.workload.schema import json_schema
from explorer.workload.workload import Workload, examples

LEAST = {"requests_per_month": 1e6, "response": "2 MB", "runtime": "120 ms"}


@pytest.fixture(scope="module")
def schema():
    return jsonschema.Draft7Validator(json.loads(locations.schema_file().read_text(encoding="utf-8")))


def test_the_stored_schema_is_what_the_fields_state(schema):
    assert schema.schema == json_schema(), "run scripts/schema.py"
    jsonschema.Draft7Validator.check_schema(schema.schema)


@pytest.mark.parametrize("path", examples().values(), ids=lambda path: path.stem)
def test_the_examples_are_valid(schema, path):
    schema.validate(tomllib.loads(path.read_text(encoding="utf-8")))


GOOD = [
    {"response": {"p50": "1 KB", "p99.9": "9 kib", "max": 9e6, "binary": True}},
    {"response": tomllib.loads('p50 = "1 KB"\np99.9 = "2 KB"')},  # a bare key
    {"response": {"samples": [1, 2.5]}},
    {"request": {"binary": True}},  # its size has a default; that of a response has none, see BAD
    {"runtime": {"value": "2 min", "memory": "2 GB", "architecture": "x86_64"}},
    {"runtime": {"p50": "1 s", "memory": 512, "init": {"p50": "300 ms", "p99": "2 s"}, "network": "1 Gbps"}},
    {"configuration": "12 KB"},
    {"configuration": {"total": 1024, "entries": 3, "largest": "500 B", "secrets": 1, "rotation": True}},
    {"client": {"waits": "7 days", "bandwidth": "2.5 MB/s", "auth": "jwt", "needs": ["waf", "private"]}},
    {"client": {"bandwidth": "20 Mb/s"}},
    {"targets": {"success": 0.5, "latency_p95": 3}, "preferences": {"part_usd": 0, "month_hours": 744}},
    {"region": "eu-west-1", "peak_rps": 6, "current": {"door": "rest-api"}},
    {"times": {"exchange.rtt": {"p50": "1 ms", "p99": "9 ms"}}},
]


@pytest.mark.parametrize("fields", GOOD, ids=str)
def test_what_the_reader_takes_is_valid(schema, fields):
    workload_fields = {**LEAST, **fields}
    Workload(**workload_fields)
    schema.validate(workload_fields)


BAD = [
    ({"respons": "1 KB"}, "respons"),
    ({"requests_per_month": 0}, "requests_per_month"),
    ({"requests_per_month": "many"}, "requests_per_month"),
    ({"response": "9 MBB"}, "response"),
    ({"response": "-3 KB"}, "response"),
    ({"response": {"binary": True}}, "response"),
    ({"response": {"compression": 0.5, "cacheable": 0.1}}, "response"),
    ({"runtime": {"memory": 512}}, "runtime"),
    ({"response": {"p50": "1 KB", "binary": "yes"}}, "response"),
    ({"response": {"p50": "1 KB", "compresion": 0.5}}, "response"),
    ({"response": {"p50": "1 KB", "compression": 1.01}}, "response"),
    ({"runtime": "4 S"}, "runtime"),
    ({"runtime": {"p50": "1 s", "architecture": "arm"}}, "runtime"),
    ({"runtime": {"p50": "1 s", "memory": 127}}, "runtime"),
    ({"configuration": True}, "configuration"),
    ({"configuration": {"secrets": -1}}, "configuration"),
    ({"client": {"auth": "basic"}}, "client"),
    ({"client": {"needs": "waf"}}, "client"),
    ({"client": {"needs": ["wafs"]}}, "client"),
    ({"client": {"bandwidth": "20 MBps"}}, "client"),
    ({"targets": {"success": 0.49}}, "targets"),
    ({"preferences": {"discount": 1}}, "preferences"),
    ({"current": {"door": 1}}, "current"),
    ({"region": "mars"}, "region"),
]


@pytest.mark.parametrize(("fields", "where"), BAD, ids=str)
def test_what_is_wrong_is_refused_where_it_stands(schema, fields, where):
    workload_fields = {**LEAST, **fields}
    with pytest.raises(WorkloadError, match=where):
        Workload(**workload_fields)
    errors = list(schema.iter_errors(workload_fields))
    assert errors and all(where in error.path or where in error.message for error in errors)


@pytest.mark.parametrize("field", LEAST)
def test_what_has_no_default_is_required(schema, field):
    (error,) = schema.iter_errors({name: value for name, value in LEAST.items() if name != field})
    assert error.validator == "required" and field in error.message
