"""What a workflow orders says in the Temporal UI what it is about."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SAYS = {
    "execute_activity": "summary",
    "sleep": "summary",
    "start_child_workflow": "static_summary",
    "start_workflow": "static_summary",
    "WithStartWorkflowOperation": "static_summary",
}


def silent(source: str) -> list[int]:
    """The lines of orders that carry no summary. `asyncio.sleep` orders nothing of an engine."""
    return [
        call.lineno
        for call in ast.walk(ast.parse(source))
        if isinstance(call, ast.Call)
        and (wanted := SAYS.get(_name(call.func)))
        and wanted not in {keyword.arg for keyword in call.keywords}
    ]


def _name(called: ast.expr) -> str:
    if isinstance(called, ast.Attribute):
        return "" if _orders_nothing(called.value) else called.attr
    return called.id if isinstance(called, ast.Name) else ""


def _orders_nothing(holder: ast.expr) -> bool:
    """The library's sleep, or an interceptor that passes on what was ordered before it."""
    is_of_asyncio = isinstance(holder, ast.Name) and holder.id == "asyncio"
    passes_on = isinstance(holder, ast.Call) and _name(holder.func) == "super"
    return is_of_asyncio or passes_on


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("workflow.execute_activity(act, 1, **OPTIONS)", [1]),
        ("workflow.execute_activity(act, 1, summary='x', **OPTIONS)", []),
        ("temporal.start_workflow(run, summary='x')", [1]),
        ("asyncio.sleep(1)\nworkflow.sleep(1)", [2]),
        ("super().start_child_workflow(input)", []),
    ],
)
def test_silence_is_recognized(source: str, lines: list[int]) -> None:
    assert silent(source) == lines


def test_everything_ordered_says_what_it_is_about() -> None:
    modules = sorted(module for room in ("workflows", "api") for module in (ROOT / room).rglob("*.py"))
    found = {str(module.relative_to(ROOT)): silent(module.read_text()) for module in modules}

    assert modules
    assert {module: lines for module, lines in found.items() if lines} == {}
