"""What the platform that runs us reads."""

from typing import Literal

from api.schemas.base import ResponseBody


class AliveBody(ResponseBody):
    status: Literal["alive"] = "alive"


class ReadyBody(ResponseBody):
    status: Literal["ready"] = "ready"
    checks: dict[str, str]
