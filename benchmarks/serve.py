"""`python -m benchmarks serve`: pictures per second of a server, by how many ask at a time."""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from typing import Annotated

import typer

from benchmarks.server_process import ServerProcess, serving
from benchmarks.table import Out, Table

PROMPTS = (
    "a white cat",
    "a red apple",
    "a house",
    "two cats and a red ball",
    "一只狗",
    "a blue car",
    "a tree in the snow",
    "a dog wearing a hat",
)
"""One thing or several, with a place or without, in both languages."""


def measure(
    model: Annotated[str, typer.Option(help="A known name or a model folder.")] = "dall-e-emoji",
    clients: Annotated[str, typer.Option(help="Clients that ask at a time.")] = "1,8,64",
    seconds: Annotated[float, typer.Option(help="For which each number of clients asks.")] = 60.0,
    batch_size: Annotated[int, typer.Option(min=1, help="Pictures drawn together.")] = 8,
    finishing_threads: Annotated[int, typer.Option(min=1, help="As of `dall-e serve`.")] = 2,
    processes: Annotated[int, typer.Option(min=1, help="As of `dall-e serve`.")] = 1,
    out: Out = None,
) -> None:
    """Pictures per second and seconds of a request, beside one request at a time in the same run.

    Each client asks for a picture, waits for it, and asks for the next one. The first number of
    clients is what the others are compared with. Everything goes over the loopback. Seconds of a
    processor for each picture say something on a busy machine, too.
    """
    table = Table("serve")
    flags = ["--batch-size", str(batch_size), "--finishing-threads", str(finishing_threads)]
    flags += ["--processes", str(processes)]
    first = 0.0
    with serving(model, *flags) as server:
        for count in map(int, clients.split(",")):
            print(f"{count} clients", file=sys.stderr, flush=True)
            worked = server.processor_seconds
            taken, whole = asyncio.run(_ask(server, count, seconds))
            worked = server.processor_seconds - worked
            rate = len(taken) / whole
            first = first or rate
            cuts = statistics.quantiles(taken, n=100, method="inclusive") if len(taken) > 1 else []
            p50, p95, p99 = (cuts[at] if cuts else taken[0] for at in (49, 94, 98))
            table.add(
                what=f"{count} clients",
                pictures=len(taken),
                pictures_s=round(rate, 3),
                times_first=round(rate / first, 2),
                p50=round(p50, 3),
                p95=round(p95, 3),
                p99=round(p99, 3),
                p99_to_p50=round(p99 / p50, 2),
                processor_s=round(worked / len(taken), 3),
            )
    table.finish(out)


async def _ask(server: ServerProcess, count: int, seconds: float) -> tuple[list[float], float]:
    """The seconds of each request, and of all together."""
    from openai import AsyncOpenAI

    taken: list[float] = []
    started = time.monotonic()

    async def ask(client: AsyncOpenAI, number: int) -> None:
        # At least one each, so that a slow model is measured, too.
        asked = 0
        while asked == 0 or time.monotonic() - started < seconds:
            begun = time.monotonic()
            await client.images.generate(
                prompt=PROMPTS[(number + asked) % len(PROMPTS)],
                extra_body={"seed": 1000 * number + asked},
            )
            taken.append(time.monotonic() - begun)
            asked += 1

    url = f"{server.url}/v1"
    async with AsyncOpenAI(base_url=url, api_key="none", max_retries=0, timeout=600) as client:
        await asyncio.gather(*(ask(client, number) for number in range(count)))
    return taken, time.monotonic() - started
