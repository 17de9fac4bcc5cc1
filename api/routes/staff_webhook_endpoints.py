"""Endpoints that are told of events, for staff: kept, tried out, and what was delivered to them."""

from typing import Annotated, Any

from fastapi import APIRouter, Path
from fastapi.responses import JSONResponse, Response

from api import webhook_endpoints
from api.auth.staff import STAFF_REFUSALS, CurrentStaff
from api.command_request import StaffRequestDep
from api.context import Context, ContextDep
from api.idempotency import KEY_REFUSALS, Reveal, key_parameter
from api.paging import PageRequestDep, encode_cursor
from api.ping_endpoint import ping_endpoint
from api.problems import problem_responses
from api.refusals import problem_of, responses_of
from api.schemas.base import OptionalReasonBody, RowId
from api.schemas.webhook_endpoints import (
    DeliveryBody,
    DeliveryPage,
    EnabledEndpointBody,
    EndpointBody,
    EndpointChangesBody,
    EndpointPage,
    EndpointSecretBody,
    NewEndpointBody,
    PingedBody,
    ReplayBody,
    ReplayedBody,
)
from api.staff_hand import Hand
from db.queries import event_views
from db.queries import webhook_endpoints as queries
from domain.delivery import EndpointStatus
from domain.refusals import RefusalCode, Refused

router = APIRouter(prefix="/admin/webhook-endpoints", tags=["Staff"])

EndpointId = Annotated[RowId, Path()]
AWAY = (503, "database_unavailable")
NOT_FOUND = RefusalCode.ENDPOINT_NOT_FOUND


def _reads(*refusals: tuple[int, str]) -> dict[int | str, dict[str, Any]]:
    return problem_responses(*STAFF_REFUSALS, *refusals, AWAY)


def _posts(body: type, *refusals: RefusalCode, status_code: int = 200) -> dict[str, Any]:
    """What the routes of all POSTs here say of themselves."""
    keyed = (*KEY_REFUSALS, (409, "idempotency_in_progress"))
    return {
        "status_code": status_code,
        "response_model": body,
        "openapi_extra": key_parameter(required=False),
        "responses": problem_responses(*STAFF_REFUSALS, *keyed, *responses_of(*refusals), AWAY),
    }


@router.get("", responses=_reads((422, "invalid_cursor")))
async def list_webhook_endpoints(
    staff: CurrentStaff,  # noqa: ARG001 - lets staff in
    context: ContextDep,
    page: PageRequestDep,
) -> EndpointPage:
    """Every endpoint, disabled ones too."""
    async with context.database.read() as connection:
        found = await queries.list_endpoints(connection, after_id=page.after_id, limit=page.limit + 1)
    shown = found[: page.limit]
    return EndpointPage(
        items=[EndpointBody.model_validate(endpoint) for endpoint in shown],
        next_cursor=encode_cursor(shown[-1].id) if len(found) > page.limit else None,
    )


@router.post(
    "",
    **_posts(
        EndpointSecretBody,
        RefusalCode.ENDPOINT_URL_REFUSED,
        RefusalCode.TOO_MANY_ENDPOINTS,
        status_code=201,
    ),
)
async def create_webhook_endpoint(body: NewEndpointBody, asked: StaffRequestDep) -> JSONResponse:
    """Tells an address of events from now on. The secret that they are signed with is shown here only."""
    if not await asked.context.answers.has_answer(asked.user.id, asked.key):
        await _check_url(asked.context, body.url)
    return await asked.once_written(
        body,
        lambda connection: webhook_endpoints.create_endpoint(connection, body, Hand(asked.user, body.reason)),
        status_code=201,
        reveal=_with_secret(asked.context),
    )


@router.get("/{endpoint_id}", responses=_reads(*responses_of(NOT_FOUND)))
async def read_webhook_endpoint(
    endpoint_id: EndpointId,
    staff: CurrentStaff,  # noqa: ARG001 - lets staff in
    context: ContextDep,
) -> EndpointBody:
    """One endpoint, and why it is disabled, if it is."""
    async with context.database.read() as connection:
        return await webhook_endpoints.read_endpoint(connection, endpoint_id)


@router.patch("/{endpoint_id}", responses=_reads(*responses_of(NOT_FOUND, RefusalCode.ENDPOINT_URL_REFUSED)))
async def change_webhook_endpoint(
    endpoint_id: EndpointId, body: EndpointChangesBody, staff: CurrentStaff, context: ContextDep
) -> EndpointBody:
    """Changes its address, what it is told of, or its description."""
    if body.url is not None:
        await _check_url(context, body.url)
    async with context.database.transaction() as connection:
        return await webhook_endpoints.change_endpoint(
            connection, endpoint_id, body, Hand(staff, body.reason)
        )


@router.delete("/{endpoint_id}", status_code=204, responses=_reads(*responses_of(NOT_FOUND)))
async def delete_webhook_endpoint(
    endpoint_id: EndpointId, staff: CurrentStaff, context: ContextDep
) -> Response:
    """Tells it of nothing any more, for good."""
    async with context.database.transaction() as connection:
        await webhook_endpoints.stop_endpoint(connection, endpoint_id, Hand(staff), EndpointStatus.DELETED)
    return Response(status_code=204)


@router.post("/{endpoint_id}/rotate-secret", **_posts(EndpointSecretBody, NOT_FOUND))
async def rotate_webhook_secret(
    endpoint_id: EndpointId, asked: StaffRequestDep, body: OptionalReasonBody | None = None
) -> JSONResponse:
    """A new secret. For 24 hours events are signed with both, so that the receiver can change over."""
    hand = Hand(asked.user, body.reason if body else None)
    return await asked.once_written(
        body,
        lambda connection: webhook_endpoints.rotate_secret(connection, endpoint_id, hand),
        reveal=_with_secret(asked.context),
    )


@router.post("/{endpoint_id}/disable", **_posts(EndpointBody, NOT_FOUND))
async def disable_webhook_endpoint(
    endpoint_id: EndpointId, asked: StaffRequestDep, body: OptionalReasonBody | None = None
) -> JSONResponse:
    """Tells it of nothing until it is enabled again."""
    hand = Hand(asked.user, body.reason if body else None)
    return await asked.once_written(
        body, lambda connection: webhook_endpoints.disable_endpoint(connection, endpoint_id, hand)
    )


@router.post("/{endpoint_id}/enable", **_posts(EnabledEndpointBody, NOT_FOUND))
async def enable_webhook_endpoint(
    endpoint_id: EndpointId, asked: StaffRequestDep, body: OptionalReasonBody | None = None
) -> JSONResponse:
    """Tells it of events again, and of all that it has missed."""
    hand = Hand(asked.user, body.reason if body else None)
    return await asked.once_written(
        body, lambda connection: webhook_endpoints.enable_endpoint(connection, endpoint_id, hand)
    )


@router.post(
    "/{endpoint_id}/replay",
    **_posts(
        ReplayedBody,
        NOT_FOUND,
        RefusalCode.EVENT_NOT_FOUND,
        RefusalCode.ENDPOINT_DISABLED,
        RefusalCode.REPLAY_TOO_LARGE,
    ),
)
async def replay_events(endpoint_id: EndpointId, body: ReplayBody, asked: StaffRequestDep) -> JSONResponse:
    """Sends events once more, under the ids that they had."""
    return await asked.once_written(
        body,
        lambda connection: webhook_endpoints.replay(
            connection, endpoint_id, body, Hand(asked.user, body.reason)
        ),
    )


@router.post("/{endpoint_id}/ping", **_posts(PingedBody, NOT_FOUND))
async def ping_webhook_endpoint(endpoint_id: EndpointId, asked: StaffRequestDep) -> JSONResponse:
    """Sends a signed `endpoint.ping` at once, also to one that is disabled, and tells what came of it."""
    return await asked.once(
        None, lambda command_id: ping_endpoint(asked.context, endpoint_id, f"ping_{command_id}")
    )


@router.get("/{endpoint_id}/deliveries", responses=_reads(*responses_of(NOT_FOUND), (422, "invalid_cursor")))
async def list_event_deliveries(
    endpoint_id: EndpointId,
    staff: CurrentStaff,  # noqa: ARG001 - lets staff in
    context: ContextDep,
    page: PageRequestDep,
) -> DeliveryPage:
    """What was sent to it, and what came of each."""
    async with context.database.read() as connection:
        await webhook_endpoints.read_endpoint(connection, endpoint_id)
        found = await event_views.list_deliveries(
            connection, endpoint_id, after_id=page.after_id, limit=page.limit + 1
        )
    shown = found[: page.limit]
    return DeliveryPage(
        items=[DeliveryBody.model_validate(delivery) for delivery in shown],
        next_cursor=encode_cursor(shown[-1].id) if len(found) > page.limit else None,
    )


async def _check_url(context: Context, url: str) -> None:
    """Before any transaction: names are looked up. Raises a 422 `Problem`."""
    try:
        await context.events.check(url)
    except Refused as refused:
        raise problem_of(refused) from refused


def _with_secret(context: Context) -> Reveal:
    """Derived whenever the same request comes again: it is kept nowhere."""

    def reveal(kept: dict[str, Any]) -> dict[str, Any]:
        return {**kept, "secret": context.endpoint_secrets.of(kept["id"], kept["secret_version"])}

    return reveal
