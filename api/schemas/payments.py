"""Bodies about payments."""

from typing import Literal

from api.schemas.base import ResponseBody


class AcceptedBody(ResponseBody):
    """The report is stored. `ignored`: not a payment of ours; `duplicate`: it was stored before."""

    ok: Literal[True] = True
    ignored: Literal[True] | None = None
    duplicate: Literal[True] | None = None
