"""What an endpoint's answer means; the secrets that it knows us by."""

import base64
from datetime import UTC, datetime, timedelta

import pytest

from domain.delivery import Answer, answered
from domain.endpoint_secrets import EndpointSecrets

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
SECRETS = EndpointSecrets(b"k" * 32)
A_MOMENT = timedelta(seconds=1)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_success_is_a_delivery(status: int) -> None:
    assert answered(status, {}, NOW) == Answer(status)
    assert answered(status, {}, NOW).is_delivered


@pytest.mark.parametrize("status", [100, 199, 300, 301, 302, 307, 308, 400, 401, 404, 429, 500, 503])
def test_anything_else_is_none(status: int) -> None:
    answer = answered(status, {}, NOW)

    assert (answer.is_delivered, answer.is_gone, answer.error) == (False, False, "refused")


def test_without_an_answer_nothing_is_delivered() -> None:
    answer = Answer(error="timeout")

    assert not answer.is_delivered
    assert not answer.is_gone


def test_gone_is_for_good() -> None:
    assert answered(410, {}, NOW).is_gone


@pytest.mark.parametrize(
    ("text", "wait"),
    [
        ("120", timedelta(seconds=120)),
        ("0", timedelta(seconds=1)),
        ("999999999", timedelta(hours=6)),
        ("9" * 400, timedelta(hours=6)),
        ("Mon, 02 Mar 2026 09:32:00 GMT", timedelta(minutes=2)),
        ("Mon, 02 Mar 2020 09:32:00 GMT", timedelta(seconds=1)),
        ("Mon, 02 Mar 2026 09:32:00", None),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ("٣", None),
    ],
)
def test_how_long_it_asks_to_wait(text: str, wait: timedelta | None) -> None:
    for status in (429, 503):
        assert answered(status, {"retry-after": text}, NOW).retry_after == wait
    assert answered(500, {"retry-after": text}, NOW).retry_after is None


def test_a_secret_is_the_same_one_again_and_nobody_elses() -> None:
    assert SECRETS.of(7, 1) == SECRETS.of(7, 1)
    others = {SECRETS.of(7, 2), SECRETS.of(71, 1), SECRETS.of(8, 1), EndpointSecrets(b"l" * 32).of(7, 1)}
    assert len(others - {SECRETS.of(7, 1)}) == 4


def test_a_secret_is_as_standard_webhooks_has_it() -> None:
    secret = SECRETS.of(7, 1)

    assert secret.startswith("whsec_")
    assert len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) == 32
    assert "k" * 32 not in repr(SECRETS)


def test_after_a_rotation_both_are_in_force_for_a_while() -> None:
    newest, before = SECRETS.of(7, 3), SECRETS.of(7, 2)

    assert SECRETS.in_force(7, 3, NOW + A_MOMENT, NOW) == (newest, before)
    assert SECRETS.in_force(7, 3, NOW, NOW) == (newest,)
    assert SECRETS.in_force(7, 3, None, NOW) == (newest,)
    assert SECRETS.in_force(7, 2, NOW + A_MOMENT, NOW) == (before, SECRETS.of(7, 1))
