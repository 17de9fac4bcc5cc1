"""Whether an alert's expression is true of what was really scraped, before something happened and after."""

import json
import math
import os
import shutil
from pathlib import Path

import pytest
import yaml

from tests.monitoring.scrape import Samples
from tests.monitoring.test_rules import REQUIRED, promtool
from tests.monitoring.written import ALERTS, RULE_FILES

LOOKED_AT = "8m"
"""Two minutes after the change, which every window reaches."""


def assert_fires(alert: str, before: Samples, after: Samples, folder: Path) -> None:
    """The expression alone: for how long it has to be true is tried by the stories of `rule_cases`.

    A series that was not there before begins with its value, as Prometheus sees it.
    """
    if shutil.which("promtool") is None and REQUIRED not in os.environ:
        pytest.skip("needs promtool, which is in Debian's package prometheus")
    [expression, *_] = [rule["expr"] for rule in ALERTS if rule["alert"] == alert]
    told = {
        "interval": "1m",
        "input_series": [
            {"series": _named(name, labels), "values": f"{_value(before.get((name, labels)))}x5 {value}x10"}
            for (name, labels), value in after.items()
            if not math.isnan(value)
        ],
        "promql_expr_test": [
            {
                "expr": f"(count({expression}) > bool 0) or vector(0)",
                "eval_time": LOOKED_AT,
                "exp_samples": [{"labels": "{}", "value": 1}],
            }
        ],
    }
    written = {"rule_files": [str(file) for file in RULE_FILES], "evaluation_interval": "1m", "tests": [told]}
    story = folder / f"{alert}.yml"
    story.write_text(yaml.safe_dump(written))
    promtool("test", "rules", story)


def _named(name: str, labels: frozenset[tuple[str, str]]) -> str:
    return f"{name}{{{', '.join(f'{label}={json.dumps(value)}' for label, value in sorted(labels))}}}"


def _value(value: float | None) -> str:
    return "_" if value is None or math.isnan(value) else str(value)
