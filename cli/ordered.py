"""`italiano ordered`: the commands that Temporal remembers and a restored database has forgotten."""

import asyncio
import json
import sys
from contextlib import redirect_stdout
from dataclasses import asdict
from datetime import datetime, timedelta
from itertools import groupby

import typer

from cli.asking import ends_with_a_sentence
from cli.operator_settings import operator_settings
from db.database import Database
from domain.window import parse_moment
from ops.logging import configure_logging
from ops.settings import Settings
from ops.temporal_client import connect_temporal
from payments.providers import Providers
from upkeep.ordered_since import Ordered, order_again, ordered_since
from upkeep.reconciliation.reach import Reach

Told = list[tuple[Ordered, str]]

ONLY_LISTED = ""


def show_ordered(since: str, *, again: bool, as_json: bool) -> None:
    """`since` is a date or an instant."""
    try:
        moment = parse_moment(since)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--since") from error
    settings = operator_settings()
    with redirect_stdout(sys.stderr):  # what is told on stdout is for a program, too
        configure_logging("cli", settings.log_level)
    with ends_with_a_sentence():
        told = asyncio.run(_ordered(settings, moment, again=again))
    if as_json:
        print(json.dumps([_as_object(ordered, outcome) for ordered, outcome in told], indent=2))
        return
    for ordered, outcome in told:
        print(f"{ordered.at.isoformat()} {ordered.workflow_id} {ordered.name} {outcome}".rstrip())
    print(f"{len(told)} commands since {moment.isoformat()}")


async def _ordered(settings: Settings, since: datetime, *, again: bool) -> Told:
    database = Database.from_settings(settings)
    providers = Providers.from_settings(settings)
    rpc_timeout = timedelta(milliseconds=settings.workflow_rpc_timeout_ms)
    try:
        reach = Reach(database, await connect_temporal(), providers, rpc_timeout)
        found = [each async for each in ordered_since(reach.temporal, since)]
        if not again:
            return [(each, ONLY_LISTED) for each in found]
        told: Told = []
        for _, group in groupby(sorted(found, key=_place), key=lambda ordered: ordered.workflow_id):
            of_one = list(group)
            told += zip(of_one, await order_again(reach, of_one), strict=True)
        return told
    finally:
        await providers.close()
        await database.close()


def _place(ordered: Ordered) -> tuple[str, datetime]:
    """A workflow may have had several runs since."""
    return ordered.workflow_id, ordered.at


def _as_object(ordered: Ordered, outcome: str) -> dict[str, object]:
    return {**asdict(ordered), "at": ordered.at.isoformat(), "outcome": outcome or None}
