"""Published models draw through the same pipeline: from their own files, by name, and converted."""

import json
import shutil
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

from dall_e import DALL_E
from dall_e.checkpoints import known_models, registry
from dall_e.config.published import PublishedConfig

pytestmark = pytest.mark.filterwarnings("ignore:the weights of .* are under the licence")


@pytest.fixture(scope="module")
def model(mini_folder: Path) -> DALL_E:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return DALL_E.from_pretrained(mini_folder)


def pixels(image) -> np.ndarray:
    return np.asarray(image)


def test_a_folder_of_another_project_draws(model: DALL_E) -> None:
    image = model("a cat", seed=3)
    assert (image.mode, image.size) == ("RGB", (16, 16))
    assert image.info["num_inference_steps"] == "256" and image.info["order"] == "raster"
    assert (
        image.info["model"] == "mini"
        and image.info["guidance_scale"] == "16.0"
        and image.info["top_k"] == "256"
    )
    assert len(np.unique(pixels(image))) > 20


def test_a_seed_is_a_picture_in_any_batch(model: DALL_E) -> None:
    alone = model("a cat", seed=7)
    batch = model(["cat", "a cat"], num_images_per_prompt=2, seed=[1, 1, 2, 7])
    assert np.array_equal(pixels(alone), pixels(batch[3]))
    assert np.array_equal(pixels(batch[0]), pixels(batch[1])) and not np.array_equal(
        pixels(alone), pixels(batch[2])
    )


def test_prompt_negative_and_guidance_matter(model: DALL_E) -> None:
    plain, other = model("a cat", seed=0), model("wood", seed=0)
    steered, free = (
        model("a cat", seed=0, negative_prompt="wood"),
        model("a cat", seed=0, guidance_scale=1.0),
    )
    assert len({pixels(image).tobytes() for image in (plain, other, steered, free)}) == 4


def test_steps_are_no_choice_and_that_is_said(model: DALL_E) -> None:
    with pytest.warns(
        UserWarning, match="num_inference_steps 50 is ignored: mini draws its 256 tokens one after"
    ):
        image = model("a cat", seed=3, num_inference_steps=50)
    assert np.array_equal(pixels(image), pixels(model("a cat", seed=3)))


def test_steps_of_a_callback(model: DALL_E) -> None:
    seen: list[int] = []
    model("a cat", seed=3, callback_on_step_end=lambda step: seen.append(step.step))
    assert seen == list(range(1, 257))


def test_what_it_cannot_do_is_said(model: DALL_E) -> None:
    with pytest.raises(ValueError, match="transparent is not possible"):
        model("a cat", transparent=True)


def test_words_left_out_and_letters_lost_are_said(model: DALL_E) -> None:
    with pytest.warns(
        UserWarning, match=r"longer than the 12 tokens that this model reads; left out: 'a cat owl'"
    ):
        model("a cat " * 6 + "owl")
    with pytest.warns(UserWarning, match="has no pieces for '猫'"):
        model("a 猫 cat")


def test_the_licence_is_shown_at_load(mini_folder: Path) -> None:
    with pytest.warns(UserWarning, match=r"the weights of mini are under the licence Apache-2\.0"):
        DALL_E.from_pretrained(mini_folder)


def test_one_file_stands_for_its_folder(mini_folder: Path, model: DALL_E, tmp_path: Path) -> None:
    again = DALL_E.from_pretrained(mini_folder / "decoder_mini.pt")
    assert np.array_equal(pixels(again("a cat", seed=3)), pixels(model("a cat", seed=3)))
    shutil.copyfile(mini_folder / "decoder_mini.pt", tmp_path / "decoder_mini.pt")
    with pytest.raises(
        ValueError, match=r"min_dalle mini lacks encoder_mini\.pt, detoker\.pt, vocab_mini\.json"
    ):
        DALL_E.from_pretrained(tmp_path)
    torch.save({}, tmp_path / "other.pt")
    with pytest.raises(
        ValueError,
        match=r"other\.pt: it is, or holds, no model that is known: it holds no weights by name",
    ):
        DALL_E.from_pretrained(tmp_path / "other.pt")


def test_variants(mini_folder: Path) -> None:
    assert DALL_E.from_pretrained(mini_folder, variant="mini").config.name == "mini/mini"
    with pytest.raises(ValueError, match="no model of the variant 'mega'"):
        DALL_E.from_pretrained(mini_folder, variant="mega")
    with pytest.raises(
        ValueError, match=r"kuprel/min-dalle has no variant 'giga': its variants are mini, mega"
    ):
        DALL_E.from_pretrained("kuprel/min-dalle", variant="giga")
    assert known_models.split_variant("kuprel/min-dalle/mega") == ("kuprel/min-dalle", "mega")


def test_by_name_from_the_cache_of_the_hub(
    mini_folder: Path, model: DALL_E, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A repository as the hub's client caches it; nothing is asked of the network."""
    cached = tmp_path / "models--kuprel--min-dalle"
    shutil.copytree(mini_folder, cached / "snapshots" / "abc")
    (cached / "refs").mkdir()
    (cached / "refs" / "main").write_text("abc")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    again = DALL_E.from_pretrained("kuprel/min-dalle", local_files_only=True)
    assert again.config.name == "kuprel/min-dalle"
    assert np.array_equal(pixels(again("a cat", seed=3)), pixels(model("a cat", seed=3)))
    with pytest.raises(FileNotFoundError, match="peizesun/llamagen_t2i is not in the cache"):
        DALL_E.from_pretrained("peizesun/llamagen_t2i", local_files_only=True)
    with pytest.raises(FileNotFoundError, match="some-one/some-thing is not in the cache"):
        DALL_E.from_pretrained("some-one/some-thing", local_files_only=True)


@pytest.mark.parametrize("int8", [True, False])
def test_converted_it_draws_the_same_without_pickles(
    model: DALL_E, tmp_path: Path, int8: bool
) -> None:
    model.save_pretrained(tmp_path / "converted", int8=int8)
    assert {path.suffix for path in (tmp_path / "converted").iterdir()} == {".json", ".safetensors"}
    again = DALL_E.from_pretrained(tmp_path / "converted")
    assert again.config == model.config and len(again.weights_sha256) == 64
    if int8:
        assert again("a cat", seed=3).size == (16, 16)
    else:
        assert np.array_equal(pixels(again("a cat", seed=3)), pixels(model("a cat", seed=3)))


def test_other_number_formats(mini_folder: Path) -> None:
    model = DALL_E.from_pretrained(mini_folder, dtype="bfloat16")
    assert (
        model.dtype == torch.bfloat16
        and model.networks.tokenizer.decoder.end.weight.dtype == torch.bfloat16
    )
    assert model("a cat", seed=1).info["dtype"] == "bfloat16"
    # Activations of the decoder leave the range of float16.
    model = DALL_E.from_pretrained(mini_folder, dtype="float16")
    assert (
        model.dtype == torch.float16
        and model.networks.tokenizer.decoder.end.weight.dtype == torch.float32
    )


def test_a_malicious_file_among_them_is_refused(mini_folder: Path, tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> object:
            return Path.touch, (tmp_path / "ran",)

    folder = tmp_path / "mini"
    shutil.copytree(mini_folder, folder)
    torch.save({"x": Evil()}, folder / "decoder_mini.pt")
    with pytest.raises(ValueError, match="refused and nothing of it was run"):
        DALL_E.from_pretrained(folder)
    assert not (tmp_path / "ran").exists()


def test_settings_survive_json_and_contradictions_are_named(model: DALL_E) -> None:
    config = model.config
    assert isinstance(config, PublishedConfig)
    values = json.loads(json.dumps(config.to_dict()))
    assert PublishedConfig.from_dict(values) == config
    with pytest.raises(
        ValueError, match="the tokenizer's grid has 1024 positions, the transformer 256"
    ):
        PublishedConfig.from_dict(
            {**values, "tokenizer": {**values["tokenizer"], "image_size": 32}}
        )
    with pytest.raises(ValueError, match="LeftToRightConfig has no setting named depth"):
        PublishedConfig.from_dict({**values, "generator": {"depth": 3}})


def test_every_known_name_has_files_that_load() -> None:
    """What is downloaded for a name and variant is a complete set of files of some family."""
    import fnmatch

    for known in known_models.list_models():
        for variant in known.variants or ("",):
            patterns = known_models._patterns(known, variant or None)
            complete = [
                family
                for family, held in registry.FAMILIES.items()
                for wanted in held.FILES.values()
                if all(
                    any(fnmatch.fnmatch(name.split("|")[0], each) for each in patterns)
                    for name in wanted.values()
                )
            ]
            assert known.built_in or known.archive or complete, f"{known.name} {variant}"


def test_a_converted_folder_that_was_altered_is_refused(model: DALL_E, tmp_path: Path) -> None:
    model.save_pretrained(tmp_path / "a", int8=False)
    path = tmp_path / "a" / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match="was cut short or altered"):
        DALL_E.from_pretrained(tmp_path / "a")


def test_auto_keeps_the_number_format_of_the_files(mini_folder: Path, tmp_path: Path) -> None:
    halved = tmp_path / "halved"
    shutil.copytree(mini_folder, halved)
    for name in ("encoder_mini.pt", "decoder_mini.pt"):
        held = torch.load(halved / name, weights_only=True)
        torch.save({key: tensor.half() for key, tensor in held.items()}, halved / name)
    loaded = [DALL_E.from_pretrained(folder, dtype="auto") for folder in (mini_folder, halved)]
    assert [model.dtype for model in loaded] == [torch.float32, torch.float16]
    # Its pixels were published in float32.
    assert next(loaded[1].networks.tokenizer.parameters()).dtype == torch.float32


def test_auto_draws_as_the_format_by_name(mini_folder: Path, tmp_path: Path) -> None:
    """Metadata have one name for both."""
    folder = tmp_path / "halved"
    shutil.copytree(mini_folder, folder)
    for name in ("encoder_mini.pt", "decoder_mini.pt"):
        held = torch.load(folder / name, weights_only=True)
        torch.save({key: tensor.bfloat16() for key, tensor in held.items()}, folder / name)
    drawn = [
        DALL_E.from_pretrained(folder, dtype=name)("a cat", seed=1) for name in ("auto", "bfloat16")
    ]
    assert drawn[0].info == drawn[1].info and drawn[0].tobytes() == drawn[1].tobytes()


def test_fault_use_10_without_a_home_downloads_need_a_folder(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from huggingface_hub import constants

    from dall_e.checkpoints.hub import download

    monkeypatch.setattr(constants, "HF_HUB_CACHE", "~/.cache/huggingface/hub")
    with pytest.raises(ValueError, match="no home folder to keep some-one/it in: set HF_HOME"):
        download("some-one/it", [], True)
