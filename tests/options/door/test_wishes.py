"""What clients wish for is built: its parts and its money. Headers of a request, where they are given."""

import pytest

import explorer as ex
from explorer.engine.designs import Design
from explorer.options.base.conditions import Conditions
from explorer.workload.workload import Workload

MB = 1024**2
PLAIN = {
    "edge": "none",
    "door": "rest-api",
    "request": "inline",
    "response": "buffered",
    "compression": "none",
    "execution": "single",
    "initialization": "on-demand",
    "configuration": "environment",
}


def design(**others) -> dict:
    return {**PLAIN, **others}


def workload(**fields) -> Workload:
    least = {"requests_per_month": 5e6, "request": "1 KB", "response": "10 KB", "runtime": "80 ms"}
    return Workload(**{**least, **fields})


def more(needs: list[str], **others) -> set[str]:
    """The parts of a design beside those that it has without the wishes."""
    whole_design = Design(**design(**others))
    parts = whole_design.parts_for(Conditions(workload(client={"needs": needs})))
    return set(parts) - set(whole_design.parts) if len(parts) == len(set(parts)) else {"one stands twice"}


@pytest.mark.parametrize(
    ("others", "needs", "parts"),
    [
        ({}, [], set()),
        ({}, ["throttling"], set()),  # a setting
        ({}, ["waf"], {"web ACL"}),
        ({}, ["custom-domain"], {"domain with certificate"}),
        ({}, ["usage-plans"], {"usage plan with API keys"}),
        ({}, ["private"], {"interface endpoint"}),
        ({}, ["waf", "custom-domain", "usage-plans", "private"],
         {"web ACL", "domain with certificate", "usage plan with API keys", "interface endpoint"}),
        ({"door": "http-api"}, ["custom-domain", "throttling"], {"domain with certificate"}),
        ({"door": "alb"}, ["custom-domain"], set()),  # its HTTPS has one already
        ({"door": "alb"}, ["private"], set()),  # an internal scheme is a setting
        ({"door": "alb"}, ["waf"], {"web ACL"}),
    ],
)  # fmt: skip
def test_a_wish_is_one_part_and_a_setting_is_none(others, needs, parts):
    assert more(needs, **others) == parts


@pytest.mark.parametrize("edge", ["none", "cloudfront"])
def test_a_web_acl_stands_once_a_design(edge):
    whole_design = Design(**design(edge=edge))
    parts = whole_design.parts_for(Conditions(workload(client={"needs": ["waf", "custom-domain"]})))
    assert (parts.count("web ACL"), parts.count("domain with certificate")) == (1, 1)


def test_a_load_balancer_has_three_parts():
    assert len(Design(**design(door="alb")).options[1].parts) == 3


def waf_lines(w: Workload, **others) -> dict[str, float]:
    lines = ex.cost(w, design(**others)).lines
    return {line.id: float(line.usd) for line in lines if line.id.startswith("waf.")}


@pytest.mark.parametrize("edge", ["none", "cloudfront"])
def test_a_web_acl_costs_five_its_three_rules_three_and_a_million_requests_sixty_cents(edge):
    lines = waf_lines(workload(client={"needs": ["waf"]}), edge=edge)
    assert lines == pytest.approx({"waf.web_acl": 5.0, "waf.rule": 3.0, "waf.request": 3.0})
    assert waf_lines(workload(), edge=edge) == {}


def test_in_front_of_a_cache_it_reads_all_requests():
    w = workload(client={"needs": ["waf"]}, response={"value": "10 KB", "cacheable": 0.9})
    assert waf_lines(w, edge="cloudfront")["waf.request"] == pytest.approx(3.0)


def test_it_reads_polls_too():
    # work of 5 s is polled six times
    lines = waf_lines(workload(client={"needs": ["waf"]}, runtime="5 s"), response="stored")
    assert lines["waf.request"] == pytest.approx(7 * 3.0)


def test_a_socket_that_checks_tokens_has_an_authorizer_function():
    w = {"client": {"sockets": True, "auth": "jwt"}}
    pushed = Design(**design(response="pushed", door="http-api"))
    assert "authorizer function" in pushed.parts_for(Conditions(workload(**w)))
    w["client"]["auth"] = "iam"
    assert "authorizer function" not in pushed.parts_for(Conditions(workload(**w)))


def test_an_authorizer_function_is_called_once_a_connection():
    def requests(auth: str) -> float:
        lines = ex.cost(workload(client={"sockets": True, "auth": auth}), design(response="pushed")).lines
        return next(float(line.quantity) for line in lines if line.id == "lambda.request_arm")

    assert requests("jwt") - requests("iam") == pytest.approx(5e6)


# Headers --------------------------------------------------------------------------------------------


HEADERS = [  # door, limit, value
    ("function-url", "lambda.request.headers", MB),
    ("http-api", "apigw.http.headers", 10_240),
    ("rest-api", "apigw.rest.headers", 20_480),
    ("alb", "alb.headers", 65_536),
]


def finding(limit: str, door: str, **fields):
    frame = ex.assess(workload(**fields), design(door=door)).set_index("limit")
    return frame.loc[limit]


@pytest.mark.parametrize(("door", "limit", "most"), HEADERS)
def test_headers_break_one_byte_over(door, limit, most):
    within = finding(limit, door, client={"headers": most})
    assert (within.breach_probability, within.used_p99) == (0, most)
    if most < MB:
        assert finding(limit, door, client={"headers": most + 1}).breach_probability == 1


@pytest.mark.parametrize(("door", "limit", "most"), HEADERS)
def test_headers_that_are_not_given_have_no_limit(door, limit, most):
    assert limit not in set(ex.assess(workload(), design(door=door)).limit)


def test_a_private_api_takes_fewer():
    private = {"needs": ["private"]}
    within = finding("apigw.rest.headers.private", "rest-api", client={"headers": 8000, **private})
    beyond = finding("apigw.rest.headers.private", "rest-api", client={"headers": 8001, **private})
    assert (within.breach_probability, beyond.breach_probability) == (0, 1)


@pytest.mark.parametrize(
    ("door", "headers", "most"),
    [
        # 3 x floor((6,291,456 - envelope) / 4) bytes of binary fit
        ("http-api", None, 4_716_978),  # 2,150 bytes, of which 1,200 are headers
        ("http-api", 1200, 4_716_978),
        ("http-api", 2200, 4_716_228),  # 3,150 bytes: floor of 1,572,076.5
        ("rest-api", None, 4_715_595),  # 3,994 bytes, with the headers twice in it
        ("rest-api", 1200, 4_715_595),
        ("rest-api", 2200, 4_714_095),  # 5,994 bytes: floor of 1,571,365.5
        ("alb", None, 4_717_692),  # 1,200 bytes, of which 850 are headers
        ("alb", 850, 4_717_692),
        ("alb", 1850, 4_716_942),  # 2,200 bytes: 1,572,314
    ],
)
def test_an_event_has_the_headers_as_often_as_its_format_repeats_them(door, headers, most):
    client = {} if headers is None else {"headers": headers}
    for size, chance in ((most, 0), (most + 1, 1)):
        row = finding("lambda.sync.request", door, request={"value": size, "binary": True}, client=client)
        assert row.breach_probability == chance
