from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from domain.refusals import RefusalCode, Refused
from domain.trace_context import TraceContext
from ops import spans
from ops.spans import NOTHING, Past
from ops.tracing import bind_to_logs, context_to_pass_on, stored_as
from tests.ops.recording import recording

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
CALLER = TraceContext(TRACE_ID, "00f067aa0ba902b7", is_sampled=True)


@pytest.fixture
def kept() -> Iterator[InMemorySpanExporter]:
    with recording() as kept:
        yield kept


def test_while_nothing_is_recorded_a_span_is_nothing() -> None:
    with spans.span("work", "client", parent=CALLER) as span, spans.root("more", "server") as root:
        span.say(outcome="done")
        span.name("other")
        root.failed("fault")
        spans.annotate(invoice_id=1)

        assert span is root is NOTHING
        assert spans.current() is None
    assert not spans.is_sampled(TRACE_ID)


def test_what_belongs_to_no_trace_is_not_recorded(kept: InMemorySpanExporter) -> None:
    with spans.span("look for work", "client") as span:
        spans.past(Past("SELECT inbox", "client", own=None))
        assert span is NOTHING

    assert [span.name for span in kept.get_finished_spans() if span.parent is not None] == []


def test_a_part_goes_on_in_the_trace_of_what_it_is_a_part_of(kept: InMemorySpanExporter) -> None:
    with spans.span("whole", "server", parent=CALLER), spans.span("part", "client", provider="sandbox"):
        spans.past(Past("SELECT users", "client", 1_000))

    sql, part, whole = kept.get_finished_spans()
    assert {span.context.trace_id for span in (sql, part, whole)} == {int(TRACE_ID, 16)}
    assert (whole.parent and whole.parent.span_id) == int(CALLER.span_id, 16)
    assert (part.parent and part.parent.span_id) == whole.context.span_id
    assert (sql.parent and sql.parent.span_id) == part.context.span_id
    assert (sql.end_time or 0) - (sql.start_time or 0) == 1_000
    assert part.attributes == {"billing.provider": "sandbox"}


def test_a_caller_that_does_not_record_is_followed(kept: InMemorySpanExporter) -> None:
    unsampled = TraceContext(TRACE_ID, CALLER.span_id, is_sampled=False)

    with spans.span("whole", "server", parent=unsampled) as span:
        assert span.context is not None
        assert (span.context.trace_id, span.context.is_sampled) == (TRACE_ID, False)
        assert context_to_pass_on() == span.context
        spans.past(Past("SELECT users", "client"))

    assert kept.get_finished_spans() == ()


def test_of_an_error_the_type_is_told_and_not_what_it_says(kept: InMemorySpanExporter) -> None:
    with pytest.raises(ValueError, match="anna@"), spans.root("work", "server"):
        raise ValueError("anna@example.com is no number")

    [span] = kept.get_finished_spans()
    assert span.attributes == {"error.type": "ValueError"}
    assert (span.status.is_ok, span.status.description, span.events) == (False, None, ())


@pytest.mark.parametrize(
    "refusal",
    [
        Refused(RefusalCode.PLAN_NOT_FOUND, "no"),
        ApplicationError("no", type=RefusalCode.PLAN_NOT_FOUND),
        ApplicationError("no", type="other", category=ApplicationErrorCategory.BENIGN),
    ],
)
def test_a_refusal_is_no_failure(kept: InMemorySpanExporter, refusal: Exception) -> None:
    with pytest.raises(type(refusal)), spans.root("work", "server"):
        raise refusal

    [span] = kept.get_finished_spans()
    assert span.status.is_ok is False or span.status.is_unset
    assert span.attributes == {"billing.outcome": "refused"}


def test_what_is_over_has_the_ids_it_had_and_goes_back_to_where_it_came_from(
    kept: InMemorySpanExporter,
) -> None:
    own = TraceContext("a" * 32, "b" * 16, is_sampled=True)

    spans.past(Past("due", "server", own=own, link=CALLER))

    [span] = kept.get_finished_spans()
    assert (f"{span.context.trace_id:x}", f"{span.context.span_id:x}") == (own.trace_id, own.span_id)
    assert span.parent is None
    assert [link.context.trace_id for link in span.links] == [int(TRACE_ID, 16)]


def test_a_trace_of_which_only_the_id_is_known_goes_on(kept: InMemorySpanExporter) -> None:
    with spans.root("publish", "producer", trace_id=TRACE_ID):
        pass

    [span] = kept.get_finished_spans()
    assert span.context.trace_id == int(TRACE_ID, 16)


def test_what_is_told_under_another_trace_says_so(kept: InMemorySpanExporter) -> None:
    with spans.root("settle", "consumer"):
        bind_to_logs(subscription_id=7, trace_id=TRACE_ID)

    [span] = kept.get_finished_spans()
    assert span.attributes == {"billing.subscription_id": 7, "billing.told_as_trace_id": TRACE_ID}


def test_a_row_is_stored_by_a_span_of_its_own(kept: InMemorySpanExporter) -> None:
    assert stored_as("report", 1, TRACE_ID) == stored_as("report", 1, TRACE_ID)
    assert stored_as("report", 1, TRACE_ID).span_id != stored_as("report", 2, TRACE_ID).span_id
    assert stored_as("report", 1, TRACE_ID).is_sampled
