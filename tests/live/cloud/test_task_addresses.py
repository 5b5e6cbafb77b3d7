"""The addresses that a local cloud gives its tasks: never one that is in use."""

import itertools

import pytest

from explorer.live.cloud.task_processes import CannotRunError, Containers


class Running:
    """A container whose process runs."""

    def __init__(self, address):
        self.address, self.process = address, self

    def poll(self):
        return None


@pytest.fixture
def containers(monkeypatch):
    monkeypatch.setenv("GATEWAY_PORT", "40000")
    monkeypatch.setattr(Containers, "by_id", {})
    monkeypatch.setattr(Containers, "_numbers", itertools.cycle(range(1, 255)))
    return Containers()


def test_the_port_of_a_cloud_tells_its_addresses_from_those_of_another(containers, monkeypatch):
    here = containers._address()
    monkeypatch.setenv("GATEWAY_PORT", "40001")
    assert (here, containers._address()) == ("127.156.64.1", "127.156.65.2")


def test_an_address_is_given_again_when_all_others_have_been(containers):
    whole_round = [containers._address() for _ in range(254)]
    assert len(set(whole_round)) == 254
    assert containers._address() == whole_round[0]


def test_an_address_in_use_is_passed_over_and_without_a_free_one_the_task_is_refused(containers):
    containers.by_id |= {f"{n}": Running(f"127.156.64.{n}") for n in range(1, 254)}
    assert containers._address() == "127.156.64.254"
    assert containers._address() == "127.156.64.254"
    containers.by_id["254"] = Running("127.156.64.254")
    with pytest.raises(CannotRunError, match="more than 254 tasks at once"):
        containers._address()
