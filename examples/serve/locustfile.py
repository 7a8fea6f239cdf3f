"""How much a server of yours can draw: locust -f locustfile.py --headless -u 8 -t 60s.

Needs: pip install locust. DALLE_URL and DALLE_KEY say where the server is, and who asks; each of
`-u` users asks for a picture, waits for it, and asks for the next one. Ask a server of your own.
"""

import itertools
import os

from locust import FastHttpUser, task

PROMPTS = ("a white cat", "two cats and a red ball", "一只狗", "a tree in the snow")


class Painter(FastHttpUser):
    """Somebody who asks for one picture after the other."""

    host = os.environ.get("DALLE_URL", "http://127.0.0.1:8000")
    seeds = itertools.count()

    @task
    def draw(self) -> None:
        """Ask for a picture; anything but a picture is a failure."""
        seed = next(self.seeds)
        body = {"prompt": PROMPTS[seed % len(PROMPTS)], "seed": seed}
        key = {"Authorization": f"Bearer {os.environ.get('DALLE_KEY', 'none')}"}
        with self.client.post(
            "/v1/images/generations", json=body, headers=key, catch_response=True
        ) as answer:
            if answer.status_code != 200 or not answer.json()["data"][0]["b64_json"]:
                answer.failure(f"{answer.status_code}: {answer.text[:200]}")
