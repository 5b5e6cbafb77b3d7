"""Special functions without the rest of SciPy: the same ones, and less to import."""

import subprocess
import sys

from explorer.facts import ufuncs


def test_they_are_scipys_own():
    import scipy.special

    for name in ("gammainc", "gammaincc", "gammaincinv", "gammaln", "log_ndtr", "ndtr", "ndtri", "pdtrik"):
        assert getattr(ufuncs, name) is getattr(scipy.special, name)


def test_the_rest_is_not_imported_and_can_be_later():
    code = (
        "import sys, explorer; explorer.recommend;"
        "assert not {'scipy.special', 'pandas', 'numpy.f2py'} & set(sys.modules);"
        "import scipy.special; assert scipy.special.comb(4, 2) == 6"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)
