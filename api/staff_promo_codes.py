"""Makes promo codes and changes them: freely before anybody has redeemed one, hardly at all afterwards."""

from dataclasses import asdict, replace
from datetime import UTC, datetime

from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from api.refusals import problem_of
from api.schemas.promo_codes import NewPromoCodeBody, PromoCodeBody, PromoCodeChangesBody
from api.staff_hand import Hand
from db.database import Connection
from db.queries import promo_codes
from db.queries.promo_codes import PromoCodeTerms
from domain.refusals import RefusalCode, Refused
from domain.staff_action import StaffAction

NO_SUCH_CODE = Refused(RefusalCode.PROMO_CODE_NOT_FOUND, "there is no such promo code")


async def create_promo_code(connection: Connection, body: NewPromoCodeBody, hand: Hand) -> PromoCodeBody:
    """Raises `Problem`: 404 for a plan that there never was, 409 for a code that is taken."""
    await _check_plans(connection, body)
    if await promo_codes.insert_promo_code(connection, body.as_terms(), hand.user.id) is None:
        raise problem_of(Refused(RefusalCode.PROMO_CODE_TAKEN, "there is a promo code of this name already"))
    await hand.note(connection, StaffAction.PROMO_CODE_CREATED, body.code)
    return await read_promo_code(connection, body.code)


async def change_promo_code(
    connection: Connection, code: str, body: PromoCodeChangesBody, hand: Hand
) -> PromoCodeBody:
    """Raises `Problem`: 404 for the code or a plan, 409 for what is promised, `RequestValidationError`."""
    published = await promo_codes.lock_promo_code(connection, code.upper())
    if published is None:
        raise problem_of(NO_SUCH_CODE)
    before = published.terms
    asked = replace(before, **body.sent())
    if published.first_redeemed_at is not None:
        asked = _kept(before, asked, datetime.now(UTC))
    whole = _checked(asked)
    await _check_plans(connection, whole)
    await promo_codes.replace_terms(connection, published.id, whole.as_terms())
    await hand.note(connection, StaffAction.PROMO_CODE_CHANGED, before.code)
    return await read_promo_code(connection, before.code)


async def read_promo_code(connection: Connection, code: str) -> PromoCodeBody:
    """Raises a 404 `Problem`."""
    published = await promo_codes.find_promo_code(connection, code.upper())
    if published is None:
        raise problem_of(NO_SUCH_CODE)
    return PromoCodeBody.of(published)


def _kept(before: PromoCodeTerms, asked: PromoCodeTerms, now: datetime) -> PromoCodeTerms:
    """What was promised stays: only the end may move, to now or later, and the limit upwards."""
    ends_at = asked.valid_until
    if ends_at is not None and ends_at != before.valid_until and ends_at < now:
        is_over = before.valid_until is not None and before.valid_until <= now
        ends_at = before.valid_until if is_over else now
    movable = replace(before, valid_until=ends_at, max_redemptions=asked.max_redemptions)
    if asked != replace(movable, valid_until=asked.valid_until) or _is_lowered(before, asked):
        raise problem_of(
            Refused(RefusalCode.PROMO_TERMS_FROZEN, "the promo code was redeemed: its terms are promised")
        )
    return movable


def _is_lowered(before: PromoCodeTerms, asked: PromoCodeTerms) -> bool:
    if asked.max_redemptions is None:
        return False
    return before.max_redemptions is None or asked.max_redemptions < before.max_redemptions


def _checked(terms: PromoCodeTerms) -> NewPromoCodeBody:
    """The rules that hold between the fields of a new code hold after a change too."""
    try:
        return NewPromoCodeBody.model_validate(asdict(terms))
    except ValidationError as invalid:
        raise RequestValidationError(invalid.errors()) from invalid


async def _check_plans(connection: Connection, body: NewPromoCodeBody) -> None:
    unknown = await promo_codes.find_unknown_plans(connection, body.plan_codes)
    if unknown:
        raise problem_of(Refused(RefusalCode.PLAN_NOT_FOUND, f"there is no plan {unknown[0]}"))
