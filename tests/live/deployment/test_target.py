"""In which regions of a local cloud a stack may stand."""

import shlex
import subprocess

import pytest

from explorer.facts import catalogue
from explorer.live.cloud.instance import Cloud
from explorer.live.deployment.target import REGIONS, Local, local_regions


def test_its_own_region_comes_first_then_those_that_were_noted_then_all_with_prices(tmp_path):
    cloud = Cloud("test", True, region="eu-central-1", folder=tmp_path)
    assert local_regions(cloud)[0] == "eu-central-1"
    assert set(local_regions(cloud)) == set(catalogue.regions())
    (tmp_path / REGIONS).write_text("th-central-1\n")
    assert local_regions(cloud)[:2] == ("eu-central-1", "th-central-1")
    assert len(local_regions(cloud)) == len(catalogue.regions()) + 1


def test_without_a_folder_the_regions_with_prices_are_left():
    assert set(local_regions(Cloud("test", False))) == set(catalogue.regions())


@pytest.mark.parametrize(
    ("of_aws", "here"),
    [
        ("https://abc123.execute-api.us-east-1.amazonaws.com", "/_aws/execute-api/abc123"),
        ("https://abc123.execute-api.us-east-1.amazonaws.com/live", "/_aws/execute-api/abc123/live"),
        ("https://abc123.lambda-url.us-east-1.on.aws/", "/_aws/lambda-url/abc123"),
    ],
)
def test_an_address_survives_a_shell_unquoted_or_in_quotes(of_aws, here):
    key = {"access_key_id": "a", "secret_access_key": "b"}
    cloud = Cloud("test", True, endpoint_url="http://127.0.0.1:4566", region="us-east-1", credentials=key)
    url = Local("us-east-1", cloud).url(of_aws)
    assert url == f"http://127.0.0.1:4566{here}"
    for word in (url, f'"{url}"'):
        result = subprocess.run(["sh", "-c", f"printf %s {word}"], capture_output=True, text=True, check=True)
        assert result.stdout == url
    assert shlex.quote(url) == url
