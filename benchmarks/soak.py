"""`python -m benchmarks soak`: a server under bad clients for a while, and what it did."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import io
import json
import random
import sys
import time
import warnings
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from benchmarks.serve import PROMPTS
from benchmarks.server_process import ServerProcess, serving
from benchmarks.table import Out, Table

if TYPE_CHECKING:
    from openai import AsyncOpenAI

_BAD_BODIES = (
    b"",
    b"{",
    b"\xff\xfe\x00",
    b"[" * 5000,
    b'{"prompt": 7}',
    b'{"prompt": ""}',
    b'{"prompt": "a cat", "n": 10000}',
    b'{"prompt": "a cat", "size": "9x9"}',
    b'{"prompt": "a cat", "guidance_scale": 1e999}',
    b'{"plan": {"format": "dall-e plan", "version": 1}}',
)
_COME_AGAIN = (429, 503, 504)
"""What a server answers that is busy."""
_LOOKS = 20
"""How often memory is looked at, evenly; of 20 minutes, after each."""
_EARLY = 2
"""The look that the last one is compared with."""
_SECONDS_TO_LIVE = 15.0
"""For which a process that draws is let alone."""
_MOST_COMPARED = 200


def measure(
    model: Annotated[str, typer.Option(help="A known name or a model folder.")] = "dall-e-emoji",
    minutes: Annotated[float, typer.Option(help="For how long.")] = 20.0,
    drawers: Annotated[int, typer.Option(min=1, help="Clients that behave.")] = 4,
    processes: Annotated[int, typer.Option(min=1, help="As of `dall-e serve`.")] = 1,
    seed: Annotated[int, typer.Option(help="Of what the others do.")] = 1,
    out: Out = None,
) -> None:
    """Ask a server for pictures, while others hang up, send nonsense, and read slowly.

    With several processes, one of those that draw beside the server is killed every now and then.

    Afterwards each picture is drawn again from its own metadata by the library, and compared. The
    memory of the server is looked at 20 times; the last time is compared with the second.
    """
    table = Table("soak")
    kept: list[bytes] = []
    counts: Counter[str] = Counter()
    with serving(model, "--processes", str(processes)) as server:
        memory = asyncio.run(
            _soak(server, 60 * minutes, drawers, random.Random(seed), kept, counts)
        )
    for name, count in sorted(counts.items()):
        table.add(what=name, count=count)
    wrong = sum(not is_same for is_same in _compared(model, kept))
    table.add(what="pictures drawn again and compared", count=len(kept), wrong=wrong)
    early, late, most = (each // 2**20 for each in (memory[_EARLY - 1], memory[-1], max(memory)))
    growth = round(late / early - 1, 4) if early else None
    table.add(what="memory, MB", early=early, late=late, most=most, growth=growth)
    table.finish(out)


async def _soak(
    server: ServerProcess,
    seconds: float,
    drawers: int,
    rng: random.Random,
    kept: list[bytes],
    counts: Counter[str],
) -> list[int]:
    """Let all clients loose; the memory of the server at each look."""
    from openai import AsyncOpenAI

    started = time.monotonic()
    end = started + seconds
    memory: list[int] = []

    async def again(what: Callable[[], Awaitable[None]], pause: float) -> None:
        while time.monotonic() < end:
            await what()
            await asyncio.sleep(pause * rng.random())

    async def watch() -> None:
        for look in range(1, _LOOKS + 1):
            await asyncio.sleep(max(0.0, started + seconds * look / _LOOKS - time.monotonic()))
            memory.append(server.memory)
            print(f"memory {memory[-1] // 2**20} MB", file=sys.stderr, flush=True)

    pictures = _pictures()
    url = f"{server.url}/v1"
    async with AsyncOpenAI(base_url=url, api_key="none", max_retries=0, timeout=600) as client:
        deeds = [again(lambda: _draw(client, rng, kept, counts), 0.1) for _ in range(drawers)]
        deeds += [
            again(lambda: _hang_up(client, rng, counts), 1.0),
            again(lambda: _send_nonsense(server, rng, counts), 1.0),
            again(lambda: _read_slowly(server, rng, counts), 1.0),
            _kill(server, end, counts),
            again(lambda: _send_damage(server, rng, pictures, counts), 0.2),
            watch(),
        ]
        await asyncio.gather(*deeds)
    return memory


async def _draw(
    client: AsyncOpenAI, rng: random.Random, kept: list[bytes], counts: Counter[str]
) -> None:
    """Ask for a picture, and keep it if it is one of those that are compared."""
    from openai import APIStatusError

    seed, prompt = rng.randrange(2**32), rng.choice(PROMPTS)
    try:
        answer = await client.images.generate(prompt=prompt, extra_body={"seed": seed})
    except APIStatusError as error:
        if error.status_code not in _COME_AGAIN:
            raise
        counts["pictures asked for again later"] += 1
        return
    assert answer.data and answer.data[0].b64_json
    png = base64.b64decode(answer.data[0].b64_json)
    counts["pictures"] += 1

    info = _opened(png).info
    counts["pictures of somebody else"] += info["seed"] != str(seed) or info["prompt"] != prompt
    if len(kept) < _MOST_COMPARED:
        kept.append(png)
    else:
        kept[rng.randrange(_MOST_COMPARED)] = png


async def _hang_up(client: AsyncOpenAI, rng: random.Random, counts: Counter[str]) -> None:
    """Ask for pictures, and leave before they are there."""
    asked = client.images.generate(prompt=rng.choice(PROMPTS), n=rng.randint(1, 3))
    with contextlib.suppress(asyncio.TimeoutError):
        await asyncio.wait_for(asked, rng.random() * 2)
    counts["requests that hung up"] += 1


async def _kill(server: ServerProcess, end: float, counts: Counter[str]) -> None:
    """Kill a process that draws, whenever it had some time for that, until `end`."""
    while (left := end - time.monotonic()) > 0:
        await asyncio.sleep(min(left, _SECONDS_TO_LIVE))
        counts["processes killed"] += server.kill_a_drawing_process()


async def _send_nonsense(server: ServerProcess, rng: random.Random, counts: Counter[str]) -> None:
    """Send what is no request; anything but an answer of the kind 4xx is counted as a fault."""
    body = rng.choice((*_BAD_BODIES, rng.randbytes(rng.randint(1, 2000))))
    kind = rng.choice(("application/json", "multipart/form-data; boundary=x", "text/plain"))
    path = rng.choice(("generations", "edits", "variations"))
    answer = await _exchange(server, f"/v1/images/{path}", body, kind)
    counts["bodies that are nonsense"] += 1
    counts["nonsense not answered by 4xx"] += not answer.startswith(b"HTTP/1.1 4")


async def _send_damage(
    server: ServerProcess, rng: random.Random, pictures: list[bytes], counts: Counter[str]
) -> None:
    """Send a picture file of which some bytes are others, or the end is missing.

    It may be a picture all the same, which is then asked for what the model cannot do.
    """
    content = bytearray(rng.choice(pictures))
    for _ in range(rng.randint(1, 8)):
        content[rng.randrange(len(content))] = rng.randrange(256)
    if rng.random() < 0.3:
        del content[rng.randrange(len(content)) :]
    body = b'--x\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n'
    body += bytes(content) + b"\r\n--x--\r\n"
    kind = "multipart/form-data; boundary=x"
    answer = await _exchange(server, "/v1/images/variations", body, kind)
    counts["damaged pictures"] += 1
    counts["damaged pictures answered by 5xx"] += not answer.startswith(
        (b"HTTP/1.1 4", b"HTTP/1.1 200")
    )


def _pictures() -> list[bytes]:
    """Files of each kind that a server takes, with transparency and without."""
    from PIL import Image

    files: list[bytes] = []
    for kind, mode in (("PNG", "RGB"), ("PNG", "RGBA"), ("PNG", "P"), ("JPEG", "RGB")):
        files.append(_file(Image.effect_noise((48, 32), 60).convert(mode), kind))
    files.append(_file(Image.effect_noise((48, 32), 60).convert("RGBA"), "WEBP"))
    return files


def _file(image: Any, kind: str) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


async def _read_slowly(server: ServerProcess, rng: random.Random, counts: Counter[str]) -> None:
    """Ask for a stream, and take a little of it at a time, for a while."""
    body = json.dumps({"prompt": rng.choice(PROMPTS), "stream": True, "partial_images": 3}).encode()
    with contextlib.suppress(asyncio.TimeoutError):
        await asyncio.wait_for(
            _exchange(server, "/v1/images/generations", body, "application/json", slowly=True), 10
        )
    counts["slow readers"] += 1


async def _exchange(
    server: ServerProcess, path: str, body: bytes, kind: str, *, slowly: bool = False
) -> bytes:
    """What a server answers to bytes that no library would send."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        head += f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
        received = b""
        while part := await reader.read(512 if slowly else 65536):
            received += part
            await asyncio.sleep(0.05 if slowly else 0)
        return received
    finally:
        writer.close()


def _opened(png: bytes) -> Any:
    from PIL import Image

    return Image.open(io.BytesIO(png))


def _compared(model: str, pngs: list[bytes]) -> list[bool]:
    """Whether the library draws each picture again from its metadata, bit for bit."""
    from dall_e.pipeline import DALL_E

    drawing = DALL_E.from_pretrained(model)
    same: list[bool] = []
    for png in pngs:
        image = _opened(png)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            again = drawing(image.info["prompt"], seed=int(image.info["seed"]))
        same.append(again.tobytes() == image.tobytes())
    return same
