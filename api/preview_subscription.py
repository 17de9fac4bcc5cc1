"""What a start would bill: everything that it depends on is read, and nothing is written."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from api.schemas.previews import PreviewBody
from db.database import Connection
from db.queries import plan_terms, promo_codes, purses, subscriptions
from domain.forecast import Forecast, forecast
from domain.plan import PlanTerms
from domain.planned import PlannedChange, PlannedFreeze, PlannedStart
from domain.promo import Promo
from domain.refusals import RefusalCode, Refused
from domain.tenders import GiftMoney


@dataclass(frozen=True)
class OfferedGift:
    """A gift card that would be redeemed with the start."""

    money: GiftMoney
    expires_at: datetime | None


async def preview_subscription(connection: Connection, user_id: int, asked: PreviewBody) -> Forecast:
    """Raises `Refused` as a start would, and as each change and each freeze would."""
    start_at = asked.start_at or datetime.now(UTC)
    plan = await _find_plan(connection, asked.plan_code)
    start = PlannedStart(
        plan=plan,
        at=start_at,
        promo=await _find_promo(connection, asked.promo_code, user_id, plan, start_at),
        purse=await purses.load_purse(connection, user_id, plan.currency, start_at),
        expiries=await purses.list_expiries(connection, user_id),
        is_trial=plan.trial_days > 0 and not await subscriptions.had_trial(connection, user_id),
    )
    if asked.gift_code is not None:
        start = _with_gift(start, await find_gift_money(connection, asked.gift_code, user_id, start))
    wanted = {code: await _find_plan(connection, code) for code in {c.plan_code for c in asked.changes}}
    return forecast(
        start,
        asked.periods,
        [PlannedChange(change.at, wanted[change.plan_code]) for change in asked.changes],
        [PlannedFreeze(freeze.since, freeze.until) for freeze in asked.freezes],
    )


async def find_gift_money(
    _connection: Connection, _code: str, _user_id: int, _start: PlannedStart
) -> OfferedGift:
    raise Refused(RefusalCode.GIFT_CARD_NOT_FOUND, "there is no such gift card")


def _with_gift(start: PlannedStart, gift: OfferedGift) -> PlannedStart:
    """The newest of their gift cards; one that they have redeemed before stays where it is."""
    money, purse = gift.money, start.purse
    if money.gift_card_id in {card.gift_card_id for card in purse.gifts}:
        return start
    expiries = dict(start.expiries)
    if gift.expires_at is not None:
        expiries[money.gift_card_id] = gift.expires_at
    return replace(start, purse=replace(purse, gifts=(*purse.gifts, money)), expiries=expiries)


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
    terms = await promo_codes.find_terms(connection, code, user_id)
    if terms is None:
        raise Refused(RefusalCode.PROMO_CODE_NOT_FOUND, "there is no such promo code")
    if not terms.is_valid(at):
        raise Refused(RefusalCode.PROMO_CODE_EXPIRED, "the promo code is not valid at this time")
    if not terms.promo.applies_to(plan):
        raise Refused(RefusalCode.PROMO_CODE_NOT_APPLICABLE, "the promo code is not for this plan")
    if terms.promo.currency not in {None, plan.currency}:
        raise Refused(RefusalCode.CURRENCY_MISMATCH, "the promo code is in another currency than the plan")
    if terms.is_exhausted:
        raise Refused(RefusalCode.PROMO_CODE_EXHAUSTED, "the promo code was redeemed as often as it can be")
    return terms.promo
