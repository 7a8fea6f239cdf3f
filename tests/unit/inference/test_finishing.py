"""Styles of finished pictures: which are known, and what they do to a model's drawings."""

from __future__ import annotations

import numpy as np
import pytest

from dall_e import DALL_E
from dall_e.config.published import PublishedConfig
from dall_e.inference.finishing import checked_style
from dall_e.planning.vocabulary import Vocabulary
from dall_e.planning.vocabulary_rows import KnownName


@pytest.fixture(scope="module")
def model() -> DALL_E:
    return DALL_E.from_pretrained()


def drawn(model: DALL_E, prompt: str = "a cat", **how):
    return model(prompt, seed=1, num_inference_steps=2, height=96, **how)


def test_a_style_is_known_by_any_of_its_words_or_an_error(model: DALL_E) -> None:
    words = Vocabulary([KnownName("flat style", "扁平风格", "style")])
    names = {"水墨画": "ink painting", "Flat style": "flat style", "扁平风格": "flat style"}
    names |= {"Flat": "flat style", "扁平": "flat style"}
    for name, expected in {**names, "": "", None: ""}.items():
        assert checked_style(name, model.config, words) == expected
    assert checked_style("logo", model.config, None) == "logo"
    with pytest.raises(ValueError, match="'batik' is not known.*watercolour.*flat style"):
        checked_style("batik", model.config, words)
    with pytest.raises(ValueError, match="must be a text"):
        checked_style(7, model.config, words)  # type: ignore[arg-type]
    published = PublishedConfig.__new__(PublishedConfig)
    object.__setattr__(published, "name", "other")
    with pytest.raises(ValueError, match="other reads styles in the prompt"):
        checked_style("logo", published, None)


@pytest.mark.parametrize("prompt", ["a cat", "two cats and a red ball"])
@pytest.mark.parametrize("finish", ["crisp", "soft"])
@pytest.mark.parametrize("style", ["silhouette", "watercolour"])
def test_styles_are_drawn_with_any_finish(
    model: DALL_E, prompt: str, finish: str, style: str
) -> None:
    how = {"seed": 1, "height": 96, "finish": finish, "transparent": True}
    sampling = model.sampling_settings(num_inference_steps=2)

    def pixels(**more) -> np.ndarray:
        request = model.engine.request(prompt, **how, **more, sampling=sampling)
        return np.asarray(model.engine.generate(request)[0].pixels)

    plain, styled = pixels(), pixels(style=style)
    assert plain.shape == styled.shape == (96, 96, 4)
    shown = (plain[..., 3] > 250) & (styled[..., 3] > 250)
    assert shown.mean() > 0.1
    assert np.abs(plain[shown].astype(int) - styled[shown]).mean() > 3


def test_the_words_and_the_keyword_draw_the_same_and_the_info_says_it(model: DALL_E) -> None:
    by_words = drawn(model, "sticker of a cat", transparent=True)
    by_keyword = drawn(model, "a cat", transparent=True, style="贴纸")
    assert np.array_equal(np.asarray(by_words), np.asarray(by_keyword))
    assert by_words.info["style"] == by_keyword.info["style"] == "sticker"
    assert "style" not in drawn(model).info
    assert drawn(model, "a cat, pixel art", style="logo").info["style"] == "logo"


def test_candidates_are_compared_without_their_style(model: DALL_E) -> None:
    plain = drawn(model, best_of=3)
    styled = drawn(model, best_of=3, style="neon")
    assert (plain.info["seed"], plain.info["score"]) == (styled.info["seed"], styled.info["score"])
