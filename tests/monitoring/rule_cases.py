"""For each alert a story in which it fires, and one that is just not bad enough: series, minute by minute.

Values are in promtool's notation: `0+1x30` rises by one a minute, `5x30` stays, `_` is no sample.
"""

from dataclasses import dataclass

Series = dict[str, str]

START = 'method="POST", route="/subscriptions/start"'
HOURS_3, DAY = 180, 1_440


@dataclass(frozen=True)
class Case:
    alert: str
    fires: Series
    quiet: Series
    minute: int = 15
    severity: str | None = None


def api_answers(errors_per_minute: int) -> Series:
    return {
        'http_requests_total{route="/me", status="200"}': f"0+{100 - errors_per_minute}x30",
        'http_requests_total{route="/me", status="503"}': f"0+{errors_per_minute}x30",
    }


def latency(metric: str, labels: str, limit: str, slow: int) -> Series:
    """A thousand a minute, some of them beyond the limit."""
    within = f"0+{1_000 - slow}x{HOURS_3}"
    return {
        f'{metric}_bucket{{{labels}le="{limit}"}}': within,
        f'{metric}_bucket{{{labels}le="+Inf"}}': f"0+1000x{HOURS_3}",
        f"{metric}_count{{{labels.rstrip(', ')}}}": f"0+1000x{HOURS_3}",
    }


def starts(failed: int) -> Series:
    return {
        f'http_requests_total{{{START}, status="201"}}': f"0+{10_000 - failed}x{HOURS_3}",
        f'http_requests_total{{{START}, status="503"}}': f"0+{failed}x{HOURS_3}",
    }


def slow_starts(slow: int, limit: str = "2.0") -> Series:
    return latency("http_request_latency_seconds", f"{START}, ", limit, slow)


def late_steps(late: int, limit: str = "300") -> Series:
    return latency("billing_step_lag_seconds", 'step="renew", ', limit, late)


def settled(failed: int, of: int, attempt: str = "first") -> Series:
    labels = f'provider="stripe", attempt="{attempt}"'
    return {
        f'billing_payments_total{{{labels}, outcome="failed"}}': f"0+{failed}x60",
        f'billing_payments_total{{{labels}, outcome="succeeded"}}': f"0+{of - failed}x60",
    }


def waiting(seconds: int, kind: str = "workflow_task") -> Series:
    metric = f"temporal_{kind}_schedule_to_start_latency_seconds_bucket"
    return {
        f'{metric}{{task_queue="billing", le="1"}}': "0+50x30",
        f'{metric}{{task_queue="billing", le="{seconds}"}}': "0+100x30",
        f'{metric}{{task_queue="billing", le="+Inf"}}': "0+100x30",
    }


def replicas(job: str, *told: str) -> Series:
    """As they are found by DNS: one that is gone leaves nothing behind, not even an `up` of 0."""
    return {
        f'up{{job="{job}", instance="172.18.0.{at}:8000"}}': values for at, values in enumerate(told, start=5)
    }


UP = {'up{job="api"}': "1x200", "active_subscriptions": "7x200"}

API_CASES = (
    Case(
        "ApiDown",
        {'up{job="api", instance="a"}': "0x30"},
        {'up{job="api", instance="a"}': "1 0x30", 'up{job="api", instance="b"}': "1x30"},
    ),
    Case("ApiDown", {'up{job="worker"}': "1x30"}, {'up{job="api"}': "0 1x30"}),
    Case("ApiDown", replicas("api", "1x5 stale", "1x5 stale"), replicas("api", "1x5 stale", "1x30")),
    Case("ApiErrors", api_answers(6), api_answers(4)),
    Case(
        "ApiSlow",
        {
            'http_request_latency_seconds_bucket{route="/me", le="2.0"}': "0+90x30",
            'http_request_latency_seconds_bucket{route="/me", le="10.0"}': "0+100x30",
            'http_request_latency_seconds_bucket{route="/me", le="+Inf"}': "0+100x30",
        },
        {
            'http_request_latency_seconds_bucket{route="/me", le="1.0"}': "0+100x30",
            'http_request_latency_seconds_bucket{route="/me", le="10.0"}': "0+100x30",
            'http_request_latency_seconds_bucket{route="/me", le="+Inf"}': "0+100x30",
        },
        minute=20,
    ),
    Case(
        "ApiNotReady",
        {'dependency_up{instance="a", dependency="temporal"}': "0x30"},
        {'dependency_up{instance="a", dependency="temporal"}': "1x12 0 1x10"},
    ),
    Case(
        "DatabasePoolExhausted",
        {"database_pool_in_use": "10x30", "database_pool_size": "10x30"},
        {"database_pool_in_use": "8x30", "database_pool_size": "10x30"},
    ),
    Case("BusinessMetricsMissing", {'up{job="api"}': "1x30"}, UP),
    Case(
        "WebhooksRefused",
        {
            'webhooks_total{provider="unverified", answer="signature_invalid"}': "0+2x60",
            'webhooks_total{provider="stripe", answer="stored"}': "0x60",
        },
        {
            'webhooks_total{provider="unverified", answer="signature_invalid"}': "0+2x60",
            'webhooks_total{provider="stripe", answer="stored"}': "0+3x60",
        },
        minute=30,
    ),
)

WORKER_CASES = (
    Case("WorkerDown", {'up{job="worker"}': "0x30"}, {'up{job="worker"}': "1x30"}),
    Case("WorkerDown", {'up{job="api"}': "1x30"}, {'up{job="worker"}': "1x13 0 1x10"}),
    Case("WorkerDown", replicas("worker", "1x5 stale", "0x30"), replicas("worker", "1x5 stale", "1x30")),
    Case(
        "QueueNotPolled",
        {'temporal_num_pollers{task_queue="events"}': "0x30"},
        {
            'temporal_num_pollers{task_queue="events", instance="a"}': "0x30",
            'temporal_num_pollers{task_queue="events", instance="b"}': "5x30",
        },
    ),
    Case(
        "WorkflowTasksFail",
        {
            "temporal_workflow_task_execution_failed_total{"
            'workflow_type="Subscription", failure_reason="NonDeterminismError"}': "0+1x30"
        },
        {
            "temporal_workflow_task_execution_failed_total{"
            'workflow_type="Subscription", failure_reason="NonDeterminismError"}': "3x30"
        },
    ),
    Case("TasksWait", waiting(30), waiting(5), minute=20),
    Case("TasksWait", waiting(2) | waiting(30, "activity"), waiting(2) | waiting(5, "activity"), minute=20),
    Case(
        "ActivitiesFail",
        {
            'billing_activities_total{activity_type="collect_payment", outcome="failed"}': "0+6x40",
            'billing_activities_total{activity_type="collect_payment", outcome="done"}': "0+4x40",
        },
        {
            'billing_activities_total{activity_type="collect_payment", outcome="failed"}': "0+4x40",
            'billing_activities_total{activity_type="collect_payment", outcome="done"}': "0+6x40",
        },
        minute=30,
    ),
)

MONEY_CASES = (
    Case("StepsOverdue", {"due_steps_oldest_seconds": "0+60x30"}, {"due_steps_oldest_seconds": "299x30"}),
    Case("PaymentsFail", settled(6, 10), settled(4, 10), minute=45),
    Case("PaymentsFail", settled(9, 10), settled(9, 10, attempt="dunning_2"), minute=45),
    Case(
        "PaymentsUnknown",
        {"payments_unknown_oldest_seconds": "3000+60x30"},
        {"payments_unknown_oldest_seconds": "0+60x30"},
        minute=20,
    ),
    Case("SubscriptionsParked", {"parked_subscriptions": "1x30"}, {"parked_subscriptions": "1x11 0x20"}),
    Case(
        "RefundsParked",
        {'billing_refunds_parked_total{workflow_type="Refund"}': "0x5 1x30"},
        {'billing_refunds_parked_total{workflow_type="Refund"}': "2x30"},
    ),
    Case(
        "Chargebacks",
        {'chargebacks_total{provider="stripe"}': "0x5 1x30"},
        {'chargebacks_total{provider="stripe"}': "4x30"},
    ),
)

UPKEEP_CASES = (
    Case("InboxLate", {"webhook_inbox_oldest_seconds": "400x30"}, {"webhook_inbox_oldest_seconds": "200x30"}),
    Case(
        "ReportsUndeliverable",
        {'webhook_inbox_parked{reason="undeliverable"}': "1x30"},
        {
            'webhook_inbox_parked{reason="undeliverable"}': "0x30",
            'webhook_inbox_parked{reason="payment_not_paid"}': "2x30",
        },
    ),
    Case(
        "AmountsMismatch",
        {'webhook_inbox_parked{reason="amount_mismatch"}': "2x5 3x30"},
        {'webhook_inbox_parked{reason="amount_mismatch"}': "3x30"},
    ),
    Case(
        "EventsUnpublished", {"events_unpublished_seconds": "301x30"}, {"events_unpublished_seconds": "9x30"}
    ),
    Case("EndpointDisabled", {"webhook_endpoints_disabled": "1x30"}, {"webhook_endpoints_disabled": "0x30"}),
    Case(
        "ReconciliationFindings",
        {'reconciliation_findings{rule="numbers_have_a_gap"}': "1x30"},
        {'reconciliation_findings{rule="numbers_have_a_gap"}': "1x4 0x30"},
    ),
    Case(
        "ReconciliationNotRun",
        {"reconciliation_last_run_age_seconds": "7000+60x60"},
        {"reconciliation_last_run_age_seconds": "0+60x60"},
        minute=30,
    ),
    Case(
        "ReconciliationNeverRan",
        UP,
        UP | {"reconciliation_last_run_age_seconds": "_x60 0+60x100"},
        minute=130,
    ),
    Case(
        "ReconciliationRulesFail",
        {"reconciliation_failed_rules": "2x30"},
        {"reconciliation_failed_rules": "2x4 0x30"},
    ),
)

OBJECTIVE_CASES = (
    Case("StartsFail", starts(150), starts(50), minute=90, severity="page"),
    Case("StartsFail", starts(40), starts(9), minute=HOURS_3, severity="ticket"),
    Case("StartsSlow", slow_starts(150), slow_starts(50), minute=40, severity="page"),
    Case("StartsSlow", slow_starts(40, "2"), slow_starts(9), minute=HOURS_3, severity="ticket"),
    Case("StepsLate", late_steps(15), late_steps(5), minute=90, severity="page"),
    Case("StepsLate", late_steps(4, "300.0"), late_steps(0), minute=HOURS_3, severity="ticket"),
)

CASES_OF = {
    "api": API_CASES,
    "worker": WORKER_CASES,
    "money": MONEY_CASES,
    "upkeep": UPKEEP_CASES,
    "slo": OBJECTIVE_CASES,
}
"""By the file of the rules."""
