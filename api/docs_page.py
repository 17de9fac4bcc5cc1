"""Swagger UI from files that ship with us: no CDN, no font server, and a policy that allows just that."""

import base64
import hashlib
import re

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.responses import HTMLResponse

DOCS_URL = "/docs"
OPENAPI_URL = "/openapi.json"
ASSETS_URL = "/docs/assets"

_INLINE_SCRIPT = re.compile(r"<script>(?P<source>.*?)</script>", re.DOTALL)
_INTERFACE = {
    "validatorUrl": None,  # the default sends the description to a validator on the internet
    "persistAuthorization": False,
    "displayRequestDuration": True,
    "tryItOutEnabled": True,
}


def add_docs_page(app: FastAPI) -> None:
    page = get_swagger_ui_html(
        openapi_url=OPENAPI_URL,
        title=app.title,
        swagger_js_url=f"{ASSETS_URL}/swagger-ui-bundle.js",
        swagger_css_url=f"{ASSETS_URL}/swagger-ui.css",
        swagger_favicon_url=f"{ASSETS_URL}/favicon.png",
        oauth2_redirect_url=None,
        swagger_ui_parameters=_INTERFACE,
    )
    content = bytes(page.body)
    policy = {"Content-Security-Policy": _policy_for(content.decode())}

    @app.get(DOCS_URL, include_in_schema=False)
    async def docs() -> HTMLResponse:
        return HTMLResponse(content, headers=policy)


def _policy_for(page: str) -> str:
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(script['source'].encode()).digest()).decode()}'"
        for script in _INLINE_SCRIPT.finditer(page)
    )
    return (
        "default-src 'none'; connect-src 'self'; img-src 'self' data:; "
        # Swagger UI writes style attributes.
        f"style-src 'self' 'unsafe-inline'; script-src 'self' {hashes}; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
