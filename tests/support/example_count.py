"""How many examples a property test draws."""

import os


def example_count(count: int) -> int:
    """`count`, times EXAMPLES if it is set: `make slow` draws five times as many as `make test`."""
    return count * int(os.environ.get("EXAMPLES", 1))
