"""`Stripe-Signature`: over the raw bytes and their time, by every secret in use, within five minutes."""

import hmac
from collections.abc import Sequence

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st

from payments.provider_report import ReportRefusedError
from payments.stripe_webhook import MOST_ITEMS, sign, verify

NOW = 1_700_000_000
SECRET = "whsec_for_this_example_only"
OLD_SECRET = "whsec_before_the_rotation"
BODY = b'{"id":"evt_1","type":"payment_intent.succeeded"}'

# As `printf %s "1700000000.$body" | openssl dgst -sha256 -hmac "$secret"` says.
DIGEST = "9de671f13da006df741b7351941bff686e76e13153545f3f0d057e9e65072e0a"
SIGNED = f"t={NOW},v1={DIGEST}"
OTHER = "0" * 64


def refusal_of(
    header: str | Sequence[str] = SIGNED,
    body: bytes = BODY,
    *,
    secrets: Sequence[str] = (SECRET,),
    now: float = NOW,
) -> str | None:
    """The code of the refusal; `None` when the body is taken."""
    try:
        verify(secrets, body, [header] if isinstance(header, str) else header, now)
    except ReportRefusedError as refused:
        return refused.code
    return None


def test_it_signs_as_openssl_and_the_library_do() -> None:
    assert sign(SECRET, BODY, NOW) == SIGNED
    assert stripe.WebhookSignature.generate_signature_header(BODY.decode(), SECRET, NOW) == SIGNED


@pytest.mark.parametrize(
    "header",
    [
        SIGNED,
        f"v1={DIGEST},t={NOW}",
        f"t={NOW},v1={OTHER},v1={DIGEST}",
        f"t={NOW},v1={DIGEST},v1={OTHER}",
        f"t={NOW},v1={DIGEST},v0={OTHER}",
        f"t={NOW},v0=anything/at+all==,v1={DIGEST}",
    ],
)
def test_what_was_signed_is_taken_whatever_other_schemes_say(header: str) -> None:
    assert refusal_of(header) is None


@given(st.binary(), st.text(min_size=1), st.integers(0, 10**11))
def test_whatever_is_signed_is_taken(body: bytes, secret: str, seconds: int) -> None:
    assert refusal_of(sign(secret, body, seconds), body, secrets=[secret], now=seconds) is None


@given(st.binary(min_size=1), st.data())
def test_a_body_with_any_byte_changed_is_refused(body: bytes, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(body) - 1), label="place")
    flipped = data.draw(st.integers(1, 255), label="bits to flip")
    changed = body[:place] + bytes([body[place] ^ flipped]) + body[place + 1 :]

    assert refusal_of(sign(SECRET, body, NOW), changed) == "signature_invalid"


@given(st.integers(0, len(SIGNED) - 1), st.characters())
def test_a_header_with_any_character_changed_is_refused(place: int, character: str) -> None:
    changed = SIGNED[:place] + character + SIGNED[place + 1 :]

    assert refusal_of(changed) == (None if changed == SIGNED else "signature_invalid")


@given(st.text(max_size=200))
def test_any_other_text_is_refused_and_nothing_worse(header: str) -> None:
    assert refusal_of(header) == "signature_invalid"


@pytest.mark.parametrize(
    "header",
    [
        "",
        f"v1={DIGEST}",
        f"t={NOW}",
        f"t={NOW},v0={DIGEST}",
        f"t={NOW},v1={DIGEST.upper()}",
        f"t={NOW},v1={DIGEST[:-1]}",
        f"t={NOW},v1={DIGEST}0",
        f"t={NOW},v1={'é' * 64}",
        f"t={NOW},v1={'١' * 64}",
        f"t={NOW},v1={DIGEST},",
        f"t={NOW}, v1={DIGEST}",
        f"t={NOW},v1={DIGEST}\n",
        f"t={NOW},t={NOW},v1={DIGEST}",
        f"t={NOW},t={NOW + 1},v1={DIGEST}",
        f"t={NOW}.0,v1={DIGEST}",
        f"t=-{NOW},v1={DIGEST}",
        f"t=,v1={DIGEST}",
        f"t={'9' * 5_000},v1={DIGEST}",
        f"t={NOW},v1={DIGEST}" + f",v1={OTHER}" * MOST_ITEMS,
        f"t={NOW},v1={DIGEST}" + "," * 60_000,
        [SIGNED, SIGNED],
        [SIGNED, f"t={NOW},v1={OTHER}"],
    ],
)
def test_what_is_in_no_right_form_is_refused_before_anything_is_hashed(
    header: str | list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr("payments.stripe_webhook.hmac.new")

    assert refusal_of(header) == "signature_invalid"


def test_no_signature_is_a_refusal_of_its_own() -> None:
    assert refusal_of([]) == "signature_missing"


@pytest.mark.parametrize("secrets", [[SECRET, OLD_SECRET], [OLD_SECRET, SECRET]])
def test_every_secret_in_use_is_good_during_a_rotation(secrets: list[str]) -> None:
    for secret in (SECRET, OLD_SECRET):
        assert refusal_of(sign(secret, BODY, NOW), secrets=secrets) is None
    assert refusal_of(sign("whsec_of_somebody_else", BODY, NOW), secrets=secrets) == "signature_invalid"


def test_where_there_is_no_secret_everything_is_refused() -> None:
    assert refusal_of(sign("", BODY, NOW), secrets=[]) == "signature_invalid"


def test_digests_are_compared_whole_whichever_matches(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[int, int]] = []
    compare = hmac.compare_digest

    def watched(given: bytes, expected: bytes) -> bool:
        compared.append((len(given), len(expected)))
        return compare(given, expected)

    monkeypatch.setattr("payments.stripe_webhook.hmac.compare_digest", watched)

    for first, last in ((DIGEST, OTHER), (OTHER, DIGEST), (OTHER, OTHER)):
        compared.clear()
        refusal_of(f"t={NOW},v1={first},v1={last}", secrets=[OLD_SECRET, SECRET])
        assert compared == [(32, 32)] * 4, "as much work for a right signature as for a wrong one"


@pytest.mark.parametrize("seconds_off", [-300, -1, 0, 1, 300])
def test_five_minutes_either_way_are_allowed(seconds_off: int) -> None:
    assert refusal_of(now=NOW + seconds_off) is None


@pytest.mark.parametrize("seconds_off", [-(10**9), -301, 301, 10**9])
def test_more_is_expired_either_way(seconds_off: int) -> None:
    assert refusal_of(now=NOW + seconds_off) == "signature_expired"


def test_a_wrong_signature_never_tells_that_its_time_is_over() -> None:
    assert refusal_of(f"t=1,v1={DIGEST}") == "signature_invalid"
