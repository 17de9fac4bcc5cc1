"""A scrape as Prometheus makes it, and what has grown between two."""

import httpx2
from prometheus_client.parser import text_string_to_metric_families

from tests.deadline import LONGEST_SECONDS

Labels = frozenset[tuple[str, str]]
Samples = dict[tuple[str, Labels], float]

BY_THE_SDK = {"service_name", "namespace", "task_queue", "workflow_type"}


async def scrape(url: str) -> Samples:
    async with httpx2.AsyncClient(timeout=LONGEST_SECONDS, trust_env=False) as http:
        answer = await http.get(url)
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def grown(before: Samples, after: Samples, name: str) -> dict[Labels, float]:
    """By the labels that are ours."""
    growth = {
        labels: value - before.get((of, labels), 0) for (of, labels), value in after.items() if of == name
    }
    return {
        frozenset(label for label in labels if label[0] not in BY_THE_SDK): by
        for labels, by in growth.items()
        if by
    }
