"""What a start would bill: everything that it depends on is read, and nothing is written."""

from dataclasses import replace
from datetime import UTC, datetime

from api.gift_codes import find_card_for_start
from api.schemas.previews import PreviewBody
from api.unpaid_start import held_by_unpaid_start
from db.database import Connection
from db.queries import plan_terms, promo_redemptions, purses, subscriptions
from domain.forecast import Forecast, forecast
from domain.gift_card import GiftCard, check_redeemable
from domain.plan import PlanTerms
from domain.planned import PlannedChange, PlannedFreeze, PlannedStart
from domain.promo import Promo
from domain.redeeming import redeem
from domain.refusals import RefusalCode, Refused
from domain.tenders import GiftMoney


async def preview_subscription(
    connection: Connection, user_id: int, asked: PreviewBody, gift_code_hash: bytes | None
) -> Forecast:
    """Raises `Refused` as a start would, and as each change and each freeze would."""
    start_at = asked.start_at or datetime.now(UTC)
    plan = await _find_plan(connection, asked.plan_code)
    held = await held_by_unpaid_start(connection, user_id, plan.currency)
    start = PlannedStart(
        plan=plan,
        at=start_at,
        promo=await _find_promo(connection, asked.promo_code, user_id, plan, start_at),
        purse=await purses.load_purse(connection, user_id, plan.currency, start_at, back=held),
        expiries=await purses.list_expiries(connection, user_id),
        is_trial=plan.trial_days > 0 and not await subscriptions.had_trial(connection, user_id),
    )
    if gift_code_hash is not None:
        start = _with_gift(start, user_id, await find_card_for_start(connection, user_id, gift_code_hash))
    wanted = {code: await _find_plan(connection, code) for code in {c.plan_code for c in asked.changes}}
    return forecast(
        start,
        asked.periods,
        [PlannedChange(change.at, wanted[change.plan_code]) for change in asked.changes],
        [PlannedFreeze(freeze.since, freeze.until) for freeze in asked.freezes],
    )


def _with_gift(start: PlannedStart, user_id: int, found: GiftCard | None) -> PlannedStart:
    """The newest of their gift cards; one that pays already stays where it is. Raises `Refused`."""
    purse = start.purse
    if found is not None and found.gift_card_id in {gift.gift_card_id for gift in purse.gifts}:
        return start
    card = check_redeemable(found, user_id, start.plan.currency, start.at)
    expiries = dict(start.expiries)
    if card.expires_at is not None:
        expiries[card.gift_card_id] = card.expires_at
    gifts = (*purse.gifts, GiftMoney(card.gift_card_id, card.balance_cents))
    return replace(start, purse=replace(purse, gifts=gifts), expiries=expiries)


async def _find_plan(connection: Connection, code: str) -> PlanTerms:
    plan = await plan_terms.find_plan_on_sale(connection, code)
    if plan is None:
        raise Refused(RefusalCode.PLAN_NOT_FOUND, "there is no such plan on sale")
    return plan.terms


async def _find_promo(
    connection: Connection, code: str | None, user_id: int, plan: PlanTerms, at: datetime
) -> Promo | None:
    if code is None:
        return None
    return redeem(await promo_redemptions.find_offer(connection, code, user_id), plan, at)
