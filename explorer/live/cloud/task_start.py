"""A container's program in a process that ends with the cloud: `task_start.py MODULE ARGUMENTS`.

The cloud holds the other end of the process's standard input. When that pipe closes, the process exits, so
that a cloud that was killed leaves no tasks.
"""

import os
import runpy
import sys
import threading

KILLED = 137


def _exit_with_cloud(pipe: int) -> None:
    os.read(pipe, 1)
    os._exit(KILLED)


if __name__ == "__main__":
    pipe = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    threading.Thread(target=_exit_with_cloud, args=(pipe,), daemon=True).start()
    del sys.argv[0]
    sys.path[0] = os.getcwd()
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
