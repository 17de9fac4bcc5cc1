"""Events as staff look at them, over HTTP and on the command line."""

from api.refusals import problem_of
from api.schemas.webhook_endpoints import EventBody, EventDeliveryBody, WholeEventBody
from db.database import Connection
from db.queries import event_views
from db.queries.event_views import PublishedEvent
from domain.refusals import RefusalCode, Refused
from upkeep.events.message import message_id_of


def body_of(event: PublishedEvent) -> EventBody:
    return EventBody.model_validate({**vars(event), "message_id": message_id_of(event.id)})


async def read_event(connection: Connection, event_id: int) -> WholeEventBody:
    """With what became of it at each endpoint. Raises a 404 `Problem`, also before it is published."""
    found = await event_views.find_published(connection, event_id)
    if found is None:
        raise problem_of(Refused(RefusalCode.EVENT_NOT_FOUND, f"there is no event {event_id}"))
    deliveries = await event_views.list_deliveries_of(connection, event_id)
    return WholeEventBody(
        **body_of(found).model_dump(),
        deliveries=[EventDeliveryBody.model_validate(delivery) for delivery in deliveries],
    )
