"""Request paths as options are asked about them: masks, columns, and what was not declared."""

import numpy as np
import pytest

from explorer.options.base.paths import Paths
from explorer.options.base.request_path import FUNCTION, BodyIn, BodyOut, RequestPath, Start

ROWS = [
    {"asynchronous": False, "body_in": BodyIn.DOOR, "door_time": "near", "response_limits": ("a", "b")},
    {"asynchronous": True, "body_in": BodyIn.S3, "door_time": "far", "response_limits": ("b",)},
    {"asynchronous": True, "body_in": BodyIn.DOOR, "door_time": "near", "response_limits": ()},
]
MANY = Paths(ROWS, None).along(2)  # quantities have two axes behind the paths


def test_of_one_path_a_mask_is_one_truth():
    path = Paths.of(RequestPath(asynchronous=True, body_out=BodyOut.JOB))
    assert path.asynchronous and not path.polls
    assert path.body_out.is_(BodyOut.JOB) and not path.body_out.is_(BodyOut.PAGE, BodyOut.STREAM)
    assert path.compute.has(start=Start.ON_DEMAND, function=True) and not path.compute.has(function=False)
    assert 3.0 * path.asynchronous == 3.0 and 3.0 * ~path.asynchronous == 0.0


def test_of_many_it_is_a_column_that_broadcasts_against_sizes_and_axes():
    assert MANY.asynchronous.shape == (3, 1, 1) and MANY.asynchronous.ravel().tolist() == [False, True, True]
    assert MANY.body_in.is_(BodyIn.S3).ravel().tolist() == [False, True, False]
    assert (MANY.asynchronous * np.ones((1, 4, 5))).shape == (3, 4, 5)


def test_a_fact_is_looked_up_once_for_each_id():
    looked_up_ids = []
    seconds = MANY.door_time.look_up(lambda id: looked_up_ids.append(id) or {"near": 1.0, "far": 7.0}[id])
    assert (
        looked_up_ids == ["near", "far"]
        and seconds.shape == (3, 1, 1)
        and seconds.ravel().tolist() == [1, 7, 1]
    )
    assert Paths(ROWS[1:2], None).door_time.look_up(len) == 3


def test_a_fact_may_have_levels_and_axes():
    levels = {"near": np.array([1.0, 2.0, 3.0]).reshape(3, 1, 1, 1), "far": np.full((3, 1, 1, 5), 9.0)}
    seconds = MANY.door_time.look_up(levels.__getitem__)
    assert seconds.shape == (3, 3, 1, 5)
    assert seconds[1, :, 0, 4].tolist() == [2, 9, 2]


def test_members_of_tuples_come_with_the_paths_that_have_them():
    masks = {member: mask.ravel().tolist() for member, mask in MANY.response_limits.members()}
    assert masks == {"a": [True, False, False], "b": [True, True, False]}


def test_what_is_not_declared_is_not_there():
    path = Paths.of(RequestPath(compute=FUNCTION), ("compute",))
    assert path.compute.has(function=True)
    with pytest.raises(AttributeError, match="polls is not among what is declared: compute"):
        _ = path.polls
