"""What an overload must leave behind: all that was acknowledged, once, here and at the provider."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterable

from cli.bench import operations
from cli.bench.kept_connection import KeptConnection, connected
from cli.bench.mix import Load, Start
from cli.bench.operations import CREATED
from cli.bench.renewals import count_charges
from cli.dev.status import Status

SETTLED_SECONDS = 60.0
GLANCE_SECONDS = 0.1
REPEATED = 20
"""How many of the starts that were refused are sent once more."""

PAID, OPEN = "paid", "open"


async def find_lost(status: Status, load: Load) -> list[str]:
    """In words: starts that have not come to what was acknowledged, and refused ones that cannot begin."""
    paid = {student.user_id for student in load.paid}
    give_up_at = time.monotonic() + SETTLED_SECONDS
    lost: list[str] = []
    async with connected(status.api_url) as http, connected(status.psp_url) as psp:
        lost += [told async for told in _cannot_begin(http, load.refused[:REPEATED], give_up_at)]
        for start in load.started:
            expected = PAID if start.is_by_card or start.student.user_id in paid else OPEN
            if (found := await _invoices(http, start, expected, give_up_at)) != [expected]:
                lost.append(
                    f"user {start.student.user_id} has the invoices {found}, not one that is {expected}"
                )
            charges = await count_charges(psp, status.psp_api_key, start.student.subscription_id)
            if charges != int(start.is_by_card):
                lost.append(f"user {start.student.user_id}: {charges} charges, by card: {start.is_by_card}")
    return lost


async def _cannot_begin(
    http: KeptConnection, refused: Iterable[Start], give_up_at: float
) -> AsyncIterator[str]:
    """Each is repeated as its client would: with the same key, until it is taken."""
    for start in refused:
        while (reply := await operations.send_start(http, start.student, start.body)).status != CREATED:
            if not reply.says_when_to_retry or time.monotonic() > give_up_at:
                yield f"user {start.student.user_id} repeats a refused start: {reply}"
                break
            await asyncio.sleep(GLANCE_SECONDS)


async def _invoices(http: KeptConnection, start: Start, expected: str, give_up_at: float) -> list[str]:
    """The status of each of the student's invoices; it may take a while to be as expected."""
    while True:
        reply = await http.get("/invoices", start.student.token)
        found = [
            invoice["status"] if invoice["subscription_id"] == start.student.subscription_id else "of another"
            for invoice in json.loads(reply.body)["items"]
        ]
        if found == [expected] or time.monotonic() > give_up_at:
            return found
        await asyncio.sleep(GLANCE_SECONDS)
