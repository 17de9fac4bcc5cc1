"""`italiano clock advance`: turns the clock of one subscription on the running stack, as its admin."""

import json
import re
import secrets
import sys
from datetime import datetime
from typing import Any

import httpx2
import typer

from cli.dev.home import Home
from cli.dev.stack_error import StackError
from cli.dev.status import Status
from cli.while_busy import ask_while_busy
from domain.duration import parse_duration

HTTP_SECONDS = 180

WAITS_FOR = {
    "due_date": "its due date",
    "payment": "its payment",
    "customer_action": "its customer, to confirm a payment",
    "provider": "its payment provider",
    "operator": "an operator",
}

_SHORT = re.compile(r"(\d+)([wdhms])", re.ASCII)


class RefusedError(Exception):
    """The API said no; the message says why."""


def advance_clock(subscription_id: int, length: str, *, as_json: bool) -> None:
    advance = iso_duration(length)
    try:
        stack = Status.of_running(Home.from_environment())
        with httpx2.Client(base_url=stack.api_url, timeout=HTTP_SECONDS, trust_env=False) as http:
            turned = _turn(http, stack, subscription_id, advance)
    except (StackError, RefusedError) as error:
        sys.exit(f"FAIL {error}")
    except httpx2.RequestError as error:
        sys.exit(f"FAIL the API does not answer: {error!r}")
    print(json.dumps(turned, indent=2) if as_json else "\n".join(_told(subscription_id, turned)))


def iso_duration(length: str) -> str:
    """`31d` and `12h` are short for `P31D` and `PT12H`. Raises `typer.BadParameter`."""
    short = _SHORT.fullmatch(length)
    iso = length if short is None else _spelled_out(*short.groups())
    try:
        parse_duration(iso)
    except ValueError as error:
        raise typer.BadParameter(f"{length!r} is {error}; 31d, 12h or P31D are right") from error
    return iso


def _spelled_out(number: str, unit: str) -> str:
    return f"{'P' if unit in 'wd' else 'PT'}{number}{unit.upper()}"


def _turn(http: httpx2.Client, stack: Status, subscription_id: int, advance: str) -> dict[str, Any]:
    """A turn that is cut short is finished by the same request under the same key."""
    session = _answer(
        http.post("/auth/login", json={"email": stack.admin_email, "password": stack.admin_password})
    )
    headers = {"Authorization": f"Bearer {session['access_token']}", "Idempotency-Key": secrets.token_hex(16)}
    address, order = f"/admin/subscriptions/{subscription_id}/clock", {"advance": advance}
    return _answer(ask_while_busy(lambda: http.post(address, json=order, headers=headers)))


def _answer(answer: httpx2.Response) -> dict[str, Any]:
    body: dict[str, Any] = answer.json()
    if not answer.is_success:
        raise RefusedError(f"{answer.request.url.path} answered {body['code']}: {body['detail']}")
    return body


def _told(subscription_id: int, turned: dict[str, Any]) -> list[str]:
    ahead = datetime.fromisoformat(turned["advanced_to"]) - datetime.fromisoformat(turned["now"])
    lines = [f"subscription {subscription_id} is at {turned['advanced_to']}, {ahead} ahead of today"]
    lines += [
        f"  {entry['occurred_at']}  {entry['event']:<16} {entry['actor']}: {entry['cause']}"
        for entry in turned["happened"]
    ] or ["  nothing happened"]
    if turned["waiting_for"] is None:
        return [*lines, "  it has ended: nothing waits"]
    upcoming = f"; {turned['next_action']} at {turned['next_action_at']}" if turned["next_action"] else ""
    return [*lines, f"  it waits for {WAITS_FOR[turned['waiting_for']]}{upcoming}"]
