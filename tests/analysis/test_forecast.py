"""Growth: when a limit breaks first, and what is recommended by then."""

import numpy as np
import pytest

from explorer import ExplorerError, Workload, cost, examples, forecast, recommend
from explorer.analysis.forecast import growth_rate, parse_growth
from explorer.engine.designs import Design, choices

BUFFERED = "door=http-api,request=inline,response=buffered,execution=single,configuration=environment"


def workload(**changes):
    fields = {"requests_per_month": 1e6, "response": "1 MB", "runtime": "1 s"}
    return Workload(**(fields | changes))


@pytest.mark.parametrize(
    ("rate", "share"),
    [
        ("3 %", 0.03),
        ("3%/month", 0.03),
        ("3 % a month", 0.03),
        ("-2.5%", -0.025),
        ("0.03", 0.03),
        (0.03, 0.03),
        (0, 0.0),
        ("100%/year", 2 ** (1 / 12) - 1),
    ],
)
def test_rates_are_read(rate, share):
    assert growth_rate(rate, "response") == pytest.approx(share)


@pytest.mark.parametrize(("text", "percent"), [("3", 300), ("1/year", 100)])
def test_a_share_of_all_or_more_takes_its_sign(text, percent):
    assert growth_rate("99.9 %", "response") == pytest.approx(0.999) == growth_rate("0.999", "response")
    with pytest.raises(ExplorerError, match=rf'growth of response is "{text}": .*such as "{percent} %"'):
        growth_rate(text, "response")
    assert growth_rate("300 %", "response") == growth_rate(3, "response") == 3


@pytest.mark.parametrize("rate", ["3 apples", "", "-100%", -1, True, None, float("nan"), "3%/week", [3]])
def test_what_is_no_rate_is_refused(rate):
    with pytest.raises(ExplorerError, match=r"growth of response is .*: expected a rate such as"):
        growth_rate(rate, "response")


def test_growth_is_read_from_text():
    assert parse_growth(["response=3%/month", "runtime = 1 %"]) == {"response": "3%/month", "runtime": "1 %"}


@pytest.mark.parametrize("texts", [["response"], ["response=3%", "response=4%"]])
def test_growth_that_cannot_be_read_is_one_line(texts):
    with pytest.raises(ExplorerError, match="growth"):
        parse_growth(texts)


def test_the_first_breach_is_the_month_in_which_the_size_passes_the_limit():
    w = workload()
    result = forecast(w, {"response": "10 %"}, months=36, design=BUFFERED)
    # 6,291,556 bytes less 102 of envelope, at 1.08 for the escapes, hold 5,825,420 bytes of text:
    # 1,048,576 x 1.1 ** 17 = 5,299,985 are within it, and one more month's 5,829,983 are not
    assert result.first_breach == (18, "lambda.sync.response")
    before = result[(result.month == 17) & (result.limit == "lambda.sync.response")]
    assert before.breach_probability.item() == 0 and before.verdict.item() == "tight"


def test_without_growth_nothing_changes():
    result = forecast(workload(), {"response": 0}, months=3)
    assert result.first_breach is None
    assert result.groupby("limit").used.nunique().max() == 1
    assert len(result.design_changes) == 1


def test_month_0_is_what_is_recommended_now():
    w = workload()
    first = forecast(w, {"requests_per_month": "8 %"}, months=2).design_changes.iloc[0]
    r = recommend(w)
    assert first.month == 0 and first.design == str(r.design)
    assert first.monthly_usd == pytest.approx(r.monthly_usd, rel=1e-9)


def test_a_change_of_design_names_the_parts_that_come_and_go():
    w = workload(client={"waits": "30 s", "auth": "jwt"}, response={"p50": "1 MB", "binary": True})
    changes = forecast(w, {"response": "12 %"}, months=36).design_changes
    assert len(changes) > 1
    for before, after in zip(changes.itertuples(), list(changes.itertuples())[1:], strict=False):
        assert before.design != after.design and after.changed
        assert not set(after.added) & set(after.removed)


def test_requests_take_a_peak_along_unless_it_goes_its_own_way():
    w = workload(peak_rps=10)
    along = forecast(w, {"requests_per_month": "10 %"}, 12, BUFFERED)
    alone = forecast(w, {"requests_per_month": "10 %", "peak_rps": 0}, 12, BUFFERED)
    uses = [f[(f.month == 12) & (f.limit == "lambda.concurrency")].used.item() for f in (along, alone)]
    # 10 a second x 1.1 ** 12 = 31.38 of a second each at once, or still 10: the p99 of as many by Poisson
    assert uses == [45, 18]


def test_what_runs_today_is_what_is_held_against_the_limits():
    w = workload(current={"door": "rest-api", "response": "buffered"})
    assert forecast(w, {"response": "1 %"}, 1).design.response == "buffered"


@pytest.mark.parametrize(
    ("growth", "months", "message"),
    [
        ({"respons": "3 %"}, 12, r'did you mean "response"'),
        ({"peak_rps": "3 %"}, 12, "gives no peak_rps"),
        ({}, 12, "expected rates by field"),
        ({"response": "3 %"}, 0, "months is 0: expected 1 to 600"),
        ({"response": "3 %"}, 601, "expected 1 to 600"),
        ({"response": "3 %"}, 1.5, "months is 1.5"),
    ],
)
def test_what_cannot_grow_is_one_line(growth, months, message):
    with pytest.raises(ExplorerError, match=message):
        forecast(workload(), growth, months)


def test_a_copy_keeps_what_the_forecast_tells():
    result = forecast(workload(), {"response": "1 %"}, 2)
    assert result.head(3).shape == (3, 7) and result.first_breach is None


@pytest.mark.parametrize(
    ("growth", "months", "message"),
    [
        ({"response": 1e6}, 600, "growth of response: reaches inf in month 600"),
        ({"response": -0.999}, 600, "growth of response: reaches 0 in month 600"),
        ({"response": "1e400"}, 36, "growth of response is"),
        ({"targets.success": 0.03}, 36, "targets.success is .*: expected a share"),
        ({"configuration.secrets": 0.5}, 36, "expected at most entries"),
    ],
)
def test_growth_to_where_a_field_cannot_be_is_refused(growth, months, message):
    configuration = {"total": "4 KB", "entries": 9, "secrets": 2}
    w = Workload(requests_per_month=1e6, response="1 MB", runtime="1 s", configuration=configuration)
    with pytest.raises(ExplorerError, match=message):
        forecast(w, growth, months=months)


def test_numbers_of_numpy_are_numbers_and_50_years_can_be_looked_at():
    w = Workload(requests_per_month=1e6, response="1 MB", runtime="1 s")
    result = forecast(w, {"response": np.float32(0.08), "requests_per_month": 0.08}, months=np.int64(600))
    assert result.month.max() == 600 and result.first_breach


def test_what_is_no_workload_is_said():
    with pytest.raises(ExplorerError, match="expected a Workload"):
        forecast(None, {"response": 0.03})


def test_each_month_has_its_bill_with_the_design_and_with_the_best():
    w = Workload(requests_per_month=1e6, response="1 MB", runtime="1 s")
    result = forecast(w, {"requests_per_month": "10 %"}, 12)
    bills = result.bills.set_index("month")
    assert list(bills.index) == list(range(13)) and bills.requests[12] == pytest.approx(1e6 * 1.1**12)
    then = w.replace({"requests_per_month": 1e6 * 1.1**12})
    assert bills.monthly_usd[0] == bills.best_usd[0] == pytest.approx(recommend(w).monthly_usd)
    assert bills.monthly_usd[12] == pytest.approx(float(cost(then, result.design).total_usd))
    assert bills.best_usd[12] == pytest.approx(recommend(then).monthly_usd)


def test_the_bill_of_the_best_is_that_of_the_design_that_is_recommended_then():
    """It changes once, in month 32; in month 36 the first design is better again, but by less than 2 %."""
    w = Workload.load("statements")
    result = forecast(w, {"requests_per_month": "3 %", "response": "1 %"}, 36, recommend(w).nearest)
    assert list(result.design_changes["month"]) == [0, 32]
    bills = result.bills.set_index("month")
    assert bills.best_usd[31] == pytest.approx(bills.monthly_usd[31])
    assert bills.best_usd[32] == pytest.approx(result.design_changes["monthly_usd"][1])
    later = w.replace(_later_values(w, 36))
    then = cost(later, result.design_changes["design"][1]).total_usd
    assert bills.best_usd[36] == pytest.approx(float(then), rel=1e-6)


def _later_values(w: Workload, months: int) -> dict[str, object]:
    """The rate and the response after months with 3 % and 1 %, computed here."""
    larger = {
        f"response.p{p}": float(w.response.spread.quantile(p / 100)) * 1.01**months for p in (50, 90, 99)
    }
    rates = {"requests_per_month": w.requests_per_month, "peak_rps": w.peak_rps}
    return larger | {name: rate * 1.03**months for name, rate in rates.items()}


def test_where_nothing_is_feasible_the_best_has_no_bill():
    client = {"polls": False, "waits": "10 s"}
    w = Workload(requests_per_month=1e6, response="90 MB", runtime="2000 s", client=client)
    bills = forecast(w, {"requests_per_month": "1 %"}, 2).bills
    assert bills.best_usd.isna().all() and (bills.monthly_usd > 0).all()


def test_a_design_is_kept_until_another_is_better_by_two_percent():
    """Month by month, the least score takes turns between two designs that cost about the same."""
    w = Workload.load(examples()["statements"])
    rates = ("requests_per_month", "peak_rps")
    then = [w.replace({name: w.field_value(name) * 1.08**month for name in rates}) for month in range(25)]
    best = [recommend(each) for each in then]
    turns = [m for m in range(1, 25) if best[m].design != best[m - 1].design]
    changes = forecast(w, {"requests_per_month": "8 %"}, months=24).design_changes
    assert len(turns) > len(changes) - 1 == 1
    first, second = changes.design
    start = changes.month[1]
    for month, each in enumerate(then[: start + 1]):
        design = Design(**choices(first))
        score = float(cost(each, design).total_usd) + 10 * len(design.parts_for(best[month].answer.load))
        assert (score > 1.02 * best[month].score_usd) == (month == start)
    assert second == str(best[start].design)
    assert changes.monthly_usd[1] == pytest.approx(best[start].monthly_usd, rel=1e-9)
