"""What a story is told with: who plays, what they ask for, and from where on somebody may die."""

import json
import uuid
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

from tests.book import workflow_id_of
from tests.chaos.history import Outcome
from tests.client import Student, sign
from tests.crash_points.ground import Ground
from tests.lives import Life
from tests.races.commands import card
from tests.races.racers import Racer

WHY = "the story asks for it"


@dataclass
class Scene:
    """`props` are put away when all is at rest."""

    ground: Ground
    watch: Callable[[], None]
    props: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def may_break(self) -> None:
        """Now it begins: what was before has happened undisturbed, and is at rest."""
        await self.ground.comes_to_rest()
        self.watch()

    async def somebody(self) -> Student:
        return (await Racer.enter(self.ground.world)).student

    async def ask(self, who: Student, path: str, body: Any = None, *, method: str = "POST") -> Any:
        """The answer, as it is once somebody lives who gives it. Fails when it is a no."""
        keyed = method == "POST"
        asked = await self.ground.desk.ask(path, who, path, body, method=method, keyed=keyed)
        assert asked.outcome is Outcome.DONE, f"{asked}"
        return asked.answer

    async def starts(self, who: Student, plan_code: str = "P30D", **fields: Any) -> Life:
        started = await self.ask(who, "/subscriptions/start", {"plan_code": plan_code} | fields)
        subscription_id = started["subscription_id"]
        workflow_id = await workflow_id_of(self.ground.world.database, subscription_id)
        return Life(self.ground.world, who, subscription_id, started["payment_id"], workflow_id)

    async def starts_by_card(self, who: Student, behaves: str = "tok_ok", **fields: Any) -> Life:
        method = {"provider": "sandbox", "token": card(behaves)}
        return await self.starts(who, payment_method=method, **fields)

    async def has_paid(self, **fields: Any) -> Life:
        """Somebody whose subscription runs, paid by card."""
        life = await self.starts_by_card(await self.somebody(), **fields)
        await life.becomes("active")
        return life

    async def orders(self, life: Life, command: str, body: Any = None) -> Any:
        return await self.ask(life.student, f"/subscriptions/{life.subscription_id}/{command}", body)

    async def staff(self, path: str, body: Any) -> Any:
        return await self.ask(self.ground.admin, f"/admin/{path}", body)

    async def turns(self, life: Life, by: str) -> None:
        """Its clock alone, by staff."""
        await self.staff(f"subscriptions/{life.subscription_id}/clock", {"advance": by})

    async def reports(self, life: Life, status: str = "SUCCEEDED") -> None:
        """As the provider of somebody who pays by hand: again, until it is taken."""
        event = {"payment_id": life.payment_id, "status": status, "provider": "mock"}
        body = json.dumps(event | {"event_id": uuid.uuid4().hex}).encode()
        signature = sign(body, self.ground.stack.webhook_secret)
        told = await self.ground.desk.report(life.student, body, signature)
        assert told.outcome is Outcome.DONE, f"{told}"


Story = Callable[[Scene], Awaitable[Life]]
"""Returns whose books it is about."""
