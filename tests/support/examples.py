"""The example workloads as cases of a test."""

import pytest

from explorer.facts.locations import workloads_dir

# One of each kind of answer: streamed, uploaded, a container service, behind an edge, a job.
IN_SHORT = {"chat", "photos", "questions", "satellite", "statements"}
FILES = [  # these in `make test`, the others among the long guards
    pytest.param(path, id=path.stem, marks=() if path.stem in IN_SHORT else pytest.mark.slow)
    for path in sorted(workloads_dir().glob("*.toml"))
]
each_example = pytest.mark.parametrize("path", FILES)
