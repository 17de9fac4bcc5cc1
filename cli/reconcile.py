"""`italiano reconcile`: asks the rules now; tells what does not agree, and mends it when it is asked to."""

import asyncio
import json
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from datetime import timedelta

from rich.console import Console
from rich.table import Table

from cli.asking import ends_with_a_sentence
from cli.operator_settings import operator_settings
from db.database import Database
from db.queries import reconciliation
from ops.logging import configure_logging
from ops.settings import Settings
from ops.temporal_client import connect_temporal
from payments.providers import Providers
from upkeep.reconciliation.reach import NOTHING_IS_YOUNG, Bounds, Reach
from upkeep.reconciliation.reconciler import Looked, look, reconcile
from upkeep.reconciliation.rule import Rule
from upkeep.reconciliation.rules import RULES, rule_named

ASKED_BY = "operator"
FOUND, NOT_ASKED = 1, 2


def reconcile_books(names: Sequence[str], *, mends: bool, young: bool = False, as_json: bool) -> None:
    """Dry, it writes nothing. Ends the process with 1 when something is found, with 2 when a rule fails."""
    try:
        rules = [rule_named(name) for name in names] or list(RULES)
    except LookupError as error:
        sys.exit(f"FAIL {error}")
    settings = operator_settings()
    with redirect_stdout(sys.stderr):  # what is told on stdout is for a program, too
        configure_logging("cli", settings.log_level)
    bounds = NOTHING_IS_YOUNG if young else Bounds()
    with ends_with_a_sentence():
        looked = asyncio.run(_ask(settings, rules, bounds, mends=mends))
    told = list(zip(rules, looked, strict=True))
    if as_json:
        print(json.dumps([_as_json(rule, of_rule) for rule, of_rule in told], indent=2))
    else:
        _show(told, mends=mends)
    if any(of_rule.error for of_rule in looked):
        sys.exit(NOT_ASKED)
    if any(of_rule.found for of_rule in looked):
        sys.exit(FOUND)


async def _ask(settings: Settings, rules: Sequence[Rule], bounds: Bounds, *, mends: bool) -> list[Looked]:
    database = Database.from_settings(settings)
    providers = Providers.from_settings(settings)
    rpc_timeout = timedelta(milliseconds=settings.workflow_rpc_timeout_ms)
    try:
        reach = Reach(database, await connect_temporal(lazy=True), providers, rpc_timeout, bounds)
        return await (_mend(reach, rules) if mends else _only_look(reach, rules))
    finally:
        await providers.close()
        await database.close()


async def _only_look(reach: Reach, rules: Sequence[Rule]) -> list[Looked]:
    return [await look(reach, rule) for rule in rules]


async def _mend(reach: Reach, rules: Sequence[Rule]) -> list[Looked]:
    async with reach.database.transaction() as connection:
        run_id = await reconciliation.begin_run(connection, asked_by=ASKED_BY, mends=True)
    looked = [await reconcile(reach, run_id, rule, mends_all=True) for rule in rules]
    async with reach.database.transaction() as connection:
        await reconciliation.finish_run(connection, run_id)
    return looked


def _as_json(rule: Rule, looked: Looked) -> dict[str, object]:
    return {
        "rule": rule.name,
        "kind": rule.kind,
        "mend": rule.mend and rule.mend.does,
        "findings": [
            {
                "subject_kind": finding.subject_kind,
                "subject_id": finding.subject_id,
                "details": dict(finding.details),
            }
            for finding in looked.found
        ],
        "fixed": looked.fixed,
        "error": looked.error,
    }


def _show(told: Sequence[tuple[Rule, Looked]], *, mends: bool) -> None:
    table = Table(box=None)
    table.add_column("rule", min_width=max(len(rule.name) for rule, _ in told))  # `--rule` takes it whole
    for heading in ("kind", "found", "fixed" if mends else "with --fix each would be"):
        table.add_column(heading)
    for rule, looked in told:
        does = rule.mend.does if rule.mend else "left to a person"
        last = str(looked.fixed) if mends else does if looked.found else ""
        table.add_row(rule.name, rule.kind, looked.error or str(len(looked.found)), last)
    console = Console(file=sys.stdout, highlight=False, soft_wrap=True)
    console.print(table)
    for rule, looked in told:
        for finding in looked.found:
            print(
                f"{rule.name} {finding.subject_kind} {finding.subject_id} {json.dumps(dict(finding.details))}"
            )
    if not mends and any(looked.found for _, looked in told):
        print("Nothing was done: repeat it with --fix.")
