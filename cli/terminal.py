"""What a command says: safe for a terminal, in columns, or as JSON."""

import json
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel

_FIGURE = re.compile(r"-?\d+\.\d\d(?: (?:[A-Z]{3}|%))?", re.ASCII)


def plain(text: str) -> str:
    """What came from outside goes to a terminal: nothing in it may steer that."""
    return "".join(
        shown if shown.isprintable() else shown.encode("unicode_escape").decode("ascii") for shown in text
    )


def cell(value: Any) -> str:
    """Instants to the minute, and a dash for what there is not."""
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return plain(str(value))


def print_json(value: Any) -> None:
    """Bodies as the API writes them, and all else by the same rules: instants in UTC with a `Z`."""
    print(json.dumps(_jsonable(value), indent=2, default=_as_text))


def print_rows(headings: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Numbers stand to the right."""
    table = [[cell(value) for value in row] for row in rows]
    widths = [max(len(line[at]) for line in (headings, *table)) for at in range(len(headings))]
    to_the_right = [all(_is_figure(row[at]) for row in rows) for at in range(len(headings))]
    for line in (headings, *table):
        shown = (
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(line, widths, to_the_right, strict=True)
        )
        print("  ".join(shown).rstrip())


def _is_figure(value: Any) -> bool:
    return isinstance(value, int) or (isinstance(value, str) and _FIGURE.fullmatch(value) is not None)


def print_fields(**fields: Any) -> None:
    width = max(len(name) for name in fields)
    for name, value in fields.items():
        print(f"{name.replace('_', ' '):<{width}}  {cell(value)}")


def _jsonable(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, list | tuple):
        return [_jsonable(each) for each in value]
    return value


def _as_text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return str(value)
