import base64
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.paging import decode_cursor, encode_cursor
from api.problems import Problem
from tests.client import Student, refusal

LARGEST = 2**63 - 1


async def test_of_a_parameter_that_is_there_twice_the_last_one_counts(admin: Student) -> None:
    for query, shown in (("limit=2&limit=1", 1), ("limit=1&limit=2", 2)):
        answer = await admin.http.get(f"/admin/plans?{query}", headers=admin.bearer)
        assert len(answer.json()["items"]) == shown
    refused = await admin.http.get("/admin/plans?limit=2&limit=none", headers=admin.bearer)
    assert refusal(refused) == (422, "validation_failed")


@given(st.integers(min_value=1, max_value=LARGEST))
def test_a_cursor_leads_back_to_its_id(last_id: int) -> None:
    assert decode_cursor(encode_cursor(last_id)) == last_id


@given(st.text(max_size=100))
def test_any_text_is_refused_or_is_a_cursor_itself(cursor: str) -> None:
    with suppress(Problem):
        assert encode_cursor(decode_cursor(cursor)) == cursor


@pytest.mark.parametrize(
    "content",
    [b"", b"0", b"-1", b"+1", b" 1", b"01", b"1_0", "\u0661".encode(), b"1e3", b"9223372036854775808"],
)
def test_a_cursor_made_by_hand_is_refused(content: bytes) -> None:
    cursor = base64.urlsafe_b64encode(content).decode().rstrip("=")

    with pytest.raises(Problem) as refused:
        decode_cursor(cursor)
    assert (refused.value.status, refused.value.code) == (422, "invalid_cursor")


@pytest.mark.parametrize("cursor", ["NDI=", "NDI==", "N DI", "NDI\n", "NDJ", "!!!!", "n", "9" * 90])
def test_a_cursor_spelled_otherwise_is_refused(cursor: str) -> None:
    with pytest.raises(Problem):
        decode_cursor(cursor)
