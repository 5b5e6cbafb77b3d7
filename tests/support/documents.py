"""Reports that several tests read: each is made once."""

from functools import cache

import explorer as ex
from explorer.views.report.report import render_document


@cache
def example_answer(name: str) -> ex.Recommendation:
    """The answer for an example workload."""
    return ex.recommend(ex.Workload.load(name))


@cache
def example_bytes(name: str, form: str) -> bytes:
    """The report on an example workload as html, md, pdf or ipynb."""
    return render_document(example_answer(name), f"x.{form}")


def example_document(name: str, form: str) -> str:
    """The report on an example workload as html or md."""
    return example_bytes(name, form).decode()
