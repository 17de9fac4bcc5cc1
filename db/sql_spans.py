"""A span for each SQL statement: what it does and to which table. Neither its text nor its parameters."""

import re
from functools import lru_cache
from time import perf_counter_ns
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine, ExceptionContext

from ops import spans

DIFFERENT_STATEMENTS = 2_048

_BEGAN = "_italiano_began"
_CHANGE = re.compile(r"\b(INSERT INTO|UPDATE|DELETE FROM) (?:ONLY )?\"?([a-z_]+)")
_READ = re.compile(r"\bFROM (?:ONLY )?\"?([a-z_]+)")


def trace_statements(engine: Engine) -> None:
    """Those that belong to a trace: a statement outside of a span has none."""
    event.listen(engine, "before_cursor_execute", _begin, named=True)
    event.listen(engine, "after_cursor_execute", _end, named=True)
    event.listen(engine, "handle_error", _fail)


@lru_cache(DIFFERENT_STATEMENTS)
def summary_of(statement: str) -> str:
    """Such as `UPDATE payments`. What changes something is named by its change, also behind a `WITH`."""
    words = " ".join(statement.split())
    if change := _CHANGE.search(words):
        return f"{change[1].partition(' ')[0]} {change[2]}"
    if read := _READ.search(words):
        return f"SELECT {read[1]}"
    return words.partition(" ")[0].upper()


def _begin(*, context: Any, **_others: Any) -> None:
    if spans.current() is not None:
        setattr(context, _BEGAN, perf_counter_ns())


def _end(*, statement: str, context: Any, **_others: Any) -> None:
    _record(context, statement, None)


def _fail(failure: ExceptionContext) -> None:
    """Also of what SQLAlchemy asks a first connection, of which nobody was told that it began."""
    if failure.statement is not None:
        _record(failure.execution_context, failure.statement, type(failure.original_exception).__name__)


def _record(context: Any, statement: str, error_type: str | None) -> None:
    began: int | None = getattr(context, _BEGAN, None)
    if began is not None:
        summary = summary_of(statement)
        took = perf_counter_ns() - began
        spans.past(spans.Past(summary, "client", took, error_type=error_type), sql=summary)
