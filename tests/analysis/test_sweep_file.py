"""Sweeps past memory and past one machine: a tile at a time, by any executor, stopped and gone on with."""

import fcntl
import json
import math
import os
import pickle
import resource
import signal
import subprocess
import sys
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import explorer as ex
from explorer.analysis.sweep.executor import _unpack
from explorer.analysis.sweep.tiling import Tiles

sweeping = sys.modules[ex.Sweep.__module__]
STATEMENTS = str(ex.examples()["statements"])
AXES = {"response": np.geomspace(1e3, 3e8, 9), "runtime": np.geomspace(0.01, 9000, 8)}
DESIGNS = [
    "edge=none, door=http-api, request=inline, response=stored, compression=none, execution=single,"
    " initialization=on-demand, configuration=secrets-manager",
    "edge=none, door=alb, request=inline, response=streamed, compression=none, execution=service,"
    " initialization=on-demand, configuration=secrets-manager",
]
ARRAYS = ("winner", "runner_up", "monthly_usd", "breach_probability")
SMALL = "import sys, explorer as ex\nsys.modules[ex.Sweep.__module__].TILE = 16\n"  # before a child begins
PATIENCE_S = 120  # for a child on a slow machine


@pytest.fixture
def w():
    return ex.Workload.load(STATEMENTS)


@pytest.fixture(autouse=True)
def small_tiles(monkeypatch):
    monkeypatch.setattr(sweeping, "TILE", 16)  # a row or two of AXES: 9 tiles of 8 points, or 5 of 16
    monkeypatch.setattr(sweeping, "LEAST_TILE", 8)


@pytest.fixture
def tile_numbers(monkeypatch):
    """The tiles that are worked here: the axes of each."""
    tiles_seen, answers = [], sweeping._answers

    def noted(workload, axes):
        tiles_seen.append(axes["response"].tolist())
        return answers(workload, axes)

    monkeypatch.setattr(sweeping, "_answers", noted)
    return tiles_seen


class Stop(Exception):
    pass


def stopping_after(count):
    """What watches a sweep until so many tiles are kept."""

    def watch(steps, total, process):
        for number, step in enumerate(steps):
            if number == count:
                raise Stop
            yield step

    return watch


def begun(w, path, count=2, axes=AXES, **more):
    with pytest.raises(Stop):
        ex.sweep(w, axes, to=path, watch=stopping_after(count), **more)


def parts(path):
    return sorted(each.name for each in Path(f"{path}.parts").glob("*.part"))


@pytest.mark.parametrize("designs", [None, DESIGNS])
def test_the_file_is_the_sweep(w, tmp_path, designs):
    whole = ex.sweep(w, AXES, designs)
    answer = ex.sweep(w, AXES, designs, to=tmp_path / "a.parquet")
    whole.write(tmp_path / "b.parquet")
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.parquet", "b.parquet"]
    assert (answer.shape, answer.designs, answer.wins()) == (whole.shape, whole.designs, whole.wins())
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(answer, name), getattr(whole, name))
    pd.testing.assert_frame_equal(answer.to_frame(), whole.to_frame())
    pd.testing.assert_frame_equal(pd.concat(answer.frames(["monthly_usd"])).reset_index(drop=True),
                                  whole.to_frame()[["monthly_usd"]])  # fmt: skip


def test_of_given_designs_each_has_a_row_at_each_point(w):
    whole = ex.sweep(w, AXES, DESIGNS)
    frame = whole.to_frame()
    assert len(frame) == 2 * whole.winner.size and frame.design.tolist()[:2] == DESIGNS
    for number, design in enumerate(DESIGNS):
        own = frame[frame.design == design]
        assert own.monthly_usd.tolist() == whole.monthly_usd[number].ravel().tolist()
        assert own.winner.cat.codes.tolist() == whole.winner.ravel().tolist()


def test_the_file_tells_what_was_asked(w, tmp_path):
    answer = ex.sweep(w, AXES, to=tmp_path / "a.parquet")
    request = ex.SweepFile(tmp_path / "a.parquet").request
    assert (request["explorer"], request["workload"]["name"]) == (ex.__version__, w.name)
    assert request["axes"]["runtime"] == {"unit": "seconds", "values": AXES["runtime"].tolist()}
    assert list(answer.axes) == list(AXES) and answer.axes["response"].tolist() == AXES["response"].tolist()


def test_a_killed_sweep_goes_on_and_works_no_tile_twice(w, tmp_path, tile_numbers):
    path = tmp_path / "a.parquet"
    code = f"""{SMALL}
import itertools, time, numpy as np
def watch(steps, total, done):
    yield from itertools.islice(steps, 2)
    time.sleep(600)
axes = {dict(zip(AXES, map(np.ndarray.tolist, AXES.values())))!r}
axes = {{name: np.array(values) for name, values in axes.items()}}
ex.sweep(ex.Workload.load({STATEMENTS!r}), axes, to={str(path)!r}, watch=watch)
"""
    with running([sys.executable, "-c", code]) as child:
        wait_for(lambda: len(parts(path)) == 2, child)
        child.send_signal(signal.SIGKILL)
    (tmp_path / "a.parquet.parts" / "000003.part.unfinished").write_bytes(b"PAR1 half")
    ex.sweep(w, AXES, to=path)
    tiles = Tiles((9, 8), 16)
    assert tile_numbers == [tiles.axes(number, AXES)["response"].tolist() for number in range(2, len(tiles))]
    ex.sweep(w, AXES).write(tmp_path / "b.parquet")
    assert path.read_bytes() == (tmp_path / "b.parquet").read_bytes()
    assert not path.with_name("a.parquet.parts").exists()


@contextmanager
def running(command):
    """A child that does not outlive its test."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as child:
        try:
            yield child
        finally:
            child.kill()


def wait_for(process, child):
    """Until it is done, as long as the child lives."""
    until = time.monotonic() + PATIENCE_S
    while not process():
        assert child.poll() is None and time.monotonic() < until, "the child has not come so far"
        time.sleep(0.02)


def test_a_part_that_a_crash_cut_off_is_worked_again(w, tmp_path, tile_numbers):
    path = tmp_path / "a.parquet"
    begun(w, path)
    tile_numbers.clear()
    (tmp_path / "a.parquet.parts" / "000000.part").write_bytes(b"")
    ex.sweep(w, AXES, to=path)
    assert len(tile_numbers) == len(Tiles((9, 8), 16)) - 1


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"w": {"client.waits": "5 s"}}, "workload client.waits (25.0; now 5.0)"),
        ({"w": {"response.p50": "401 KB"}}, 'workload response ("median 409600, '),
        ({"axes": {**AXES, "runtime": [1.0, 2.0]}}, "axis runtime (8 values from 0.01 to 9000; now 2 values"),
        ({"axes": dict(reversed(AXES.items()))}, "order of axes (response, runtime; now runtime, response)"),
        ({"axes": {"response": AXES["response"]}}, "axis runtime (8 values from 0.01 to 9000; now none)"),
        ({"designs": DESIGNS}, "designs (none; now "),
    ],
)
def test_parts_of_another_sweep_are_refused_by_what_differs(w, tmp_path, other, message):
    path = tmp_path / "a.parquet"
    begun(w, path)
    request = {"axes": AXES, "designs": None, **other}
    with pytest.raises(ex.ExplorerError, match="to begin anew") as caught:
        ex.sweep(w.replace(request.pop("w", {})), to=path, **request)
    assert f"a sweep with another {message}" in str(caught.value) and "\n" not in str(caught.value)
    assert parts(path) == ["000000.part", "000001.part"]


@pytest.mark.parametrize(
    ("text", "message"), [("{", "which cannot be read"), ('{"explorer": "0.0.1"}', r'"0\.0\.1"; now "')]
)
def test_parts_of_another_version_are_refused(w, tmp_path, text, message):
    path = tmp_path / "a.parquet"
    begun(w, path)
    (tmp_path / "a.parquet.parts" / "manifest.json").write_text(text)
    with pytest.raises(ex.ExplorerError, match=message):
        ex.sweep(w, AXES, to=path)


def test_the_same_axes_in_another_order_are_another_sweep(w, tmp_path):
    axes = {"requests_per_month": [1e6, 2e6], "client.waits": [1.0, 2.0]}  # tiles of the same size either way
    begun(w, tmp_path / "a.parquet", 0, axes)
    with pytest.raises(ex.ExplorerError, match="another order of axes"):
        ex.sweep(w, dict(reversed(axes.items())), to=tmp_path / "a.parquet")


def test_samples_of_the_same_number_and_median_are_told_apart(w, tmp_path):
    path = tmp_path / "a.parquet"
    axes = {"requests_per_month": [1e4, 1e5, 1e6], "runtime": AXES["runtime"]}
    one, two = (w.replace(response={"samples": [1e3, 1e4, most]}) for most in (1e6, 1.1e6))
    begun(one, path, 1, axes)
    with pytest.raises(ex.ExplorerError, match="another workload response"):
        ex.sweep(two, axes, to=path)


def test_two_processes_do_not_write_one_file(w, tmp_path):
    path = tmp_path / "a.parquet"
    begun(w, path)
    with (tmp_path / "a.parquet.parts" / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(ex.ExplorerError, match="one at a time"):
            ex.sweep(w, AXES, to=path)
    ex.sweep(w, AXES, to=path)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a.csv", r"expected a name that ends in \.parquet"),
        ("none/a.parquet", "cannot be written"),
        ("taken.parquet", "cannot be written"),
        ("folder.parquet", "cannot be written"),
    ],
)
def test_where_nothing_can_be_written_is_one_line(w, tmp_path, name, message):
    (tmp_path / "taken.parquet.parts").write_text("a file")
    (tmp_path / "folder.parquet").mkdir()
    with pytest.raises(ex.ExplorerError, match=message) as caught:
        ex.sweep(w, AXES, to=tmp_path / name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "message"), [("no", "no such file"), ("other", "is not the file of a sweep")]
)
def test_what_is_no_sweep_is_one_line(tmp_path, name, message):
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "other.parquet")
    with pytest.raises(ex.ExplorerError, match=message):
        ex.SweepFile(tmp_path / f"{name}.parquet")


def test_one_tile_is_held_at_a_time(w, tmp_path, monkeypatch):
    memory, most, answers = [], [], sweeping._answers

    def noted(*request):
        most.append(sum(each() is not None for each in memory))
        answer = answers(*request)
        memory.append(weakref.ref(answer[2]))
        return answer

    monkeypatch.setattr(sweeping, "_answers", noted)
    ex.sweep(w, AXES, to=tmp_path / "a.parquet")
    assert len(most) == len(Tiles((9, 8), 16)) > 4 and max(most) <= 1


def test_more_points_than_memory_are_one_line(w):
    axes = {name: np.linspace(1, 2, 10**4) for name in ("response", "runtime", "client.waits", "request")}
    with pytest.raises(ex.ExplorerError, match=r"10,000,000,000,000,000 points .* expected to=FILE.parquet"):
        ex.sweep(w, axes)


@given(
    shape=st.lists(st.integers(1, 9), min_size=1, max_size=4).map(tuple), points=st.integers(1, 60)
)  # fmt: skip
def test_tiles_are_runs_of_the_grid_in_its_order(shape, points):
    numbers, tiles = np.arange(math.prod(shape)).reshape(shape), Tiles(shape, points)
    runs = [numbers[tiles[number]].ravel() for number in range(len(tiles))]
    assert np.concatenate(runs).tolist() == numbers.ravel().tolist()
    assert [len(run) for run in runs] == [tiles.points(number) for number in range(len(tiles))]
    assert max(map(len, runs)) <= points


class Noted(ThreadPoolExecutor):
    """Threads that note what is given to them, and how much of it is under way."""

    def __init__(self):
        super().__init__(2)
        self.submissions, self.under_way, self.most = [], 0, 0

    def submit(self, function, /, *arguments):
        self.submissions.append(arguments)
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        future = super().submit(function, *arguments)
        future.add_done_callback(self.finish)
        return future

    def finish(self, future):
        self.under_way -= 1


def test_few_tiles_are_under_way_and_the_workload_is_packed_once(w, monkeypatch):
    monkeypatch.setattr(sys.modules["explorer.analysis.sweep.executor"], "AHEAD", 3)
    with Noted() as executor:
        answer = ex.sweep(w, AXES, executor=executor)
    assert len(executor.submissions) == len(Tiles((9, 8), 16)) and executor.most <= 3
    assert len({id(packed) for packed, axes in executor.submissions}) == 1
    assert max(len(axes["response"]) for packed, axes in executor.submissions) < len(AXES["response"])
    assert answer.winner.tolist() == ex.sweep(w, AXES).winner.tolist()


def test_when_a_tile_fails_the_others_are_cancelled(w, tmp_path, monkeypatch):
    def fails(*request):
        raise ex.ExplorerError("this tile")

    monkeypatch.setattr(sweeping, "_answers", fails)
    with ThreadPoolExecutor(1) as executor, pytest.raises(ex.ExplorerError, match="this tile"):
        ex.sweep(w, AXES, executor=executor, to=tmp_path / "a.parquet")
    assert parts(tmp_path / "a.parquet") == []


def test_a_worker_with_other_figures_is_refused():
    with pytest.raises(ex.ExplorerError, match=r"expected 0\.1\.0 with 1999-01-01 abc"):
        _unpack(pickle.dumps(("0.1.0", "1999-01-01 abc", print)))


def test_a_dask_cluster_gives_the_same_bits(w, tmp_path):
    distributed = pytest.importorskip("distributed")
    quiet = {"dashboard_address": None, "worker_dashboard_address": None, "silence_logs": 50}
    local = {"n_workers": 2, "threads_per_worker": 1, "host": "127.0.0.1", "local_directory": tmp_path}
    alone = ex.sweep(w, AXES, to=tmp_path / "alone.parquet")
    with distributed.LocalCluster(**local, **quiet) as cluster, distributed.Client(cluster) as client:
        executor = client.get_executor()
        together = ex.sweep(w, AXES, executor=executor, to=tmp_path / "together.parquet")
        assert len(client.run(os.getpid)) == 2 and os.getpid() not in client.run(os.getpid).values()
    assert alone.path.read_bytes() == together.path.read_bytes()


ENDLESS = """
import time
sweeping = sys.modules[ex.Sweep.__module__]
tiles, answers = [], sweeping._answers
def slow(*asked):
    tiles.append(asked)
    return answers(*asked) if len(tiles) <= 2 else time.sleep(600)
sweeping._answers = slow
"""  # the third tile of a child


def command(path, *more, before=""):
    """The command with small tiles, as a process of its own: 9 tiles."""
    axes = ("--axis", "response=1KB:200MB:9", "--axis", "runtime=10ms:2h:16")
    argv = f"sys.argv[1:] = {['sweep', STATEMENTS, *axes, '-o', str(path), *more]!r}\n"
    return [sys.executable, "-c", f"{SMALL}{before}{argv}from explorer.cli.main import main\nmain()"]


def test_ctrl_c_says_how_far_it_came_and_the_same_command_goes_on(tmp_path):
    path = tmp_path / "a.parquet"
    with running(command(path, before=ENDLESS)) as child:
        wait_for(lambda: len(parts(path)) == 2, child)
        child.send_signal(signal.SIGINT)
        out, message = child.communicate(timeout=PATIENCE_S)
    assert (child.returncode, out) == (130, "")
    message_text = f"stopped with 2 of 9 tiles done, kept in {path}.parts; the same command goes on"
    assert message == f"{path}: {message_text}\n"
    process = subprocess.run(command(path, "--json"), capture_output=True, text=True, check=True)
    assert json.loads(process.stdout)["points"] == 9 * 16 and process.stderr == ""
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.parquet"]


def test_a_full_disk_is_one_line_and_what_is_there_is_kept(tmp_path):
    path = tmp_path / "a.parquet"

    def little():
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))  # less than a part

    process = subprocess.run(command(path), capture_output=True, text=True, preexec_fn=little)
    assert process.returncode == 2 and process.stderr.count("\n") == 1
    why = "cannot be written (File too large); 0 of 9 tiles are kept"
    assert process.stderr == f"error: {path}: {why}\n"
