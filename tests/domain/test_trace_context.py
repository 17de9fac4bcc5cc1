import re

import pytest

from domain.trace_context import TraceContext, derived_span_id, derived_trace_id

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN_ID = "00f067aa0ba902b7"


@pytest.mark.parametrize(
    ("flags", "is_sampled"),
    [("00", False), ("01", True), ("02", False), ("03", True), ("fe", False), ("ff", True)],
)
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


@pytest.mark.parametrize(
    "traceparent",
    [
        pytest.param(f"ff-{TRACE_ID}-{SPAN_ID}-01", id="a version that is none"),
        pytest.param(f"00-{TRACE_ID}-{SPAN_ID}-01-more", id="more than its version has"),
        pytest.param(f"00-{'0' * 32}-{SPAN_ID}-01", id="no trace"),
        pytest.param(f"00-{TRACE_ID}-{'0' * 16}-01", id="no span"),
        pytest.param(f"00-{TRACE_ID}-{SPAN_ID}-01more", id="more than flags"),
        pytest.param(f"00-{TRACE_ID.upper()}-{SPAN_ID}-01", id="capitals"),
    ],
)
def test_what_the_standard_forbids_is_none(traceparent: str) -> None:
    assert TraceContext.parse(traceparent) is None


def test_what_a_later_version_adds_is_left_aside() -> None:
    assert TraceContext.parse(f"01-{TRACE_ID}-{SPAN_ID}-11-more") == TraceContext(
        TRACE_ID, SPAN_ID, is_sampled=True
    )
    assert TraceContext.parse(f"00-{TRACE_ID}-{SPAN_ID}-10") == TraceContext(
        TRACE_ID, SPAN_ID, is_sampled=False
    )


def test_derived_ids_stay_what_they_are() -> None:
    """Workflows that run have named steps with them."""
    assert derived_trace_id("woken", "7:k", "1") == "94536afb624c5124ae10773e5f531f88"
    assert derived_span_id("woken", "7:k", "1") == "94536afb624c5124"
