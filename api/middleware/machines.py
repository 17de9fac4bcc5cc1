"""What orchestrators, balancers and Prometheus ask all day, to know how we are."""

ASKED_BY_MACHINES = frozenset({"/healthz", "/readyz", "/metrics"})
