"""A span for each SQL statement: what it does and to which table. Neither its text nor its parameters."""

import re
from functools import lru_cache
from time import perf_counter_ns
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine, ExceptionContext

from ops import spans

DIFFERENT_STATEMENTS = 2_048

_BEGAN = "began"
_CHANGE = re.compile(r"\b(INSERT INTO|UPDATE|DELETE FROM) (?:ONLY )?\"?([a-z_]+)")
_READ = re.compile(r"\bFROM (?:ONLY )?\"?([a-z_]+)")


def trace_statements(engine: Engine) -> None:
    """Those that belong to a trace: a statement outside of a span has none."""
    event.listen(engine, "before_cursor_execute", _begin)
    event.listen(engine, "after_cursor_execute", _end)
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


def _begin(connection: Connection, *_call: Any) -> None:
    if spans.current() is not None:
        connection.info[_BEGAN] = perf_counter_ns()


def _end(connection: Connection, _cursor: Any, statement: str, *_call: Any) -> None:
    _record(connection, statement, None)


def _fail(context: ExceptionContext) -> None:
    if context.connection is not None and context.statement is not None:
        _record(context.connection, context.statement, type(context.original_exception).__name__)


def _record(connection: Connection, statement: str, error_type: str | None) -> None:
    began: int | None = connection.info.pop(_BEGAN, None)
    if began is not None:
        summary = summary_of(statement)
        took = perf_counter_ns() - began
        spans.past(spans.Past(summary, "client", took, error_type=error_type), sql=summary)
