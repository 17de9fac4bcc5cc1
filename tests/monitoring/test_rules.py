"""Every alert fires in time, and not before; each has all that whoever is woken by it needs."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.monitoring.rule_cases import CASES_OF, Case, Series
from tests.monitoring.written import ALERTS, ROOT, RULE_FILES, expressions

CONFIGURATION = ROOT / "ops/prometheus/prometheus.yml"
UP = re.compile(r"\bup\b(\{[^}]*\})?")

REQUIRED = "BILLING_TESTS_NEED_PROMTOOL"
"""Set where promtool has to be there: without it these tests fail instead of being skipped."""

pytestmark = pytest.mark.skipif(
    shutil.which("promtool") is None and REQUIRED not in os.environ,
    reason="needs promtool, which is in Debian's package prometheus",
)


def promtool(*arguments: str | Path) -> str:
    done = subprocess.run(["promtool", *arguments], capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def story(case: Case, series: Series, *, fires: bool) -> dict[str, Any]:
    severity = "" if case.severity is None else f', severity="{case.severity}"'
    firing = f'count(ALERTS{{alertname="{case.alert}", alertstate="firing"{severity}}}) > bool 0 or vector(0)'
    return {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [
            {
                "expr": firing,
                "eval_time": f"{case.minute}m",
                "exp_samples": [{"labels": "{}", "value": int(fires)}],
            }
        ],
    }


def test_prometheus_takes_the_rules() -> None:
    promtool("check", "rules", *RULE_FILES)


def test_prometheus_takes_its_configuration(tmp_path: Path) -> None:
    written = CONFIGURATION.read_text()
    mounted = "/etc/prometheus/rules/"
    assert mounted in written
    (tmp_path / "prometheus.yml").write_text(written.replace(mounted, f"{RULE_FILES[0].parent}/"))

    said = promtool("check", "config", tmp_path / "prometheus.yml")

    assert f"{len(RULE_FILES)} rule files found" in said


def test_whether_something_is_up_is_asked_of_jobs_that_are_scraped() -> None:
    """By nothing else: the address of a replica is another one after each start."""
    asked = {selector for _, expression in expressions() for selector in UP.findall(expression)}
    jobs = {job["job_name"] for job in yaml.safe_load(CONFIGURATION.read_text())["scrape_configs"]}

    assert {'{job="api"}', '{job="worker"}'} <= asked <= {f'{{job="{name}"}}' for name in jobs} | {""}


@pytest.mark.parametrize("file", CASES_OF)
def test_each_alert_fires_when_it_should_and_only_then(tmp_path: Path, file: str) -> None:
    stories = [
        story(case, series, fires=fires)
        for case in CASES_OF[file]
        for series, fires in ((case.fires, True), (case.quiet, False))
    ]
    rule_files = [ROOT / f"ops/prometheus/rules/{name}.yml" for name in ("recorded", file)]
    written = {
        "rule_files": [str(path) for path in rule_files],
        # Else by chance: an alert would at times not see what is recorded at the same instant.
        "group_eval_order": [
            group["name"] for path in rule_files for group in yaml.safe_load(path.read_text())["groups"]
        ],
        # Objectives look back for hours; the others want each minute, for how long they wait.
        "evaluation_interval": "10m" if file == "slo" else "1m",
        "tests": stories,
    }
    (tmp_path / "stories.yml").write_text(yaml.safe_dump(written, sort_keys=False))

    promtool("test", "rules", tmp_path / "stories.yml")


def test_what_is_said_names_the_value(tmp_path: Path) -> None:
    alert = {
        "exp_labels": {"severity": "page"},
        "exp_annotations": {
            "summary": "Renewals, retries or ends are not taken.",
            "description": "The oldest due step is 15m 0s late.",
            "runbook": "docs/runbooks/StepsOverdue.md",
        },
    }
    told = {
        "interval": "1m",
        "input_series": [{"series": "due_steps_oldest_seconds", "values": "0+60x30"}],
        "alert_rule_test": [{"eval_time": "15m", "alertname": "StepsOverdue", "exp_alerts": [alert]}],
    }
    written = {"rule_files": [str(file) for file in RULE_FILES], "evaluation_interval": "1m", "tests": [told]}
    (tmp_path / "told.yml").write_text(yaml.safe_dump(written))

    promtool("test", "rules", tmp_path / "told.yml")


def test_there_is_a_story_for_each_alert() -> None:
    assert {case.alert for cases in CASES_OF.values() for case in cases} == {
        alert["alert"] for alert in ALERTS
    }


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_it_says_how_bad_it_is_and_what_to_do(alert: dict[str, Any]) -> None:
    assert alert["labels"].keys() == {"severity"}
    assert alert["labels"]["severity"] in {"page", "ticket"}
    assert alert["annotations"].keys() == {"summary", "description", "runbook"}
    assert re.search(r"\{\{ \$value", alert["annotations"]["description"])
    assert alert["annotations"]["runbook"] == f"docs/runbooks/{alert['alert']}.md"
    assert (ROOT / alert["annotations"]["runbook"]).is_file()
