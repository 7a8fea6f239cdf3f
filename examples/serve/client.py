"""Draw a picture by a server, with OpenAI's client: python client.py "a cat".

Needs: pip install openai. DALLE_URL and DALLE_KEY say where the server is, and who asks.
"""

import base64
import os
import sys
from pathlib import Path

from openai import OpenAI


def main(prompt: str, out: str = "picture.png") -> None:
    """Write the picture to a file, and how it looked on the way beside it."""
    client = OpenAI(
        base_url=os.environ.get("DALLE_URL", "http://127.0.0.1:8000") + "/v1",
        api_key=os.environ.get("DALLE_KEY", "none"),
    )
    path = Path(out)
    events = client.images.generate(
        prompt=prompt, stream=True, partial_images=2, extra_body={"seed": 3}
    )
    for event in events:
        if event.type == "image_generation.partial_image":
            file = path.with_stem(f"{path.stem}-{event.partial_image_index}")
        else:
            file = path
        file.write_bytes(base64.b64decode(event.b64_json))
        print(file)


if __name__ == "__main__":
    main(*sys.argv[1:])
