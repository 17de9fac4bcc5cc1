"""What pydantic builds for a type is built once in a process, whoever reads and writes."""

from temporalio.contrib.pydantic import PydanticJSONPlainPayloadConverter

from ops.payloads import DATA_CONVERTER, SharedPayloadConverter
from ops.temporal_client import connect_temporal


def test_what_is_made_for_each_run_shares_what_pydantic_has_built() -> None:
    one, other = (SharedPayloadConverter().converters[b"json/plain"] for _run in range(2))

    assert isinstance(one, PydanticJSONPlainPayloadConverter)
    assert one is other
    assert DATA_CONVERTER.payload_converter_class is SharedPayloadConverter


async def test_a_process_of_ours_writes_and_reads_by_it() -> None:
    assert (await connect_temporal(lazy=True)).data_converter is DATA_CONVERTER
