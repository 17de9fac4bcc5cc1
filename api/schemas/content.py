"""Bodies about lessons."""

from api.schemas.base import ResponseBody


class ModuleBody(ResponseBody):
    code: str
    title: str
    min_tier: int
