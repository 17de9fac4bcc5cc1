import re

import pytest

from domain.trace_context import TraceContext, derived_span_id, derived_trace_id

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN_ID = "00f067aa0ba902b7"


@pytest.mark.parametrize(("flags", "is_sampled"), [("00", False), ("01", True), ("02", False), ("03", True)])
def test_only_one_flag_counts(flags: str, is_sampled: bool) -> None:  # noqa: FBT001
    assert TraceContext.parse(f"00-{TRACE_ID}-{SPAN_ID}-{flags}") == TraceContext(
        TRACE_ID, SPAN_ID, is_sampled
    )


def test_what_is_written_is_read_again() -> None:
    for is_sampled in (True, False):
        context = TraceContext(TRACE_ID, SPAN_ID, is_sampled)

        assert TraceContext.parse(context.traceparent) == context


def test_what_is_not_well_formed_is_none() -> None:
    assert TraceContext.parse(None) is None
    assert TraceContext.parse(f"00-{TRACE_ID}-{SPAN_ID}") is None


def test_derived_ids_are_the_same_for_the_same_and_differ_for_others() -> None:
    assert derived_trace_id("woken", "7:k", "1") == derived_trace_id("woken", "7:k", "1")
    assert derived_trace_id("woken", "7:k", "1") != derived_trace_id("woken", "7:k1", "")
    assert re.fullmatch("[0-9a-f]{32}", derived_trace_id("a"))
    assert re.fullmatch("[0-9a-f]{16}", derived_span_id("a"))
