"""How requests are refused, and how they get no answer at all."""

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response

from sandbox_psp.protocol import hang_up


class RefusalError(Exception):
    """Answered with this status, code and message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.message = message


class AnswerLostError(Exception):
    """The connection breaks instead of an answer."""


def install_problem_handlers(app: FastAPI) -> None:
    @app.exception_handler(RefusalError)
    async def refuse(_request: Request, refusal: RefusalError) -> Response:
        return _problem(refusal.status, refusal.code, refusal.message)

    @app.exception_handler(RequestValidationError)
    async def refuse_body(_request: Request, error: RequestValidationError) -> Response:
        fields = sorted({".".join(map(str, flaw["loc"])) for flaw in error.errors()})
        return _problem(422, "invalid_request", f"Wrong or missing: {', '.join(fields)}.")

    @app.exception_handler(AnswerLostError)
    async def lose_answer(request: Request, _lost: AnswerLostError) -> Response:
        hang_up(request)
        return Response()


def _problem(status: int, code: str, message: str) -> Response:
    return JSONResponse({"code": code, "message": message}, status)
