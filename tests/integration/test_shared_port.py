"""Several gateways on one port: the kernel spreads clients over them, and they are one room."""

import pytest
from httpx import AsyncClient

from livestreamx.settings import Settings
from tests.builders import eventually, go_live
from tests.conftest import free_port
from tests.integration.gateways import GatewayProcess, Viewer, metric

pytestmark = pytest.mark.usefixtures("farewell")


async def test_two_processes_share_a_port_and_outlive_each_other(settings: Settings) -> None:
    port, numbers = free_port(), [free_port(), free_port()]
    shared = {"LSX_PORT": str(port), "LSX_GATEWAYS": "2"}
    running = [GatewayProcess(settings, **shared, LSX_GATEWAY_METRICS_PORT=str(number)) for number in numbers]
    try:
        for gateway in running:
            gateway.wait()
        url = f"http://127.0.0.1:{port}"
        async with AsyncClient(base_url=url, timeout=60) as web:
            creator, stream = await go_live(web)
            viewers = [await Viewer(url, stream).open() for _ in range(40)]

            async def connected() -> list[float]:
                return [await metric(f"http://127.0.0.1:{number}", "ws_connections") for number in numbers]

            counts = await eventually(connected, lambda found: sum(found) == len(viewers))
            assert min(counts) > 0
            speaker = await Viewer(url, stream).open(creator.access)
            await speaker.say("everybody?")
            for viewer in viewers:
                await viewer.until(lambda v: v.texts == ["everybody?"])
            running[0].stop()
        again = [await Viewer(url, stream).open() for _ in range(10)]
        for viewer in again:
            assert [message["text"] for message in (await viewer.first("room:state"))["chat"]] == ["everybody?"]
    finally:
        for gateway in running:
            gateway.stop()
