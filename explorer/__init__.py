"""Whether an API fits AWS Lambda, from numbers, and what to build when it does not.

>>> import explorer as ex
>>> w = ex.Workload.load(ex.examples()["statements"])
>>> ex.recommend(w).design.response
'stored'

This is the contents page: each public name and the module that holds it. A module is imported when
one of its names is first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from explorer.facts.version import __version__

if TYPE_CHECKING:
    from explorer import live as live
    from explorer.analysis.calibration.calibrate import calibrate
    from explorer.analysis.forecast import forecast
    from explorer.analysis.one_design import assess, compare, cost, latency
    from explorer.analysis.recommendation import Recommendation, recommend
    from explorer.analysis.sensitivity.regret import regret
    from explorer.analysis.sensitivity.tornado import sensitivity
    from explorer.analysis.sweep.sweep import Sweep, sweep
    from explorer.analysis.sweep.sweep_file import SweepFile
    from explorer.engine.cost import Bill, bill
    from explorer.engine.designs import Design
    from explorer.engine.encoded_size import encoded_size
    from explorer.engine.simulation.provisioned import provisioned_for
    from explorer.engine.simulation.simulate import simulate
    from explorer.facts.catalogue import breaches_frame as breaches
    from explorer.facts.catalogue import limits_frame as limits
    from explorer.facts.catalogue import prices_frame as prices
    from explorer.facts.encoding import environment_size
    from explorer.views import figures as figures
    from explorer.views.app.screen import explore
    from explorer.views.figures import decision_map
    from explorer.views.report.report import report
    from explorer.workload.workload import Workload, examples

    from .errors import ExplorerError

_CONTENTS = {  # public name: (module, name there)
    "Workload": ("workload.workload", "Workload"),
    "examples": ("workload.workload", "examples"),
    "Design": ("engine.designs", "Design"),
    "Recommendation": ("analysis.recommendation", "Recommendation"),
    "recommend": ("analysis.recommendation", "recommend"),
    "assess": ("analysis.one_design", "assess"),
    "cost": ("analysis.one_design", "cost"),
    "compare": ("analysis.one_design", "compare"),
    "latency": ("analysis.one_design", "latency"),
    "Bill": ("engine.cost", "Bill"),
    "bill": ("engine.cost", "bill"),
    "calibrate": ("analysis.calibration.calibrate", "calibrate"),
    "decision_map": ("views.figures", "decision_map"),
    "forecast": ("analysis.forecast", "forecast"),
    "limits": ("facts.catalogue", "limits_frame"),
    "prices": ("facts.catalogue", "prices_frame"),
    "breaches": ("facts.catalogue", "breaches_frame"),
    "environment_size": ("facts.encoding", "environment_size"),
    "encoded_size": ("engine.encoded_size", "encoded_size"),
    "explore": ("views.app.screen", "explore"),
    "report": ("views.report.report", "report"),
    "sensitivity": ("analysis.sensitivity.tornado", "sensitivity"),
    "regret": ("analysis.sensitivity.regret", "regret"),
    "simulate": ("engine.simulation.simulate", "simulate"),
    "provisioned_for": ("engine.simulation.provisioned", "provisioned_for"),
    "Sweep": ("analysis.sweep.sweep", "Sweep"),
    "sweep": ("analysis.sweep.sweep", "sweep"),
    "SweepFile": ("analysis.sweep.sweep_file", "SweepFile"),
    "ExplorerError": ("errors", "ExplorerError"),
}
_PAGES = {"live": "live", "figures": "views.figures"}  # contents pages of their own
__all__ = [  # written out: type checkers read it
    "Workload", "examples", "Design", "Recommendation", "recommend", "assess", "cost", "compare",
    "latency", "Bill", "bill", "calibrate", "decision_map", "forecast", "limits", "prices",
    "breaches", "environment_size", "encoded_size", "explore", "report", "sensitivity", "regret",
    "simulate", "provisioned_for", "Sweep", "sweep", "SweepFile", "ExplorerError", "__version__",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in _PAGES:
        return import_module(f".{_PAGES[name]}", __name__)
    try:
        module, inner = _CONTENTS[name]
    except KeyError:
        raise AttributeError(f"module 'explorer' has no attribute {name!r}") from None
    return getattr(import_module(f".{module}", __name__), inner)


def __dir__() -> list[str]:
    return sorted([*__all__, *_PAGES])
