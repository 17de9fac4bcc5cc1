"""The adapter to the sandbox: a payment provider with test tokens, which runs beside the product."""

import re
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any, TypeVar
from urllib.parse import quote

import httpx2
from pydantic import AwareDatetime, BaseModel, Field, ValidationError

from domain.payment import Decline
from payments.provider import (
    Charge,
    ChargeOrder,
    ChargeStatus,
    ListedCharge,
    MethodDetails,
    MethodRefusedError,
    OutcomeUnknownError,
    ProviderRejectedError,
    ProviderUnavailableError,
    Refund,
    RefundOrder,
    RefundStatus,
)
from payments.provider_spans import traced

NAME = "sandbox"
TIMEOUT = httpx2.Timeout(5.0, connect=2.0)
LIMITS = httpx2.Limits(max_connections=50, max_keepalive_connections=50, keepalive_expiry=2.0)
"""Connections are given up long before a server does: a charge sent into a closing one would be unknown."""

TOKEN = re.compile(r"[A-Za-z0-9_-]{1,200}", re.ASCII)
LISTED_AT_ONCE = 500
UNKNOWN_METHOD = "The provider does not know this payment method."

NEVER_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError)
TURNED_AWAY = (httpx2.codes.TOO_MANY_REQUESTS, httpx2.codes.SERVICE_UNAVAILABLE)
CUT_SHORT = (httpx2.codes.REQUEST_TIMEOUT, httpx2.codes.TOO_EARLY)
"""What a proxy says between us and the provider, who has refused nothing."""

Body = TypeVar("Body", bound=BaseModel)
Cents = Annotated[int, Field(ge=0)]


class _MethodBody(BaseModel):
    brand: str
    last4: str
    expiry_month: int
    expiry_year: int


class _ChargeBody(BaseModel):
    id: str
    status: ChargeStatus
    amount_cents: Cents
    currency: str
    decline_code: str | None
    action_url: str | None


class _ListedBody(_ChargeBody):
    payment_id: int
    refunded_cents: Cents
    charged_back_cents: Cents
    created_at: AwareDatetime


class _PageBody(BaseModel):
    charges: list[_ListedBody]
    next_cursor: str | None


class _RefundBody(BaseModel):
    id: str
    status: RefundStatus
    amount_cents: Cents
    currency: str


class _PendingBody(BaseModel):
    count: int


class _ErrorBody(BaseModel):
    code: str = ""
    message: str = ""


class Sandbox:
    """Holds connections open until `close`."""

    def __init__(self, url: str, api_key: str, timeout: httpx2.Timeout = TIMEOUT) -> None:
        self._http = httpx2.AsyncClient(
            base_url=url,
            headers={"Authorization": f"Bearer {api_key}"},
            timeout=timeout,
            limits=LIMITS,
            trust_env=False,
        )

    @property
    def name(self) -> str:
        return NAME

    async def close(self) -> None:
        await self._http.aclose()

    @traced
    async def describe_method(self, token: str, user_id: int) -> MethodDetails:  # noqa: ARG002 - the port's
        if not TOKEN.fullmatch(token):  # a customer's word must not choose another address
            raise MethodRefusedError(UNKNOWN_METHOD)
        answer = await self._ask(f"/v1/payment-methods/{token}")
        if _is_refused_as(answer, "payment_method_not_found"):
            raise MethodRefusedError(UNKNOWN_METHOD)
        return MethodDetails(token, **_read(_MethodBody, answer).model_dump())

    @traced
    async def charge(self, order: ChargeOrder) -> Charge:
        body = {
            "payment_id": order.payment_id,
            "subscription_id": order.subscription_id,
            "method_token": order.method_token,
            "amount_cents": order.amount_cents,
            "currency": order.currency,
        }
        return _charge_in(await self._do("/v1/charges", body, key=order.key))

    @traced
    async def find_charge(self, key: str, method_token: str | None) -> Charge | None:  # noqa: ARG002 - the port's
        answer = await self._ask(f"/v1/charges/by-key/{_quoted(key)}")
        return None if _is_refused_as(answer, "charge_not_found") else _charge_in(answer)

    @traced
    async def cancel_charge(self, key: str, method_token: str | None) -> Charge | None:  # noqa: ARG002 - the port's
        answer = await self._do(f"/v1/charges/by-key/{_quoted(key)}/cancel")
        return None if _is_refused_as(answer, "charge_not_found") else _charge_in(answer)

    @traced
    async def refund(self, order: RefundOrder) -> Refund:
        body = {
            "charge_key": order.charge_key,
            "amount_cents": order.amount_cents,
            "currency": order.currency,
        }
        return _refund_in(await self._do("/v1/refunds", body, key=order.key))

    @traced
    async def find_refund(self, order: RefundOrder) -> Refund | None:
        answer = await self._ask(f"/v1/refunds/by-key/{_quoted(order.key)}")
        return None if _is_refused_as(answer, "refund_not_found") else _refund_in(answer)

    async def list_charges(self, since: datetime, until: datetime) -> AsyncIterator[ListedCharge]:
        within = {"created_from": since.isoformat(), "created_before": until.isoformat()}
        cursor: str | None = "0"
        while cursor is not None:
            answer = await self._ask("/v1/charges", **within, cursor=cursor, limit=LISTED_AT_ONCE)
            page = _read(_PageBody, answer)
            for charge in page.charges:
                yield _listed(charge)
            cursor = page.next_cursor

    async def count_undelivered(self, subscription_id: int) -> int:
        """How many reports are still on their way, or will be when customers confirm by themselves.

        No part of the port: no real provider tells it. Raises as the calls of the port do.
        """
        answer = await self._ask("/v1/deliveries/pending", subscription_id=subscription_id)
        return _read(_PendingBody, answer).count

    async def _ask(self, path: str, **params: int | str) -> httpx2.Response:
        """A question that gets no answer has done nothing."""
        try:
            return await self._http.get(path, params=params)
        except httpx2.RequestError as error:
            raise _unavailable(error) from error

    async def _do(
        self, path: str, body: dict[str, Any] | None = None, *, key: str | None = None
    ) -> httpx2.Response:
        headers = {} if key is None else {"Idempotency-Key": key}
        try:
            return await self._http.post(path, json=body, headers=headers)
        except NEVER_SENT as error:
            raise _unavailable(error) from error
        except httpx2.RequestError as error:
            raise OutcomeUnknownError(f"no answer from the provider: {type(error).__name__}") from error


def _unavailable(error: Exception) -> ProviderUnavailableError:
    return ProviderUnavailableError(f"the provider cannot be reached: {type(error).__name__}")


def _quoted(part: str) -> str:
    return quote(part, safe="")


def _is_refused_as(answer: httpx2.Response, code: str) -> bool:
    """Its code says it, not the status alone: a wrong address is a 404 too."""
    return answer.status_code == httpx2.codes.NOT_FOUND and _error_in(answer).code == code


def _charge_in(answer: httpx2.Response) -> Charge:
    body = _read(_ChargeBody, answer)
    declined = body.status is ChargeStatus.FAILED
    return Charge(
        reference=body.id,
        status=body.status,
        amount_cents=body.amount_cents,
        currency=body.currency,
        decline=Decline.of(body.decline_code) if declined else None,
        action_url=body.action_url,
    )


def _listed(body: _ListedBody) -> ListedCharge:
    return ListedCharge(
        body.id,
        body.payment_id,
        body.status,
        body.amount_cents,
        body.refunded_cents,
        body.charged_back_cents,
        body.currency,
        body.created_at,
    )


def _refund_in(answer: httpx2.Response) -> Refund:
    body = _read(_RefundBody, answer)
    return Refund(body.id, body.status, body.amount_cents, body.currency)


def _read(kind: type[Body], answer: httpx2.Response) -> Body:
    """Raises as every call of the port does. An answer that cannot be read may stand for something done."""
    if answer.status_code in TURNED_AWAY:
        raise ProviderUnavailableError(f"the provider answered {answer.status_code}")
    if answer.is_client_error and answer.status_code not in CUT_SHORT:
        error = _error_in(answer)
        raise ProviderRejectedError(f"{answer.status_code} {error.code}: {error.message}")
    try:
        if answer.is_success:
            return kind.model_validate_json(answer.content)
    except ValidationError as error:
        raise OutcomeUnknownError("the provider's answer cannot be read") from error
    raise OutcomeUnknownError(f"the provider answered {answer.status_code}")


def _error_in(answer: httpx2.Response) -> _ErrorBody:
    try:
        return _ErrorBody.model_validate_json(answer.content)
    except ValidationError:
        return _ErrorBody()
