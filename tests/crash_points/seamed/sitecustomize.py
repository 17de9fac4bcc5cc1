"""Loaded by a process under test (by PYTHONPATH): makes its crash points. The product has none."""

import os
import sys
from pathlib import Path

PROCESS = 3
"""Its name in `python -m cli.main worker`."""

if "CRASH_POINTS" in os.environ and "cli.main" in sys.orig_argv:
    from tests.crash_points import seams
    from tests.crash_points.points import Points

    seams.install(Points(Path(os.environ["CRASH_POINTS"])), sys.orig_argv[PROCESS])
