"""Bills of many regions and services, published, of other calculators, or reckoned by hand, to the cent.

Of 104 two differ from what their source shows, and hold the right sum. `GI-vpce-big`: the source counts a
petabyte as 10^6 GB, the price list as 2^20. `GB-secrets` is 0.795 and shown as 0.79. Of four more the sum
ends in half a cent, which one rounds up and another down.
"""

import json
from decimal import Decimal
from pathlib import Path

import pytest

import explorer as ex
from explorer.engine.cost import tariffs

BILLS = json.loads((Path(__file__).parent / "golden" / "bills_by_region.json").read_text(encoding="utf-8"))
IDS = [bill["case"] for bill in BILLS]
HALF_A_CENT = Decimal("0.005")


@pytest.mark.parametrize("published", BILLS, ids=IDS)
def test_a_bill_to_the_cent(published):
    bill = ex.bill(published["usage"], published["region"], published["free_tier"])
    assert abs(bill.total_usd - Decimal(published["usd"])) <= HALF_A_CENT


@pytest.mark.parametrize("published", BILLS, ids=IDS)
def test_the_same_bill_in_floats(published):
    of_region = tariffs(published["region"], published["free_tier"])
    usage = {id: float(quantity) for id, quantity in published["usage"].items()}
    linear = {id for id in usage if of_region.is_linear(id)}
    total = sum(usage[id] * of_region.price(id) for id in sorted(linear))
    total += of_region.tiered_usd({id: quantity for id, quantity in usage.items() if id not in linear})
    bill = ex.bill(published["usage"], published["region"], published["free_tier"])
    assert float(total) == pytest.approx(float(bill.total_usd), rel=1e-9)


def test_the_bills_are_of_many_regions_and_services():
    assert len({bill["region"] for bill in BILLS}) == 26
    assert len({id.partition(".")[0] for bill in BILLS for id in bill["usage"]}) >= 18
