"""The rules and dashboards as they are shipped, and which metrics they name."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
RULE_FILES = sorted((ROOT / "ops/prometheus/rules").glob("*.yml"))
DASHBOARD_FILES = sorted((ROOT / "ops/grafana/dashboards").glob("*.json"))

RULES: list[dict[str, Any]] = [
    rule
    for file in RULE_FILES
    for group in yaml.safe_load(file.read_text())["groups"]
    for rule in group["rules"]
]
ALERTS = [rule for rule in RULES if "alert" in rule]
RECORDED = {rule["record"]: rule["expr"] for rule in RULES if "record" in rule}
DASHBOARDS: dict[str, dict[str, Any]] = {file.stem: json.loads(file.read_text()) for file in DASHBOARD_FILES}

BY_PROMETHEUS = {"up"}
"""It says itself whether it could scrape."""

_OUTSIDE = re.compile(r'"[^"]*"|\{[^}]*\}|\[[^\]]*\]|\b(?:by|on|without|ignoring)\s*\([^)]*\)|\$\w+')
_NAME = re.compile(r"(?<![\w:.])([a-zA-Z_:][\w:]*)\b(?!\s*\()")
_WORDS = {"and", "or", "unless", "bool", "by", "on", "without", "offset", "group_left", "group_right"}


def panels(dashboard: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for panel in dashboard["panels"]:
        yield panel
        yield from panel.get("panels", ())


def expressions() -> Iterator[tuple[str, str]]:
    """Where each stands, and what it asks for."""
    for rule in RULES:
        yield rule.get("alert") or rule["record"], rule["expr"]
    for name, dashboard in DASHBOARDS.items():
        for panel in panels(dashboard):
            for target in panel.get("targets", ()):
                yield f"{name}: {panel['title']}", target["expr"]


def metrics_in(expression: str) -> set[str]:
    """The series that it reads from a scrape or from a recording rule."""
    bare = _OUTSIDE.sub(" ", _OUTSIDE.sub(" ", expression))
    return {name for name in _NAME.findall(bare) if name not in _WORDS}
