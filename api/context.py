"""What the routes share for the life of the process: opened once, handed in, closed at the end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from fastapi import Depends, Request
from temporalio.client import Client

from api.auth.ended_sessions import EndedSessionsKnown
from api.auth.passwords import PasswordHasher
from api.auth.sessions import Sessions
from api.auth.tokens import TokenIssuer
from api.change_plan import PlanChanger
from api.choose_payment_method import MethodChooser
from api.clock.turn import ClockTurner
from api.idempotency import AnswerKeeper
from api.open_refund import RefundOpener
from api.pay_invoice import InvoicePayer
from api.payment_methods import PaymentMethods
from api.payment_outcome import PaymentOutcomes
from api.quotes import QuoteSigner
from api.redeem_gift import GiftRedeemer
from api.refund_invoice import InvoiceRefunder
from api.refund_payment import PaymentRefunder
from api.start_subscription import SubscriptionStarter
from api.subscription_commands import SubscriptionCommands
from api.transfer import Transferrer
from db.database import Database
from domain.endpoint_secrets import EndpointSecrets
from domain.gift_codes import GiftCodes
from domain.invitation_tokens import InvitationTokens
from domain.reset_tokens import ResetTokens
from ops.settings import Settings
from ops.temporal_client import connect_temporal
from payments.providers import Providers
from upkeep.events.sending import EventSender
from upkeep.inbox_relay import InboxRelay


@dataclass(frozen=True)
class Context:
    settings: Settings
    database: Database
    temporal: Client
    providers: Providers
    tokens: TokenIssuer
    passwords: PasswordHasher
    sessions: Sessions
    ended_sessions: EndedSessionsKnown
    gift_codes: GiftCodes
    invitation_tokens: InvitationTokens
    answers: AnswerKeeper
    starter: SubscriptionStarter
    commands: SubscriptionCommands
    chooser: MethodChooser
    payer: InvoicePayer
    redeemer: GiftRedeemer
    changer: PlanChanger
    transferrer: Transferrer
    refunder: PaymentRefunder
    invoice_refunder: InvoiceRefunder
    clocks: ClockTurner
    relay: InboxRelay
    events: EventSender
    endpoint_secrets: EndpointSecrets
    reset_tokens: ResetTokens


@asynccontextmanager
async def open_context(settings: Settings, *, serves: bool = True) -> AsyncIterator[Context]:
    """Postgres, Temporal and providers need not be there yet: each is reached at its first use.

    `serves`: whether this process answers requests for long, so that it delivers the inbox's reports and
    keeps in mind which sessions were ended. A command that ends soon need not.
    """
    database = Database.from_settings(settings)
    rpc_timeout = timedelta(milliseconds=settings.workflow_rpc_timeout_ms)
    temporal = await connect_temporal(lazy=True, patience=rpc_timeout)
    tokens = TokenIssuer.from_settings(settings)
    providers = Providers.from_settings(settings)
    methods = PaymentMethods(database, providers)
    commands = SubscriptionCommands(database, temporal, rpc_timeout)
    outcomes = PaymentOutcomes(database)
    opener = RefundOpener(temporal, rpc_timeout)
    relay = InboxRelay(database, temporal, rpc_timeout)
    events = EventSender(allow_private=settings.events_allow_private)
    ended_sessions = EndedSessionsKnown(database, timedelta(minutes=settings.access_token_minutes))
    relaying = [asyncio.create_task(relay.run())] if serves else []
    looking = [asyncio.create_task(ended_sessions.run())] if serves else []
    try:
        yield Context(
            settings=settings,
            database=database,
            temporal=temporal,
            providers=providers,
            tokens=tokens,
            passwords=PasswordHasher.from_settings(settings),
            sessions=Sessions(settings, tokens),
            ended_sessions=ended_sessions,
            gift_codes=GiftCodes(settings.gift_code_key),
            invitation_tokens=InvitationTokens(settings.gift_code_key),
            answers=AnswerKeeper(database),
            starter=SubscriptionStarter(database, temporal, rpc_timeout, methods),
            commands=commands,
            chooser=MethodChooser(database, methods, commands),
            redeemer=GiftRedeemer(database, commands),
            payer=InvoicePayer(database, methods, commands, outcomes),
            changer=PlanChanger(database, commands, outcomes, QuoteSigner(settings.jwt_secrets)),
            transferrer=Transferrer(database, commands),
            refunder=PaymentRefunder(database, opener),
            invoice_refunder=InvoiceRefunder(database, opener),
            clocks=ClockTurner(database, temporal, providers, rpc_timeout),
            relay=relay,
            events=events,
            endpoint_secrets=EndpointSecrets(settings.events_key),
            reset_tokens=ResetTokens(settings.events_key),
        )
    finally:
        ended_sessions.stop()
        for task in relaying:
            task.cancel()
        await asyncio.gather(*relaying, *looking, return_exceptions=True)
        await events.close()
        await providers.close()
        await database.close()


async def get_context(request: Request) -> Context:
    context: Context = request.app.state.context
    return context


ContextDep = Annotated[Context, Depends(get_context)]
