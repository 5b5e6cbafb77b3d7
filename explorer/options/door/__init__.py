"""Doors: the services through which clients' requests enter."""

from __future__ import annotations

from .alb import Alb
from .function_url import FunctionUrl
from .http_api import HttpApi
from .rest_api import RestApi

OPTIONS = (FunctionUrl(), HttpApi(), RestApi(), Alb())
