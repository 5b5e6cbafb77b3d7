"""The screen's maps, each computed once."""

import pytest

from explorer.views.app import maps
from explorer.workload.workload import Workload


@pytest.fixture(scope="session", autouse=True)
def shared_maps():
    """A map of one workload over the same windows is computed once, for all screens of the tests."""
    compute, computed_maps = maps.map_over_windows, {}

    def shared(workload: Workload, places, points: int, rows=None):
        key = (workload.to_toml(), places, points, None if rows is None else tuple(rows))
        if key not in computed_maps:
            computed_maps[key] = compute(workload, places, points, rows)
        return computed_maps[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(maps, "map_over_windows", shared)
        yield
