"""Words designs, limits and reasons for commands, summaries, reports, pictures and the app.

Each phrase is made only here. Where a summary, a document and a screen need different wordings, the functions
are next to each other: `..._at_length` is for documents, `..._briefly` for narrow space.

In the examples, whose output may be broken into lines, `finding` is about the 30 s timeout of an HTTP API:
the p99 needs 40 s, and 2 % of a million requests break the limit. `limit` and `promise` are reasons, and
`design` is a design behind that door.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from explorer.facts import catalogue
from explorer.facts.key_value import format_pairs
from explorer.facts.suggestions import both, either
from explorer.facts.units import (
    SIZES,
    Money,
    format_bare_quantity,
    format_number,
    format_quantity,
    format_quantity_at_length,
    format_rough_share,
    format_rough_usd,
    format_share,
    format_time,
    format_times_apart,
    format_usd_difference,
)
from explorer.options.base.option import ARTICLE
from explorer.options.base.request_path import Behind, BodyOut
from explorer.workload.fields import NEEDS as EVERY_NEED
from explorer.workload.fields import by_path

if TYPE_CHECKING:
    from explorer.engine.designs import Design
    from explorer.engine.limits import Finding
    from explorer.facts.records import Limit
    from explorer.options.base.option import Option

    from .rejections import Change, ClashRule, Rejection

    Choices = Mapping[str, str] | Design  # the option id of each concern

MOST_NAMES, MOST_LABELS = 3, 2  # options that a sentence names of each kind, and a label
SEVERAL = "several together"  # options that are ruled out only in combination
ALL = 0.9995  # share of the requests above which a phrase says "all" or "nearly all"
PATTERN = ("response", "door")  # concerns whose options name the pattern
KINDS_OF_WORK = ("execution", "configuration")  # concerns whose plain option needs a name of its own
CHANGE_KINDS = ("added", "removed")
PLURALS = {"is": "are", "does": "do", "has": "have"}
NEEDS = {  # the words for what a client may need of a door
    "custom-domain": "custom domain",
    "waf": "WAF",
    "usage-plans": "usage plans",
    "private": "private access",
}
ABILITIES = {**NEEDS, "iam": "IAM", "jwt": "JWT"}  # and for authorisation, by id


def sentence(text: str, end: str = ".") -> str:
    """`text` with a capital first letter, and with `end` unless it already has an end.

    >>> sentence("the p95 takes 4 s")
    'The p95 takes 4 s.'
    >>> sentence("endless", "")
    'Endless'
    """
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "`")) else end)


def markdown_for_notebooks(text: str) -> str:
    r"""Markdown in which no "$" begins a formula.

    Notebooks read the text between two of them as a formula: some in the Markdown, where a backslash prevents
    it, JupyterLab also in the page made of it, where an element of its own does.

    >>> print(markdown_for_notebooks("from $1 to `$2`"))
    from <span>\$</span>1 to `$2`
    """
    return re.sub(
        r"(`+).+?\1|\$",
        lambda part: r"<span>\$</span>" if part[0] == "$" else part[0],
        text,
        flags=re.DOTALL,
    )


# Designs ------------------------------------------------------------------------------------------


def _ids(choices: Choices) -> Mapping[str, str]:
    return choices if isinstance(choices, Mapping) else choices.ids


def option_in_words(concern: str, option_id: str) -> str:
    """An option in common words; the plain one of a concern by its summary.

    >>> option_in_words("door", "http-api"), option_in_words("execution", "single")
    ('an HTTP API', 'a single Lambda invocation')
    """
    from explorer.engine.designs import OPTIONS

    return OPTIONS[concern][option_id].words


def option_name(concern: str, option_id: str) -> str:
    """An option for a list, a picture or a table, without an article.

    >>> option_name("door", "http-api"), option_name("response", "stored")
    ('HTTP API', 'asynchronous')
    """
    from explorer.engine.designs import OPTIONS

    return OPTIONS[concern][option_id].name


def name_design(choices: Choices) -> str:
    """A design, or some of its choices, as a title; plain options are left out.

    >>> name_design({"edge": "none", "door": "http-api", "response": "stored", "compression": "gzip"})
    'asynchronous endpoint behind an HTTP API, with gzipped results'
    >>> name_design({"door": "http-api", "execution": "single"})
    'behind an HTTP API'
    """
    ids = _ids(choices)
    pattern = [ARTICLE.sub("", option_in_words("response", ids["response"]))] if "response" in ids else []
    pattern += [f"behind {option_in_words('door', ids['door'])}"] if "door" in ids else []
    others = [
        option_in_words(concern, option)
        for concern, option in ids.items()
        if concern not in PATTERN and not _is_plain(concern, option)
    ]
    with_others = [f"with {both(others)}"] if others else []
    return ", ".join([" ".join(pattern), *with_others] if pattern else with_others)


def pattern_name(design: Design) -> str:
    """The kind of endpoint and the door of a design, in common words.

    >>> pattern_name(design)
    'an asynchronous endpoint behind an HTTP API'
    """
    return f"{endpoint_name(design)} behind {_phrase_of(design, 'door')}"


def title_design(design: Design, has_secrets: bool = False) -> str:
    """A design as a title: what serves behind which door, then the other options that are not plain.

    A container service that answers at once is named as such, and configuration with secrets by them.

    >>> title_design(design)
    'asynchronous endpoint behind an HTTP API, with configuration in a bundled file'
    >>> from explorer.engine.designs import Design
    >>> service = Design(**{**design.ids, "door": "alb", "response": "buffered", "execution": "service"})
    >>> title_design(service)
    'always-on container service behind a load balancer, with configuration in a bundled file'
    >>> title_design(Design(**{**design.ids, "configuration": "secrets-manager"}), has_secrets=True)
    'asynchronous endpoint behind an HTTP API, with secrets in Secrets Manager'
    """
    leading = ["response"]
    if design.flow.behind is Behind.CONTAINER and design.flow.body_out is BodyOut.WHOLE:
        leading.append("execution")
    serves = ARTICLE.sub("", _phrase_of(design, leading[-1]))
    others = {o.concern: o.phrase for o in design.options if o.concern not in (*leading, "door") and o.phrase}
    if has_secrets and "configuration" in others:
        others["configuration"] = f"secrets in {option_name('configuration', design.configuration)}"
    title = f"{serves} behind {_phrase_of(design, 'door')}"
    return f"{title}, with {both(others.values())}" if others else title


def endpoint_name(design: Design) -> str:
    """The kind of endpoint of a design, in common words.

    >>> endpoint_name(design)
    'an asynchronous endpoint'
    """
    return _phrase_of(design, "response")


def _phrase_of(design: Design, concern: str) -> str:
    (option,) = (option for option in design.options if option.concern == concern)
    return option.phrase


def besides_pattern(design: Design) -> str:
    """The options beyond endpoint and door that are not plain; "" if all are.

    >>> besides_pattern(design)
    'configuration in a bundled file'
    """
    others = [o.phrase for o in design.options if o.phrase and o.concern not in PATTERN]
    return both(others) if others else ""


def completion_in_words(design: Design, collects: bool) -> tuple[str, str]:
    """What the latencies of a design end with, and that it has come: ("the results", "are in hand").

    `collects` says whether the client collects results (`client.collects`).

    >>> completion_in_words(design, collects=True)
    ('the results', 'are in hand')
    """
    if _is_acknowledged(design):
        return "the work", "is done"
    return ("the results", "are in hand") if collects else ("the requests", "are answered")


def latency_in_words(design: Design) -> str:
    """What the latencies of a design are of.

    >>> latency_in_words(design)
    'from submitting to the whole result in hand'
    """
    end = "the end of the work" if _is_acknowledged(design) else "the whole result in hand"
    return f"from submitting to {end}"


def _is_acknowledged(design: Design) -> bool:
    """Whether nobody waits for a result."""
    return design.flow.body_out is BodyOut.NOTHING


def describe_design(design: Design) -> str:
    """A design in common words: the kind of endpoint and its door, then the options that are not plain.

    >>> describe_design(design)
    'an asynchronous endpoint behind an HTTP API, with configuration in a bundled file'
    """
    others = besides_pattern(design)
    return f"{pattern_name(design)}, with {others}" if others else pattern_name(design)


def _other_choices(choices: Choices, beside: Choices) -> dict[str, str]:
    others = _ids(beside)
    return {concern: option for concern, option in _ids(choices).items() if option != others[concern]}


def design_difference(choices: Choices, beside: Choices | None) -> str:
    """The choices in which a design differs from another; all of them if there is no other.

    >>> design_difference({"door": "alb", "response": "stored"}, {"door": "alb", "response": "paged"})
    'response=stored'
    >>> design_difference({"door": "http-api"}, {"door": "http-api"})
    'the same'
    >>> design_difference({"door": "http-api"}, None)
    'door=http-api'
    """
    return format_pairs(_ids(choices) if beside is None else _other_choices(choices, beside)) or "the same"


def label_design(choices: Choices, first: Choices) -> str:
    """The first design of a list by its name, another by its differences from the first.

    >>> label_design({"door": "alb", "response": "stored"}, {"door": "alb", "response": "stored"})
    'asynchronous endpoint behind a load balancer'
    >>> label_design({"door": "alb", "response": "paged"}, {"door": "alb", "response": "stored"})
    'as a paged endpoint'
    """
    return change_in_words(choices, first) or name_design(choices)


def varying_concerns(designs: Sequence[Choices]) -> list[str]:
    """The concerns in which these designs differ.

    >>> varying_concerns([{"door": "alb", "response": "stored"}, {"door": "alb", "response": "paged"}])
    ['response']
    """
    every = [_ids(design) for design in designs]
    return [concern for concern in (every[0] if every else ()) if len({ids[concern] for ids in every}) > 1]


def label_designs(designs: Sequence[Choices]) -> list[str]:
    """Each design by the options in which the designs differ, or by its name if they do not differ.

    >>> label_designs([{"door": "alb", "response": "stored"}, {"door": "alb", "response": "paged"}])
    ['asynchronous', 'paged']
    >>> label_designs([{"door": "alb", "response": "stored"}])
    ['asynchronous endpoint behind a load balancer']
    """
    concerns = varying_concerns(designs)
    if not concerns:
        return [name_design(design) for design in designs]
    return [", ".join(distinct_names(_ids(design), concerns)) for design in designs]


def distinct_names(choices: Choices, concerns: Iterable[str]) -> tuple[str, ...]:
    """The options of these concerns by name; a plain one without a name appears only if it is alone.

    >>> distinct_names({"door": "alb", "execution": "single"}, ["door", "execution"])
    ('load balancer',)
    >>> distinct_names({"door": "alb", "execution": "single"}, ["execution"])
    ('single Lambda invocation',)
    """
    ids, concerns = _ids(choices), list(concerns)
    telling = [concern for concern in concerns if not _is_plain(concern, ids[concern])]
    return tuple(option_name(concern, ids[concern]) for concern in telling or concerns[:1])


def change_in_words(choices: Choices, beside: Choices) -> str:
    """How a design differs from another, to follow "build it".

    >>> change_in_words({"door": "alb", "compression": "gzip"}, {"door": "http-api", "compression": "none"})
    'behind a load balancer, with gzipped results'
    >>> change_in_words({"response": "paged", "edge": "none"}, {"response": "stored", "edge": "cloudfront"})
    'as a paged endpoint, without CloudFront in front'
    >>> change_in_words({"execution": "single"}, {"execution": "service"})
    'with a single Lambda invocation in place of an always-on container service'
    """
    other, before = _other_choices(choices, beside), _ids(beside)
    pattern = [
        f"{word} {option_in_words(concern, other.pop(concern))}"
        for concern, word in (("response", "as"), ("door", "behind"))
        if concern in other
    ]
    additions, omissions = [], []
    for concern, option in other.items():
        here, there = option_in_words(concern, option), option_in_words(concern, before[concern])
        if not _is_plain(concern, option):
            additions.append(here)
        elif concern in KINDS_OF_WORK:
            additions.append(f"{here} in place of {there}")
        else:
            omissions.append(there)
    differences = (("with", additions), ("without", omissions))
    lists = [f"{word} {both(names)}" for word, names in differences if names]
    return ", ".join([" ".join(pattern), *lists] if pattern else lists)


def change_briefly(choices: Choices, beside: Choices) -> str:
    """How a design differs from another, in narrow space: what does the work or answers first, then a number.

    >>> change_briefly({"door": "alb", "execution": "service"}, {"door": "http-api", "execution": "single"})
    'container service +1'
    >>> change_briefly({"edge": "none"}, {"edge": "cloudfront"})
    'without CloudFront'
    """
    other, before = _other_choices(choices, beside), _ids(beside)
    if not other:
        return ""
    concern = next((each for each in ("execution", "response", "door") if each in other), next(iter(other)))
    is_named = not _is_plain(concern, other[concern]) or concern in KINDS_OF_WORK
    name = option_name(concern, other[concern])
    text = name if is_named else f"without {option_name(concern, before[concern])}"
    return f"{text} +{len(other) - 1}" if len(other) > 1 else text


def _is_plain(concern: str, option_id: str) -> bool:
    """Whether an option is the default that sentences do not name."""
    from explorer.engine.designs import OPTIONS

    return not OPTIONS[concern][option_id].phrase


def door_lacks(door: Option) -> str:
    """What a client may need that a door does not offer, as a sentence; "" if it offers all.

    >>> door_lacks(design.option("door"))
    'An API Gateway HTTP API has no WAF, usage plans or private access of its own.'
    """
    lacking = [NEEDS.get(need, need) for need in EVERY_NEED if need not in getattr(door, "offers", ())]
    return sentence(f"{door.summary} has no {either(lacking)} of its own") if lacking else ""


# Limits -------------------------------------------------------------------------------------------


def limit_name(limit_id: str) -> str:
    """The name of a limit inside a sentence: lower case unless its first word is a term.

    >>> limit_name("apigw.rest.timeout")
    'integration timeout'
    """
    name = catalogue.limit(limit_id).short_name
    is_term = any(letter.isupper() for letter in name.split()[0][1:])  # GetSecretValue, PUT
    return name if is_term else name[0].lower() + name[1:]


def limit_with_value(limit_id: str, value: float | None = None) -> str:
    """The name of a limit with its value, by default AWS's; a unit in the name is not repeated.

    >>> limit_with_value("apigw.http.timeout")
    'integration timeout of 30 s'
    >>> limit_with_value("apigw.http.timeout", 20)
    'integration timeout of 20 s'
    >>> limit_with_value("lambda.concurrency")
    'concurrent executions (1,000)'
    """
    row = catalogue.limit(limit_id)
    value = row.value if value is None else value
    if value is None:  # a limit that only the workload sets
        return limit_name(limit_id)
    if _is_unit_in_name(row):
        _, slash, rate = row.unit.partition("/")
        return f"{limit_name(limit_id)} ({format_number(value)}{slash}{rate})"
    return f"{limit_name(limit_id)} of {format_quantity(value, row.unit)}"


def _is_unit_in_name(row: Limit) -> bool:
    """Whether the name of a limit contains what it counts, such as executions."""
    return row.unit.partition("/")[0].lower() in row.short_name.lower()


def cause_in_words(because: str) -> str:
    """What rules a design out, briefly: a limit with its value, a field of the workload, or the cost.

    >>> cause_in_words("apigw.http.timeout"), cause_in_words("targets.latency_p95"), cause_in_words("cost")
    ('integration timeout of 30 s', 'promised p95', 'cost')
    """
    if because in catalogue.limits():
        return limit_with_value(because)
    record = by_path().get(because)
    return (record.noun or record.label or because) if record else because


def limit_at_length(limit_id: str, value: float | None = None) -> str:
    """The name of a limit with its value, by default AWS's, and its service.

    >>> limit_at_length("apigw.http.timeout")
    'integration timeout of 30 s (API Gateway HTTP API)'
    >>> limit_at_length("lambda.concurrency", 3000)
    'concurrent executions (3,000) of Lambda'
    """
    row = catalogue.limit(limit_id)
    value = row.value if value is None else value
    if value is None:  # a limit that only the workload sets
        return limit_name(limit_id)
    if _is_unit_in_name(row):
        return f"{limit_with_value(limit_id, value)} of {row.service}"
    return f"{limit_name(limit_id)} of {format_quantity_at_length(value, row.unit)} ({row.service})"


def _limit_of(finding: Finding) -> str:
    """The limit of a finding with its value in this account, and its service."""
    return limit_at_length(finding.limit, finding.limit_value)


def used_share(finding: Finding) -> float:
    """The share of the limit that the p99 uses.

    >>> round(used_share(finding), 3)
    1.333
    """
    if not finding.limit_value:
        return math.inf if finding.used_p99 else 0.0
    return finding.used_p99 / finding.limit_value


def use_of_limit(finding: Finding) -> str:
    """The use at the p99, of the limit.

    >>> use_of_limit(finding)
    '40 s of 30 s'
    """
    limit = format_quantity(finding.limit_value, finding.unit)
    return f"{_bare(finding, format_quantity(finding.used_p99, finding.unit))} of {limit}"


def use_of_limit_at_length(finding: Finding) -> str:
    """The use at the p99, of the limit, for a document: each size is in the unit that fits it.

    >>> use_of_limit_at_length(finding)
    '40 s of 30 s'
    """
    values = (finding.used_p99, finding.limit_value)
    use, limit = (format_quantity_at_length(value, finding.unit) for value in values)
    return f"{_bare(finding, use)} of {limit}"


def _bare(finding: Finding, use: str) -> str:
    """The use before "of" and its limit: for a count without its unit, which follows the limit."""
    is_count = finding.unit not in ("bytes", "seconds", *SIZES) and math.isfinite(finding.used_p99)
    return format_number(finding.used_p99) if is_count else use


def use_of_limit_briefly(finding: Finding) -> str:
    """The use at the p99, of the limit, next to the limit's name, which it does not repeat.

    >>> use_of_limit_briefly(finding)
    '40 s of 30 s'
    """
    name = catalogue.limit(finding.limit).name.lower()
    if finding.unit in ("bytes", "seconds") or finding.unit.partition(" ")[0].lower() in name:
        use, limit = (format_bare_quantity(v, finding.unit) for v in (finding.used_p99, finding.limit_value))
        return f"{use} of {limit}"
    return use_of_limit(finding)


def broken_a_month(finding: Finding) -> str:
    """The number of requests that break a limit in a month; "" for none.

    >>> broken_a_month(finding)
    '20,000 a month'
    """
    if not finding.breach_probability:
        return ""
    if finding.broken_per_month < 1:
        return "less than 1 a month"
    count = float(f"{finding.broken_per_month:.3g}")
    return f"{format_number(count if count < 10 else round(count))} a month"


def requests_in_words(share: float) -> str:
    """A share of the requests as the subject of a sentence.

    >>> requests_in_words(0.02), requests_in_words(0.9997), requests_in_words(1)
    ('2 % of the requests', 'nearly all requests', 'all requests')
    """
    if share >= ALL:
        return "all requests" if share >= 1 - 1e-9 else "nearly all requests"
    return f"{format_share(share)} of the requests"


def broken_requests(finding: Finding) -> str:
    """The requests that break a limit, as a share and as a number.

    >>> broken_requests(finding)
    '2 % of the requests (20,000 a month)'
    """
    return f"{requests_in_words(finding.breach_probability)} ({broken_a_month(finding)})"


def quota_request_briefly(finding: Finding) -> str:
    """What to ask AWS for, without the code of the quota and how far it can be raised.

    >>> from dataclasses import replace
    >>> text = "ask AWS to raise vCPUs from 6 to 3,500, 583 times as much (quota L-3), at most a few thousand"
    >>> quota_request_briefly(replace(finding, consequence=text))
    'ask AWS to raise vCPUs from 6 to 3,500, 583 times as much'
    """
    return re.split(r" \(quota |, (?!\d)", quota_request(finding))[0]


def quota_request(finding: Finding) -> str:
    """What to ask AWS for before a design is built, from the consequence of a limit that must be raised.

    >>> quota_request(finding)
    'ask AWS to raise the timeout to 50 seconds'
    """
    return finding.consequence.partition(";")[0]


# Missed limits and promises -----------------------------------------------------------------------


def breach(finding: Finding) -> str:
    """The limit that breaks, and for how many requests; or by what amount, if it is the same for all.

    >>> breach(finding)
    '2 % of the requests exceed the integration timeout of 30 s'
    >>> from dataclasses import replace
    >>> breach(replace(finding, used_p50=40, breach_probability=1))
    '40 s is over the integration timeout of 30 s'
    """
    limit = limit_with_value(finding.limit, finding.limit_value)
    if finding.breach_probability >= ALL and finding.used_p50 == finding.used_p99:
        return f"{format_quantity(finding.used_p99, finding.unit)} is over the {limit}"
    return f"{requests_in_words(finding.breach_probability)} exceed the {limit}"


def breach_today(finding: Finding) -> str:
    """The limit that breaks today, as a sentence.

    >>> breach_today(finding)
    'Today 2 % of the requests exceed the integration timeout of 30 s.'
    """
    return f"Today {breach(finding)}."


def breach_today_at_length(finding: Finding) -> str:
    """The limit that breaks today, for a document.

    >>> print(breach_today_at_length(finding))
    What runs today fails:
    2 % of the requests (20,000 a month) exceed the integration timeout of 30 s (API Gateway HTTP API).
    """
    return f"What runs today fails: {broken_requests(finding)} exceed the {_limit_of(finding)}."


def breach_at_length(finding: Finding, tolerance: float) -> str:
    """The limit that breaks, the share that breaks it and the tolerated share, and what the p99 needs.

    >>> print(breach_at_length(finding, 0.01))
    2 % of the requests exceed the integration timeout of 30 s (API Gateway HTTP API), where 1 % may;
    the p99 needs 40 s, 133 % of it
    """
    use = format_quantity_at_length(finding.used_p99, finding.unit)
    return (
        f"{requests_in_words(finding.breach_probability)} exceed the "
        f"{_limit_of(finding)}, where {format_share(tolerance)} may; "
        f"the p99 needs {use}, {format_rough_share(used_share(finding))} of it"
    )


def tight_limit_at_length(finding: Finding) -> str:
    """A limit that is nearly used up, or breaks occasionally, for a document.

    >>> print(tight_limit_at_length(finding))
    2 % of the requests (20,000 a month) exceed the integration timeout of 30 s (API Gateway HTTP API);
    40 s at the p99.
    """
    use = f"{format_quantity_at_length(finding.used_p99, finding.unit)} at the p99"
    if not finding.breach_probability:
        return sentence(f"{_limit_of(finding)}: {use}")
    return f"{broken_requests(finding)} exceed the {_limit_of(finding)}; {use}."


def late_answers(share: float) -> str:
    """The share of responses that begin too late.

    >>> late_answers(0.02)
    '2 % of the answers begin after the client stops waiting'
    """
    return f"{format_share(share)} of the answers begin after the client stops waiting"


def late_answers_at_length(share: float, waits_s: float, tolerance: float) -> str:
    """The share of late responses, with how long the client waits [s] and the tolerated share.

    >>> late_answers_at_length(0.02, 30, 0.01)
    'the client waits 30 s for the first byte; 2 % of the answers come later, where 1 % may'
    """
    waits = f"the client waits {format_time(waits_s)} for the first byte"
    return f"{waits}; {format_share(share)} of the answers come later, where {format_share(tolerance)} may"


def late_answers_as_reason(share: float, waits_s: float, design: Design) -> str:
    """The share of late responses of a kind of endpoint, as the reason why a design is not feasible.

    >>> print(late_answers_as_reason(0.02, 30, design))
    the first byte of an asynchronous endpoint comes after the 30 s that the client waits,
    in 2 % of the requests
    """
    first_byte = f"the first byte of {endpoint_name(design)}"
    waits = f"{first_byte} comes after the {format_time(waits_s)} that the client waits"
    return f"{waits}, in {requests_in_words(share)}"


P95, FIRST_BYTE_P95 = "p95", "first byte's p95"  # what a target promises


def late_p95(p95_s: float, target: str = P95) -> str:
    """The missed latency target, with the p95 [s].

    >>> late_p95(12.34)
    'its p95 is 12.3 s, later than promised'
    >>> late_p95(2.5, FIRST_BYTE_P95)
    "its first byte's p95 is 2.5 s, later than promised"
    """
    return f"its {target} is {format_time(p95_s)}, later than promised"


def late_p95_at_length(p95_s: float, promised_s: float, target: str = P95) -> str:
    """The missed latency target, with the p95 and the target [s], for a document.

    >>> late_p95_at_length(12.34, 10), late_p95_at_length(10.004, 10)
    ('the p95 takes 12.3 s, where 10 s is promised', 'the p95 takes 10.004 s, where 10 s is promised')
    """
    late, promised = format_times_apart(p95_s, promised_s)
    return f"the {target} takes {late}, where {promised} is promised"


def late_p95_as_reason(p95_s: float, promised_s: float, target: str = P95) -> str:
    """The missed latency target, as the reason why a design is not feasible.

    >>> late_p95_as_reason(12.34, 10)
    'the p95 is 12.3 s, promised 10 s'
    """
    late, promised = format_times_apart(p95_s, promised_s)
    return f"the {target} is {late}, promised {promised}"


# Compared with today's design ---------------------------------------------------------------------


def change_from_today(changes: Sequence[Change], usd: float, money: Money = format_rough_usd) -> str:
    """The cost of a design compared with today's, then the parts added and removed.

    >>> from explorer.analysis.rejections import Change
    >>> change_from_today([Change("added", "results bucket"), Change("removed", "REST API")], 40.722)
    'it costs $40.7 a month more than today; parts added: results bucket; parts removed: REST API'
    >>> change_from_today([], 0.0)
    'it costs as much as today, with the same parts'
    """
    difference = format_usd_difference(usd, money)
    cost = f"it costs {difference} {'as' if difference == 'as much' else 'than'} today"
    parts = {kind: [change.what for change in changes if change.change == kind] for kind in CHANGE_KINDS}
    lists = [f"parts {kind}: {both(names)}" for kind, names in parts.items() if names]
    return "; ".join([cost, *lists]) if lists else f"{cost}, with the same parts"


# Reasons ------------------------------------------------------------------------------------------


def exclusion_in_words(why: str, what: str) -> str:
    """Why something is excluded, inside a sentence; in a reason that begins with "it", `what` is the subject.

    >>> exclusion_in_words("it is no place for secrets", "environment variables")
    'environment variables are no place for secrets'
    >>> exclusion_in_words("the client wants the result", "an acknowledgement")
    'the client wants the result, which rules out an acknowledgement'
    >>> exclusion_in_words("it has no custom-domain or waf", "a function URL")
    'a function URL has no custom domain or WAF'
    """
    why = with_ability_names(why)
    if why.startswith("it "):
        verb, _, rest = why.removeprefix("it ").partition(" ")
        return f"{what} {PLURALS.get(verb, verb) if what.endswith('s') else verb} {rest}"
    is_complete = what in why or "; " in why  # such as one clause for each option
    return why if is_complete else f"{why}, which rules out {what}"


def with_ability_names(why: str) -> str:
    """A reason with the words for what a client may need in place of their ids.

    >>> with_ability_names("it has no custom-domain, waf")
    'it has no custom domain, WAF'
    """
    for need, name in ABILITIES.items():
        why = re.sub(rf"(?<![\w-]){need}(?![\w-])", name, why)
    return why


def option_ids(options: Iterable[str]) -> list[str]:
    """The ids of options written as concern=option, as on the command line.

    >>> option_ids(["door=alb", "response=paged"])
    ['alb', 'paged']
    """
    return [option.partition("=")[2] for option in options]


def _options_by_concern(options: Iterable[str]) -> dict[str, list[str]]:
    by_concern: dict[str, list[str]] = {}
    for option in options:
        concern, _, name = option.partition("=")
        by_concern.setdefault(concern, []).append(name)
    return by_concern


def reason_in_words(reason: Rejection) -> str:
    """Why designs are ruled out, the reason first, without ids.

    >>> print(reason_in_words(limit))
    2 % of the requests exceed the integration timeout of 30 s,
    which rules out a synchronous endpoint behind an HTTP API or a REST API
    >>> print(reason_in_words(promise))
    the p95 is promised within 10 s, which rules out a paged endpoint
    """
    what = _rejected_in_words(reason, option_in_words, MOST_NAMES) or "several choices together"
    if reason.kind != "limit":
        return exclusion_in_words(reason.why, what)
    if set(_options_by_concern(reason.options)) == {"configuration"}:
        too_large = too_large_for(reason.because)
        return too_large if what in too_large else f"{too_large}, which rules out {what}"
    limit, chance = limit_with_value(reason.because), reason.breach_probability or 0.0
    return f"{requests_in_words(chance)} exceed the {limit}, which rules out {what}"


def _rejected_in_words(reason: Rejection, name: Callable[[str, str], str], most: int) -> str:
    """The options that a reason rules out, by `name`: bodies behind doors, then the other choices.

    Of each list at most `most` are named, the plain option first, and the rest are counted.
    """
    from explorer.engine.designs import CONCERNS

    names = {
        concern: [name(concern, option) for option in sorted(options, key=_plain_first(concern))]
        for concern, options in _options_by_concern(reason.options).items()
    }
    names = {concern: names[concern] for concern in CONCERNS if concern in names}
    doors, edges = names.pop("door", []), names.pop("edge", [])
    bodies = [each for concern in ("response", "request") for each in names.pop(concern, [])]
    others = [each for of_concern in names.values() for each in of_concern]
    if not (bodies and (doors or edges)):
        return _either_of_few([*bodies, *doors, *edges, *others], most)
    where = [
        f"{word} {_either_of_few(each, most)}" for word, each in (("behind", doors), ("with", edges)) if each
    ]
    of_bodies = f"{_either_of_few(bodies, most)} {either(where)}"
    return f"{of_bodies}, or {_either_of_few(others, most)}" if others else of_bodies


def _either_of_few(names: Sequence[str], most: int) -> str:
    """The names joined by "or"; of more than `most`, the first ones and how many others there are."""
    if len(names) <= most:
        return _either(names)
    return either([*names[: most - 1], f"{len(names) - most + 1} others"])


def too_large_for(limit_id: str) -> str:
    """That the configuration is too large for where it would be stored.

    >>> too_large_for("lambda.env")
    'the configuration does not fit the environment variables of 4 KB'
    """
    row = catalogue.limit(limit_id)
    if row.value is None or row.unit not in ("bytes", "characters"):
        return f"the configuration exceeds the {limit_with_value(limit_id)}"
    return f"the configuration does not fit the {limit_with_value(limit_id)}"


def _plain_first(concern: str) -> Callable[[str], int]:
    """The position of an option in its concern's list, where the plain one is first."""
    from explorer.engine.designs import OPTIONS

    return list(OPTIONS[concern]).index


def rejected_options_at_length(reason: Rejection | ClashRule, design: Design) -> str:
    """The options that a reason rules out, for a document: all of them, with those that make it bind.

    >>> rejected_options_at_length(limit, design)
    'synchronous behind HTTP API or REST API'
    """
    names = {
        concern: [option_name(concern, option) for option in options]
        for concern, options in _options_by_concern(reason.options).items()
    }
    bodies = _either([name for concern in ("request", "response") for name in names.pop(concern, [])])
    doors = _either(names.pop("door", []))
    if bodies and doors:
        bodies, doors = f"{bodies} behind {doors}", ""
    work, stores = _either(names.pop("execution", [])), _either(names.pop("configuration", []))
    if option_name("configuration", design.configuration) not in stores:
        stores = "" if work else stores
    elif work:
        work, stores = f"{work} with {stores}", ""
    return "; ".join(filter(None, (bodies, doors, work, stores, *map(_either, names.values())))) or SEVERAL


def _either(names: Sequence[str]) -> str:
    return either(names) if names else ""


def rejected_options_briefly(reason: Rejection) -> str:
    """The options that a reason rules out, briefly: those of `reason_in_words`, two of each list at most.

    >>> rejected_options_briefly(limit)
    'synchronous behind HTTP API or REST API'
    """
    return _rejected_in_words(reason, option_name, MOST_LABELS) or SEVERAL
