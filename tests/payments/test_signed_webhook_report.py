"""What a verified body may say."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.payment import PaymentFact, ReportedStatus
from payments.provider_report import ProviderReport, ReportRefusedError
from payments.signed_webhook import parse

LARGEST = 2**63 - 1
SUCCEEDED = {"payment_id": 1, "status": "SUCCEEDED", "provider": "mock"}


def body_with(**changes: Any) -> bytes:
    """A good body, changed; a field that becomes `...` is left out."""
    fields = SUCCEEDED | changes
    return json.dumps({name: value for name, value in fields.items() if value is not ...}).encode()


def refusal_of(body: bytes) -> ReportRefusedError:
    with pytest.raises(ReportRefusedError) as refused:
        parse(body)
    return refused.value


def test_the_least_that_a_report_says() -> None:
    assert parse(body_with()) == ProviderReport(
        provider="mock",
        payment_id=1,
        fact=PaymentFact(ReportedStatus.SUCCEEDED, amount_cents=None, currency=None),
        event_id=None,
        occurred_at=None,
        decline_code=None,
    )


def test_all_that_a_report_can_say() -> None:
    body = body_with(
        payment_id=LARGEST,
        status="FAILED",
        event_id="evt_1",
        occurred_at="2026-03-01T12:00:00+02:00",
        amount_cents=0,
        currency="EUR",
        decline_code="insufficient_funds",
    )

    report = parse(body)

    assert report == ProviderReport(
        provider="mock",
        payment_id=LARGEST,
        fact=PaymentFact(ReportedStatus.FAILED, amount_cents=0, currency="EUR"),
        event_id="evt_1",
        occurred_at=datetime(2026, 3, 1, 10, tzinfo=UTC),
        decline_code="insufficient_funds",
    )


def test_null_says_nothing() -> None:
    nothing = dict.fromkeys(("event_id", "occurred_at", "amount_cents", "currency", "decline_code"))

    assert parse(body_with(**nothing)) == parse(body_with())


def test_layout_does_not_matter() -> None:
    spread = json.dumps(dict(reversed(SUCCEEDED.items())), indent=4).encode() + b"\n"

    assert parse(spread) == parse(body_with())


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"   ", id="blank"),
        pytest.param(b"payment_id=1", id="a form"),
        pytest.param(b'{"payment_id": 1,', id="cut off"),
        pytest.param(b'{"payment_id": 1,}', id="a comma too many"),
        pytest.param(b"{'payment_id': 1}", id="single quotes"),
        pytest.param(body_with() + b"x", id="something after it"),
        pytest.param(body_with() + body_with(), id="two"),
        pytest.param(b"\x00" + body_with(), id="NUL before it"),
        pytest.param(body_with().replace(b"mock", b"mo\x00ck"), id="NUL inside"),
        pytest.param(body_with().replace(b"mock", b"\xff\xfe"), id="not UTF-8"),
        pytest.param(b"\xef\xbb\xbf" + body_with(), id="a byte order mark"),
        pytest.param(body_with().decode().encode("utf-16"), id="UTF-16"),
        pytest.param(b"[" * 10_000 + b"]" * 10_000, id="10 000 lists deep"),
        pytest.param(b'{"a":' * 10_000 + b"1" + b"}" * 10_000, id="10 000 objects deep"),
        pytest.param(b"[" * 60_000, id="60 000 brackets"),
    ],
)
def test_what_is_not_json(body: bytes) -> None:
    assert refusal_of(body).code == "invalid_json"


@pytest.mark.parametrize("body", [b"null", b"1", b'"SUCCEEDED"', b"[]", b"true", b"[" + body_with() + b"]"])
def test_json_that_is_not_an_object(body: bytes) -> None:
    assert refusal_of(body).code == "invalid_payload"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(
            ("payment_id", value)
            for value in (..., None, "1", 1.0, 1.5, True, [1], 0, -1, LARGEST + 1, 10**400)
        ),
        ("payment_id", float("nan")),
        ("payment_id", float("inf")),
        *(("status", value) for value in (..., None, 1, True, ["SUCCEEDED"], "S" * 41)),
        *(("provider", value) for value in (..., None, "", "Mock", "stripe", "mock\x00", 1)),
        *(("event_id", value) for value in ("", 1, "a b", "e\n", "e\x00", "è", "x" * 201)),
        *(("occurred_at", value) for value in ("", "yesterday", "2026-03-01", "2026-03-01T12:00:00", True)),
        *(("occurred_at", value) for value in (float("nan"), float("inf"), 10**30, "2026-02-30T12:00:00Z")),
        *(("amount_cents", value) for value in (-1, 19.9, 1990.0, "1990", True, LARGEST + 1, float("nan"))),
        *(("currency", value) for value in ("", "eur", "EURO", "EU", "€", "EUR\n", 978, "EU\x00")),
        *(("occurred_at", value) for value in (0, 1_772_000_000, 1.5, "1772000000", "2026-03-01 12:00:00Z")),
        *(
            ("decline_code", value)
            for value in ("", 1, "x" * 201, "\x1b[31m", "\x00", "a\nb", "\x85", "\u2028")
        ),
        ("amount", 1),
        ("role", "admin"),
        ("__proto__", {}),
    ],
)
def test_a_field_that_is_wrong_or_unknown_is_named(field: str, value: Any) -> None:
    refused = refusal_of(body_with(**{field: value}))

    assert refused.code == "invalid_payload"
    assert field in refused.detail


@pytest.mark.parametrize("reason", ["not enough funds", "Carta scaduta: è già finita", "資金不足", "x" * 200])
def test_a_decline_is_told_in_the_provider_s_own_words(reason: str) -> None:
    assert parse(body_with(status="FAILED", decline_code=reason)).decline_code == reason


@pytest.mark.parametrize(
    "repeated",
    [
        b'"payment_id":1',
        b'"payment_id":2',
        b'"status":"FAILED"',
        b'"st\\u0061tus":"SUCCEEDED"',
        b'"event_id":null,"event_id":"evt_1"',
        b'"amount_cents":' + b"9" * 4_300 + b',"amount_cents":1',
        b'"event_id":' + b"[" * 100 + b"]" * 100 + b',"event_id":null',
    ],
)
def test_a_name_that_is_there_twice_says_nothing(repeated: bytes) -> None:
    body = b"{" + repeated + b"," + body_with()[1:]

    assert refusal_of(body).code == "invalid_payload"


@pytest.mark.parametrize("status", ["succeeded", "PENDING", "REFUNDED", "", " SUCCEEDED", "\x00"])
def test_a_status_that_we_do_not_know(status: str) -> None:
    assert refusal_of(body_with(status=status)).code == "unsupported_status"


def test_a_refusal_quotes_no_more_than_a_name() -> None:
    body = body_with(event_id="canary with spaces", **{"u" * 5_000: "canary"})

    refused = refusal_of(body)

    assert "canary" not in refused.detail
    assert len(refused.detail) < 200


@given(st.binary(max_size=300))
def test_any_bytes_are_a_report_or_a_refusal(body: bytes) -> None:
    with suppress(ReportRefusedError):
        assert isinstance(parse(body), ProviderReport)


REPORTS = st.builds(
    ProviderReport,
    provider=st.just("mock"),
    payment_id=st.integers(1, LARGEST),
    fact=st.builds(
        PaymentFact,
        status=st.sampled_from(ReportedStatus),
        amount_cents=st.none() | st.integers(0, LARGEST),
        currency=st.none() | st.from_regex(r"[A-Z]{3}", fullmatch=True),
    ),
    event_id=st.none() | st.from_regex(r"[!-~]{1,200}", fullmatch=True),
    occurred_at=st.none() | st.datetimes(timezones=st.just(UTC)),
    decline_code=st.none()
    | st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), min_size=1, max_size=200),
)


@given(REPORTS)
def test_what_is_said_is_what_is_read(report: ProviderReport) -> None:
    body = body_with(
        payment_id=report.payment_id,
        status=report.fact.status,
        event_id=report.event_id,
        occurred_at=report.occurred_at and report.occurred_at.isoformat(),
        amount_cents=report.fact.amount_cents,
        currency=report.fact.currency,
        decline_code=report.decline_code,
    )

    assert parse(body) == report


def test_the_sandbox_reports_in_the_same_words() -> None:
    assert parse(body_with(provider="sandbox")).provider == "sandbox"
