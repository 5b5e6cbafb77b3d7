"""In which regions of a local cloud a stack may stand."""

from explorer.facts import catalogue
from explorer.live.cloud.instance import Cloud
from explorer.live.deployment.target import REGIONS, local_regions


def test_its_own_region_comes_first_then_those_that_were_noted_then_all_with_prices(tmp_path):
    cloud = Cloud("test", True, region="eu-central-1", folder=tmp_path)
    assert local_regions(cloud)[0] == "eu-central-1"
    assert set(local_regions(cloud)) == set(catalogue.regions())
    (tmp_path / REGIONS).write_text("th-central-1\n")
    assert local_regions(cloud)[:2] == ("eu-central-1", "th-central-1")
    assert len(local_regions(cloud)) == len(catalogue.regions()) + 1


def test_without_a_folder_the_regions_with_prices_are_left():
    assert set(local_regions(Cloud("test", False))) == set(catalogue.regions())
