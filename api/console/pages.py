"""Pages out of templates. What comes from people is escaped, and a browser loads nothing from elsewhere."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, RedirectResponse

from api.console import wording

HOME: Final = "/console"
PAGES: Final = {
    HOME: "Overview",
    f"{HOME}/subscriptions": "Subscriptions",
    f"{HOME}/webhooks": "Webhooks",
    f"{HOME}/findings": "Findings",
}
"""The navigation, in this order."""

HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    ),
    "Referrer-Policy": "same-origin",  # with none at all, browsers do not say where a form comes from
}
SEE_OTHER: Final = 303

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters |= {
    "money": wording.money,
    "instant": wording.instant,
    "day": wording.day,
    "seconds": wording.seconds,
    "words": wording.words,
    "as_json": wording.as_json,
}
_templates.globals |= {"new_key": lambda: uuid4().hex}


def page(request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """`session` is in every page: `None` where nobody has signed in."""
    known: dict[str, Any] = {
        "session": getattr(request.state, "console_session", None),
        "here": request.url.path,
        "pages": PAGES,
        "now": datetime.now(UTC),
        "done": wording.DONE.get(request.query_params.get("done", "")),
    }
    text = _templates.get_template(template).render(known | values)
    return HTMLResponse(text, status, headers=HEADERS)


def go_to(address: str) -> RedirectResponse:
    """After a form: what is shown then can be read again without sending it again."""
    return RedirectResponse(address, SEE_OTHER, headers=HEADERS)
