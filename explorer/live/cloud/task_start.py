"""A container's program, in a process that goes when the cloud goes: `task_start.py MODULE ARGUMENTS`.

The cloud holds the other end of its standard input. The end of that, however the cloud came by its own, ends
the process: a cloud that was killed leaves no tasks.
"""

import os
import runpy
import sys
import threading

KILLED = 137


def _go_with_the_cloud(pipe: int) -> None:
    os.read(pipe, 1)
    os._exit(KILLED)


if __name__ == "__main__":
    pipe = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    threading.Thread(target=_go_with_the_cloud, args=(pipe,), daemon=True).start()
    del sys.argv[0]
    sys.path[0] = os.getcwd()
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
