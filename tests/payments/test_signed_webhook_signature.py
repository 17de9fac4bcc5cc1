"""The signature of a webhook: over the raw bytes, by every secret in use, within five minutes."""

import hmac
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.provider_report import ReportRefusedError
from payments.signed_webhook import sign, verify

NOW = 1_700_000_000.0
SECRET = "whsec-for-this-example-only"
OLD_SECRET = "whsec-before-the-rotation"
BODY = b'{"payment_id":1,"status":"SUCCEEDED","provider":"mock"}'

# As `printf %s "$body" | openssl dgst -sha256 -hmac "$secret"` says.
SIGNATURE = "sha256=ab25427af61d41866091235bdf6d8a58d48d1393bd6a17968d880ddd4ee81be3"
SIGNATURE_AT_NOW = "sha256=620aab75f65465f7de61032a178d8e1082c88df71723466da12ed7458dc8c763"


def refusal_of(
    body: bytes = BODY,
    signatures: Sequence[str] = (SIGNATURE,),
    timestamps: Sequence[str] = (),
    *,
    secrets: Sequence[str] = (SECRET,),
    now: float = NOW,
) -> str | None:
    """The code of the refusal; `None` when the body is taken."""
    try:
        verify(secrets, body, signatures, timestamps, now)
    except ReportRefusedError as refused:
        return refused.code
    return None


def test_it_signs_as_openssl_does() -> None:
    assert sign(SECRET, BODY) == SIGNATURE
    assert sign(SECRET, BODY, "1700000000") == SIGNATURE_AT_NOW


def test_what_was_signed_is_taken() -> None:
    assert refusal_of() is None
    assert refusal_of(signatures=[SIGNATURE_AT_NOW], timestamps=["1700000000"]) is None


@given(st.binary(), st.text(min_size=1), st.none() | st.integers(0, 10**11))
def test_whatever_is_signed_is_taken(body: bytes, secret: str, seconds: int | None) -> None:
    timestamps = [] if seconds is None else [str(seconds)]
    signature = sign(secret, body, *timestamps)

    assert refusal_of(body, [signature], timestamps, secrets=[secret], now=float(seconds or 0)) is None


@given(st.binary(min_size=1), st.data())
def test_a_body_with_any_byte_changed_is_refused(body: bytes, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(body) - 1), label="place")
    flipped = data.draw(st.integers(1, 255), label="bits to flip")
    changed = body[:place] + bytes([body[place] ^ flipped]) + body[place + 1 :]

    assert refusal_of(changed, [sign(SECRET, body)]) == "signature_invalid"


@given(st.binary(), st.binary(min_size=1, max_size=8), st.booleans())
def test_a_body_with_anything_added_is_refused(body: bytes, addition: bytes, in_front: bool) -> None:  # noqa: FBT001 - drawn, not passed
    longer = addition + body if in_front else body + addition

    assert refusal_of(longer, [sign(SECRET, body)]) == "signature_invalid"


@given(st.integers(0, len(SIGNATURE) - 1), st.characters())
def test_a_signature_with_any_character_changed_is_refused(place: int, character: str) -> None:
    changed = SIGNATURE[:place] + character + SIGNATURE[place + 1 :]

    assert refusal_of(signatures=[changed]) == (None if changed == SIGNATURE else "signature_invalid")


@given(st.text(max_size=200))
def test_a_signature_of_any_other_text_is_refused_and_nothing_worse(signature: str) -> None:
    assert refusal_of(signatures=[signature]) == "signature_invalid"


def test_no_signature_is_a_refusal_of_its_own() -> None:
    assert refusal_of(signatures=[]) == "signature_missing"


@pytest.mark.parametrize(
    "signatures",
    [
        pytest.param([SIGNATURE, SIGNATURE], id="twice"),
        pytest.param([SIGNATURE, "sha256=" + "0" * 64], id="a good one first"),
        pytest.param(["sha256=" + "0" * 64, SIGNATURE], id="a good one last"),
        pytest.param([f"{SIGNATURE}, {SIGNATURE}"], id="two in one"),
        pytest.param([SIGNATURE.upper()], id="all upper case"),
        pytest.param(["sha256=" + SIGNATURE[7:].upper()], id="upper-case hex"),
        pytest.param([SIGNATURE.replace("sha256", "SHA256")], id="upper-case name"),
        pytest.param([SIGNATURE[7:]], id="no name"),
        pytest.param(["sha512=" + SIGNATURE[7:]], id="another hash"),
        pytest.param([SIGNATURE[:-1]], id="too short"),
        pytest.param([SIGNATURE + "0"], id="too long"),
        pytest.param([SIGNATURE + "\n"], id="a line break"),
        pytest.param([" " + SIGNATURE], id="a space"),
        pytest.param(["sha256=" + "١" * 64], id="digits of another script"),
        pytest.param([""], id="empty"),
        pytest.param(["sha256="], id="nothing but the name"),
    ],
)
def test_only_one_signature_of_the_one_form_is_looked_at(signatures: list[str]) -> None:
    assert refusal_of(signatures=signatures) == "signature_invalid"


@pytest.mark.parametrize("secrets", [[SECRET, OLD_SECRET], [OLD_SECRET, SECRET]])
def test_every_secret_in_use_is_good_during_a_rotation(secrets: list[str]) -> None:
    for secret in (SECRET, OLD_SECRET):
        assert refusal_of(signatures=[sign(secret, BODY)], secrets=secrets) is None
    assert (
        refusal_of(signatures=[sign("whsec-of-somebody-else", BODY)], secrets=secrets) == "signature_invalid"
    )


def test_a_secret_that_is_out_of_use_is_refused() -> None:
    assert refusal_of(signatures=[sign(OLD_SECRET, BODY)], secrets=[SECRET]) == "signature_invalid"
    assert refusal_of(signatures=[sign("", BODY)], secrets=[]) == "signature_invalid"


def test_digests_are_compared_whole_whichever_secret_matches(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[int, int]] = []
    compare = hmac.compare_digest

    def watched(given: bytes, expected: bytes) -> bool:
        compared.append((len(given), len(expected)))
        return compare(given, expected)

    monkeypatch.setattr("payments.signed_webhook.hmac.compare_digest", watched)

    for signature in (sign(SECRET, BODY), sign(OLD_SECRET, BODY), "sha256=" + "0" * 64):
        compared.clear()
        refusal_of(signatures=[signature], secrets=[SECRET, OLD_SECRET])
        assert compared == [(32, 32), (32, 32)], "as much work for a right signature as for a wrong one"


@pytest.mark.parametrize("seconds_off", [-300, -1, 0, 1, 300])
def test_five_minutes_either_way_are_allowed(seconds_off: int) -> None:
    timestamp = str(int(NOW) + seconds_off)

    assert refusal_of(signatures=[sign(SECRET, BODY, timestamp)], timestamps=[timestamp]) is None


@pytest.mark.parametrize("seconds_off", [-(10**9), -301, 301, 10**9])
def test_more_is_expired_either_way(seconds_off: int) -> None:
    timestamp = str(int(NOW) + seconds_off)

    assert (
        refusal_of(signatures=[sign(SECRET, BODY, timestamp)], timestamps=[timestamp]) == "signature_expired"
    )


def test_a_wrong_signature_never_tells_that_its_time_is_over() -> None:
    assert refusal_of(timestamps=["1"]) == "signature_invalid"


def test_the_timestamp_is_part_of_what_is_signed() -> None:
    assert refusal_of(signatures=[SIGNATURE], timestamps=["1700000000"]) == "signature_invalid"
    assert refusal_of(signatures=[SIGNATURE_AT_NOW], timestamps=["1700000001"]) == "signature_invalid"
    assert refusal_of(signatures=[SIGNATURE_AT_NOW]) == "signature_invalid"


@pytest.mark.parametrize(
    "timestamps",
    [
        [""],
        ["now"],
        ["-1"],
        ["1700000000.0"],
        ["17e8"],
        ["+1700000000"],
        [" 1700000000"],
        ["1_700_000_000"],
        ["1700000000\n"],
        ["١٧٠٠٠٠٠٠٠٠"],
        ["9" * 13],
        ["9" * 5_000],
        ["1700000000", "1700000000"],
    ],
)
def test_a_timestamp_of_another_form_is_refused_though_it_was_signed(timestamps: list[str]) -> None:
    signature = sign(SECRET, BODY, timestamps[0])

    assert refusal_of(signatures=[signature], timestamps=timestamps) == "signature_invalid"
