"""The one Temporal client of a process, configured by Temporal's own `TEMPORAL_*` variables."""

import os
from datetime import timedelta
from typing import Any

from temporalio.client import Client
from temporalio.envconfig import ClientConfig
from temporalio.runtime import Runtime
from temporalio.service import RetryConfig

from ops.client_patience import EndsCalls
from ops.client_tracing import TracesCalls
from ops.payloads import DATA_CONVERTER

DEFAULT_ADDRESS = "127.0.0.1:7233"


async def connect_temporal(
    *, lazy: bool = False, runtime: Runtime | None = None, patience: timedelta | None = None
) -> Client:
    """Connects to the cluster.

    A lazy client connects at its first call, so a process can start while Temporal is away;
    a worker needs one that is connected. A call whose connection breaks is tried again for as long as
    `patience`, 10 s unless it is given: a call's own timeout is for each try. Raises `RuntimeError` when the
    cluster cannot be reached.
    """
    # An empty variable is one that is not set, as for our own: compose hands on all that there may be.
    given = {name: value for name, value in os.environ.items() if value}
    config: dict[str, Any] = {**ClientConfig.load_client_connect_config(override_env_vars=given)}
    config.setdefault("target_host", DEFAULT_ADDRESS)
    if patience is not None:
        patience_ms = round(patience / timedelta(milliseconds=1))
        config["retry_config"] = RetryConfig(max_elapsed_time_millis=patience_ms)
    return await Client.connect(
        **config,
        lazy=lazy,
        runtime=runtime,
        interceptors=[TracesCalls(), EndsCalls()],
        data_converter=DATA_CONVERTER,
    )
