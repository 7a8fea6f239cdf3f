"""The named sets of prompts."""

import pytest

from dall_e.data.prompt_sets import GALLERY_PROMPTS, SUITES, suite_prompts


@pytest.mark.parametrize("suite", SUITES)
def test_a_suite_is_whole(suite: str) -> None:
    prompts = suite_prompts(suite)
    assert {prompt.group for prompt in prompts} == {"single", "words", "scenes", "outside"}
    singles = [prompt for prompt in prompts if prompt.group == "single"]
    # R-precision among 100 needs as many that mean something else, in each language.
    for texts in ({p.concept for p in singles}, {p.en for p in singles}, {p.zh for p in singles}):
        assert len(texts) == len(singles) >= 110
    assert all(prompt.en.isascii() and not prompt.zh.isascii() for prompt in prompts)
    assert all(bool(prompt.concept) == (prompt.group in ("single", "words")) for prompt in prompts)
    assert prompts[0].text("zh") == prompts[0].zh and prompts[0].text("en") == prompts[0].en


def test_nothing_is_tuned_on_them() -> None:
    texts = {prompt.en for prompt in suite_prompts("emoji")} | {
        prompt.zh for prompt in suite_prompts("emoji")
    }
    assert not texts & set(GALLERY_PROMPTS)


def test_an_unknown_suite() -> None:
    with pytest.raises(ValueError, match="there is no suite 'coco'; there are: emoji"):
        suite_prompts("coco")
