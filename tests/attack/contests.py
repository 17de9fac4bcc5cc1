"""What many want at once and few can have: how it is given, and how somebody would who never met a race."""

import asyncio
import random
import uuid
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import func, select, text, update
from sqlalchemy.exc import IntegrityError
from temporalio.exceptions import ApplicationError

from activities.contracts import Cause
from api.auth.sessions import Sessions
from api.auth.tokens import RefreshClaims, TokenIssuer, new_token_id
from api.families import Families
from db.database import Connection, Database, is_unavailable
from db.queries import (
    family_invitations,
    family_members,
    gift_cards,
    idempotency,
    refresh_tokens,
    refundable,
    users,
)
from db.queries.family_invitations import NewInvitation
from db.queries.idempotency import Claim
from db.queries.refresh_tokens import Family
from db.tables.accounts import RefreshToken, User
from db.tables.billing import Refund
from db.tables.family import FamilyMember
from db.tables.gift_cards import GiftCard
from db.tables.messages import Note
from db.tables.promo_codes import PromoCode, PromoRedemption
from db.tables.subscriptions import TimelineEntry
from domain.family import MembershipEnd
from domain.invitation_tokens import InvitationTokens
from domain.lifecycle import Event
from domain.refusals import RefusalCode, Refused
from tests.activities.customer import Customer
from tests.activities.refunding import open_refund
from tests.db.rows import insert_row
from tests.races.market import issue_card, publish_code
from tests.stack import settings_for

CLIENTS = 50
TRIES = 500
"""On a busy machine fifty in line for one row wait longer than a lock is waited for."""
NO_LAST_LINE = text("SET LOCAL session_replication_role = replica")
"""No trigger and no foreign key: what is naive is to be seen, and not to be caught."""

LOST = {
    RefusalCode.PROMO_CODE_EXHAUSTED,
    RefusalCode.GIFT_CARD_NOT_FOUND,
    RefusalCode.REFUND_EXCEEDS_PAYMENT,
    RefusalCode.SEATS_FULL,
}


class Contest(ABC):
    """`places` of the clients can have the prize of a round."""

    places = 1

    def __init__(self, database: Database, clients: list[Customer]) -> None:
        self.database = database
        self.clients = clients

    @classmethod
    async def open(cls, database: Database) -> "Contest":
        async with database.transaction() as connection:
            ids = [await insert_row(connection, User) for _ in range(CLIENTS)]
        contest = cls(database, [Customer(database, user_id, None) for user_id in ids])
        await contest.prepare()
        return contest

    async def prepare(self) -> None:  # noqa: B027 - for most there is nothing to do
        """What everybody has before the first round."""

    @abstractmethod
    async def new_prize(self) -> Any: ...

    @abstractmethod
    async def take(self, client: int, prize: Any) -> bool:
        """Whether the client got it, or was told `LOST`."""

    @abstractmethod
    async def take_naively(self, connection: Connection, client: int, prize: Any) -> bool:
        """Reads, decides, and writes what it has decided."""

    @abstractmethod
    async def given(self, connection: Connection, prize: Any) -> int:
        """To how many, as the books have it."""

    async def race(self, prize: Any) -> int:
        """All at once. Returns how many were told that they have it."""
        return await self._race(lambda client: self.take(client, prize))

    async def race_naively(self, prize: Any) -> int:
        async def take(client: int) -> bool:
            try:
                async with self.database.transaction() as connection:
                    await connection.execute(NO_LAST_LINE)
                    return await self.take_naively(connection, client, prize)
            except IntegrityError:
                return False

        return await self._race(take)

    async def count(self, prize: Any) -> int:
        async with self.database.read() as connection:
            return await self.given(connection, prize)

    async def _race(self, take: Callable[[int], Awaitable[bool]]) -> int:
        async with asyncio.TaskGroup() as group:
            order = random.sample(range(CLIENTS), CLIENTS)
            told = [group.create_task(answered(take, client)) for client in order]
        return sum(task.result() for task in told)


async def answered(take: Callable[[int], Awaitable[bool]], client: int) -> bool:
    """Who is told to come again, since others were in the way for too long, comes again."""
    for _ in range(TRIES):
        try:
            return await take(client)
        except ApplicationError as refused:
            if refused.type not in LOST:
                raise
            return False
        except Refused as refused:
            if refused.code not in LOST:
                raise
            return False
        except Exception as error:
            if not is_unavailable(error):
                raise
    raise AssertionError(f"{client} was sent away {TRIES} times")


class LastOfAPromoCode(Contest):
    async def new_prize(self) -> str:
        return await publish_code(self.database, redemptions=1)

    async def take(self, client: int, prize: str) -> bool:
        await self.clients[client].start(promo_code=prize, starts_per_hour=10**6)
        return True

    async def take_naively(self, connection: Connection, client: int, prize: str) -> bool:
        query = select(PromoCode.id, PromoCode.redemption_count).where(PromoCode.code == prize)
        code_id, count = (await connection.execute(query)).one()
        if count >= 1:
            return False
        whose = {"promo_code_id": code_id, "user_id": self.clients[client].user_id}
        await insert_row(connection, PromoRedemption, **whose)
        counted = update(PromoCode).where(PromoCode.id == code_id).values(redemption_count=count + 1)
        await connection.execute(counted)
        return True

    async def given(self, connection: Connection, prize: str) -> int:
        query = (
            select(func.count())
            .select_from(PromoRedemption)
            .join(PromoCode, PromoCode.id == PromoRedemption.promo_code_id)
            .where(PromoCode.code == prize, PromoRedemption.status != "released")
        )
        return (await connection.execute(query)).scalar_one()


class OneGiftCard(Contest):
    async def prepare(self) -> None:
        self.states = [(await client.start()).state for client in self.clients]

    async def new_prize(self) -> str:
        return await issue_card(self.database, 500)

    async def take(self, client: int, prize: str) -> bool:
        await self.clients[client].redeem(self.states[client], prize)
        return True

    async def take_naively(self, connection: Connection, client: int, prize: str) -> bool:
        card = await gift_cards.find_card(connection, bytes.fromhex(prize))
        assert card is not None
        if card.redeemed_by is not None:
            return False
        whose = {"redeemed_by": self.clients[client].user_id, "redeemed_at": func.now()}
        await connection.execute(update(GiftCard).where(GiftCard.id == card.gift_card_id).values(**whose))
        return True

    async def given(self, connection: Connection, prize: str) -> int:
        """To whom it was told that it is theirs."""
        card = await gift_cards.find_card(connection, bytes.fromhex(prize))
        assert card is not None
        query = select(func.count()).where(
            TimelineEntry.event == Event.GIFT_REDEEMED,
            TimelineEntry.details["gift_card_id"].as_integer() == card.gift_card_id,
        )
        return (await connection.execute(query)).scalar_one()


class WhatIsLeftOfAPayment(Contest):
    """Of 19.90, everybody wants 4.00 back."""

    places = 4
    wanted_cents = 400

    async def new_prize(self) -> int:
        self.payer = await Customer.signup(self.database)
        opened = await self.payer.start()
        payment_id = opened.answer.payment_id
        assert payment_id is not None
        await self.payer.settle(await self.payer.report(payment_id))
        return payment_id

    async def take(self, client: int, prize: int) -> bool:
        await open_refund(self.payer, prize, self.wanted_cents, key=f"payment:{prize}:staff:{client}")
        return True

    async def take_naively(self, connection: Connection, client: int, prize: int) -> bool:
        payment = await refundable.load_payment(connection, prize)
        if payment.left_cents < self.wanted_cents:
            return False
        await insert_row(connection, Refund, payment_id=prize, amount_cents=self.wanted_cents)
        return True

    async def given(self, connection: Connection, prize: int) -> int:
        query = select(func.count()).where(Refund.payment_id == prize)
        return (await connection.execute(query)).scalar_one()


class OneRefreshToken(Contest):
    async def prepare(self) -> None:
        settings = settings_for("postgresql+psycopg://nowhere")
        self.tokens = TokenIssuer.from_settings(settings)
        self.sessions = Sessions(settings, self.tokens)

    async def new_prize(self) -> RefreshClaims:
        owner = await Customer.signup(self.database)
        async with self.database.transaction() as connection:
            account = await users.find_account(connection, owner.user_id)
            assert account is not None
            session = await self.sessions.open(connection, account)
        assert session is not None
        return self.tokens.read_refresh(session.refresh_token)

    async def take(self, client: int, prize: RefreshClaims) -> bool:
        async with self.database.transaction() as connection:
            return await self.sessions.renew(connection, prize) is not None

    async def take_naively(self, connection: Connection, client: int, prize: RefreshClaims) -> bool:
        this = RefreshToken.token_hash == sha256(prize.token_id.encode()).digest()
        if (await connection.execute(select(RefreshToken.spent_at).where(this))).scalar_one() is not None:
            return False
        now = datetime.now(UTC)
        await connection.execute(update(RefreshToken).where(this).values(spent_at=now))
        await refresh_tokens.insert_refresh_token(
            connection,
            uuid.uuid4().bytes * 2,
            Family(uuid.uuid4().hex, now + timedelta(days=1)),
            user_id=prize.user_id,
            issued_at=now,
            expires_at=now + timedelta(hours=1),
        )
        return True

    async def given(self, connection: Connection, prize: RefreshClaims) -> int:
        """How many have followed on the first one."""
        query = select(func.count() - 1).where(RefreshToken.user_id == prize.user_id)
        return (await connection.execute(query)).scalar_one()


class LastSeat(Contest):
    plan = "P1Y-FAMILY"
    taken = 3
    """Beside the owner's: of five there is one left."""

    async def prepare(self) -> None:
        self.invitation_tokens = InvitationTokens(b"k" * 32)
        self.owner = await Customer.signup(self.database)
        self.state = await self.owner.start_and_pay(self.plan)
        async with self.database.transaction() as connection:
            for _ in range(self.taken):
                member = await Customer.signup(self.database)
                await self._seat(connection, member.user_id, await self._invite(connection, new_token_id()))

    async def new_prize(self) -> list[str]:
        """A key for each; whoever had the seat has left it."""
        keys = [uuid.uuid4().hex for _ in self.clients]
        ids = [client.user_id for client in self.clients]
        async with self.database.transaction() as connection:
            query = select(FamilyMember.id).where(
                FamilyMember.user_id.in_(ids), FamilyMember.left_at.is_(None)
            )
            for membership_id in (await connection.execute(query)).scalars():
                await family_members.end_membership(
                    connection, membership_id, MembershipEnd.LEFT, at=datetime.now(UTC), ended_by=ids[0]
                )
            for key in keys:
                await self._invite(connection, key)
        return keys

    async def take(self, client: int, prize: list[str]) -> bool:
        user_id = self.clients[client].user_id
        async with self.database.transaction() as connection:
            cause = Cause(f"user:{user_id}", "accept", "0" * 32)
            families = Families(connection, self.invitation_tokens, user_id, cause)
            await families.accept(self.invitation_tokens.of(prize[client]))
        return True

    async def take_naively(self, connection: Connection, client: int, prize: list[str]) -> bool:
        members = await family_members.count_members(connection, self.state.subscription_id)
        if members > self.taken:
            return False
        await self._seat(connection, self.clients[client].user_id, None)
        return True

    async def given(self, connection: Connection, prize: list[str]) -> int:
        return await family_members.count_members(connection, self.state.subscription_id) - self.taken

    async def _invite(self, connection: Connection, key: str) -> int:
        now = datetime.now(UTC)
        return await family_invitations.insert_invitation(
            connection,
            NewInvitation(
                subscription_id=self.state.subscription_id,
                key=key,
                token_hash=self.invitation_tokens.hash_of(self.invitation_tokens.of(key)),
                invited_by=self.owner.user_id,
                invited_at=now,
                expires_at=now + timedelta(days=1),
            ),
        )

    async def _seat(self, connection: Connection, user_id: int, invitation_id: int | None) -> None:
        await insert_row(
            connection,
            FamilyMember,
            subscription_id=self.state.subscription_id,
            user_id=user_id,
            invitation_id=invitation_id,
            joined_at=datetime.now(UTC),
        )


class OneIdempotencyKey(Contest):
    """Everybody sends the same request; what it does is to write a note."""

    async def new_prize(self) -> str:
        return uuid.uuid4().hex

    async def take(self, client: int, prize: str) -> bool:
        claim = Claim(self.clients[0].user_id, prize, "hash")
        async with self.database.transaction() as connection:
            if await idempotency.claim_key(connection, claim) is None:
                return False
            await insert_row(connection, Note, user_id=claim.user_id, text=prize)
            await idempotency.store_answer(connection, claim, 200, {})
        return True

    async def take_naively(self, connection: Connection, client: int, prize: str) -> bool:
        user_id = self.clients[0].user_id
        if await idempotency.find_answer(connection, user_id, prize) is not None:
            return False
        await insert_row(connection, Note, user_id=user_id, text=prize)
        return True

    async def given(self, connection: Connection, prize: str) -> int:
        query = select(func.count()).where(Note.text == prize)
        return (await connection.execute(query)).scalar_one()


CONTESTS: dict[str, type[Contest]] = {
    "promo code": LastOfAPromoCode,
    "gift card": OneGiftCard,
    "refund": WhatIsLeftOfAPayment,
    "refresh token": OneRefreshToken,
    "seat": LastSeat,
    "idempotency key": OneIdempotencyKey,
}
