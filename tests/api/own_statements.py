"""Statements of what is asked from one place alone: an API in this process has work of its own beside it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from sqlalchemy import event
from sqlalchemy.engine import Engine

from db.sql_spans import summary_of

heard: ContextVar[list[str] | None] = ContextVar("heard", default=None)


@contextmanager
def statements() -> Iterator[list[str]]:
    """Such as `SELECT plans`: those that the block has sent to Postgres."""

    def note(_connection: object, _cursor: object, statement: str, *_call: object) -> None:
        if (kept := heard.get()) is not None:
            kept.append(summary_of(statement))

    event.listen(Engine, "before_cursor_execute", note)
    sent: list[str] = []
    token = heard.set(sent)
    try:
        yield sent
    finally:
        heard.reset(token)
        event.remove(Engine, "before_cursor_execute", note)
