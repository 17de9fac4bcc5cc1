"""What is a rule's answer, or says that something is so already: no fault, though it travels as an error."""

from temporalio.client import WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from domain.refusals import RefusalCode, Refused

NO_FAULT = (RPCStatusCode.NOT_FOUND, RPCStatusCode.ALREADY_EXISTS)
"""Asked of a workflow that has closed: whoever asked knows what then."""


def is_refusal(error: BaseException | None) -> bool:
    match error:
        case Refused() | WorkflowAlreadyStartedError():
            return True
        case RPCError(status=status):
            return status in NO_FAULT
        case ApplicationError(category=category, type=code):
            return category is ApplicationErrorCategory.BENIGN or code in set(RefusalCode)
        case WorkflowUpdateFailedError(cause=cause):
            return is_refusal(cause)
        case _:
            return False
