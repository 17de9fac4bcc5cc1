import re

import pytest
import structlog

from ops.tracing import current_trace_id, new_trace_id, trace_id_from

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT_ID = "00f067aa0ba902b7"


def test_new_ids_are_32_hex_digits_and_differ() -> None:
    ids = {new_trace_id() for _ in range(100)}

    assert len(ids) == 100
    assert all(re.fullmatch(r"[0-9a-f]{32}", trace_id) for trace_id in ids)


@pytest.mark.parametrize(
    "traceparent",
    [
        f"00-{TRACE_ID}-{PARENT_ID}-01",
        f"00-{TRACE_ID}-{PARENT_ID}-00",
        f"cc-{TRACE_ID}-{PARENT_ID}-01-what-the-future-brings",
    ],
)
def test_a_well_formed_trace_is_continued(traceparent: str) -> None:
    assert trace_id_from(traceparent) == TRACE_ID


@pytest.mark.parametrize(
    "traceparent",
    [
        None,
        "",
        TRACE_ID,
        f"00-{TRACE_ID}-{PARENT_ID}",
        f"00-{TRACE_ID.upper()}-{PARENT_ID}-01",
        f"00-{'0' * 32}-{PARENT_ID}-01",
        f"00-{TRACE_ID}-{'0' * 16}-01",
        f"ff-{TRACE_ID}-{PARENT_ID}-01",
        f"00-{TRACE_ID}-{PARENT_ID}-01-more",
        f"00-{TRACE_ID}-{PARENT_ID}-01\n",
        f"00-{TRACE_ID}x-{PARENT_ID}-01",
    ],
)
def test_anything_else_starts_a_new_trace(traceparent: str | None) -> None:
    trace_id = trace_id_from(traceparent)

    assert re.fullmatch(r"[0-9a-f]{32}", trace_id)
    assert trace_id != TRACE_ID
    assert trace_id != "0" * 32


def test_the_current_trace_is_the_bound_one() -> None:
    with structlog.contextvars.bound_contextvars(trace_id=TRACE_ID):
        assert current_trace_id() == TRACE_ID


def test_outside_of_a_request_there_is_a_new_trace() -> None:
    structlog.contextvars.clear_contextvars()

    assert re.fullmatch(r"[0-9a-f]{32}", current_trace_id())
