"""The sandbox that keeps clocks, random numbers and I/O out of workflow code."""

from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

# Pure and shared: loading them again for each workflow costs CPU and guards nothing that the tests do not.
# Named one by one: passing everything through would switch the guards off.
PASSED_THROUGH = (
    "domain",
    "activities.contracts",
    "activities.event_contracts",
    "activities.family_contracts",
    "activities.refusal",
    "activities.upkeep_contracts",
    "workflows.described",
    "workflows.messages",
    "workflows.options",
    "workflows.search_attributes",
    "workflows.turns",
)


def sandboxed_runner() -> SandboxedWorkflowRunner:
    return SandboxedWorkflowRunner(
        restrictions=SandboxRestrictions.default.with_passthrough_modules(*PASSED_THROUGH)
    )
