"""The snippet of the README, as people paste it."""

from pathlib import Path

import pytest
from PIL import Image

import dall_e
from dall_e.errors import DallEWarning

SNIPPET = """\
import torch
from dall_e import DALL_E
model = DALL_E.from_pretrained('openai/dall-e')
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
model.to(device)
text_description = "A white cat sleeping on a windowsill"
with torch.no_grad():
    image = model(text_description, num_inference_steps=50)
image.save("white_cat_sleeping.jpg")
image.show()
"""


@pytest.mark.skipif(
    not Path(dall_e.__file__).with_name("weights").joinpath("config.json").is_file(),
    reason="the built-in weights are not in this checkout",
)
def test_the_snippet_draws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shown: list[Image.Image] = []

    def show(image: Image.Image) -> None:
        shown.append(image)

    monkeypatch.setattr(Image.Image, "show", show)
    with pytest.warns(UserWarning, match="OpenAI never published") as caught:
        exec(SNIPPET, {})
    # Of ours; what other packages say as they are imported, or files of other tests as they are let
    # go, may come at any time.
    assert len([each for each in caught if issubclass(each.category, DallEWarning)]) == 1
    (image,) = shown
    assert image.mode == "RGB" and image.info["prompt"] == "A white cat sleeping on a windowsill"
    with Image.open("white_cat_sleeping.jpg") as saved:
        assert saved.size == image.size
