"""The whole response at once, through the door."""

from __future__ import annotations

from collections.abc import Iterable

from explorer.options.base.conditions import Load
from explorer.options.base.request_path import Step

from .base import Response


class Buffered(Response):
    id = "buffered"
    deployable = True
    summary = "the whole result in one answer"
    says = {"body_out": "whole"}

    def steps(self, load: Load) -> Iterable[Step]:
        yield Step("download", "the result", ("door", "client"), load.transfer(load.at_levels("response")))
