"""No request leaves this machine."""

import subprocess
import sys
import time

import pytest

from explorer.live.cloud.loopback import is_loopback_host

TRIES = """
import socket
from explorer.live.cloud import loopback
loopback.install()
listening = socket.create_server(("127.0.0.1", 0))
for host in ("127.0.0.1", "localhost"):
    socket.create_connection((host, listening.getsockname()[1]), 5).close()
for host in ("192.0.2.1", "2001:db8::1", "example.com", "sts.amazonaws.com", b"example.com"):
    try:
        socket.create_connection((host, 80), 5)
    except OSError as error:
        assert "no other machine" in str(error), error
    else:
        raise SystemExit(f"{host} was reached")
one = socket.socket()
try:
    one.connect_ex(("192.0.2.1", 80))
except ConnectionRefusedError as error:
    print("held")
"""


@pytest.mark.parametrize(
    ("host", "here"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("LOCALHOST.", True), ("a.localhost", True),
     ("128.0.0.1", False), ("::2", False), ("0.0.0.0", False), ("localhost.example.com", False),
     ("notlocalhost", False), (b"169.254.169.254", False)],
)  # fmt: skip
def test_what_is_here(host, here):
    assert is_loopback_host(host) == here


def test_nobody_but_the_loopback_is_found_or_reached():
    result = subprocess.run([sys.executable, "-c", TRIES], capture_output=True, text=True)
    assert (result.returncode, result.stdout) == (0, "held\n"), result.stderr


@pytest.mark.live
def test_an_api_in_front_of_someone_elses_server_does_not_reach_it(bench):
    gateway = bench.client("apigatewayv2")
    api = gateway.create_api(Name="out", ProtocolType="HTTP")["ApiId"]
    integration = gateway.create_integration(
        ApiId=api, IntegrationType="HTTP_PROXY", IntegrationMethod="GET",
        IntegrationUri="http://192.0.2.1/", PayloadFormatVersion="1.0",
    )  # fmt: skip
    gateway.create_route(ApiId=api, RouteKey="GET /", Target=f"integrations/{integration['IntegrationId']}")
    gateway.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
    began = time.monotonic()
    answer = bench.post(f"{bench.cloud.endpoint_url}/_aws/execute-api/{api}/$default/", None, "GET")
    assert answer.status >= 500 and time.monotonic() - began < 15
