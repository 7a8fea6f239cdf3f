"""Things that free sentences name, with what is said of them in known words."""

import pytest

from dall_e.data.prompt_sets import suite_prompts
from dall_e.planning.gleaning import glean_scene
from dall_e.planning.parser import read_scene
from dall_e.scenes.graph import Scene


def content(scene: Scene | None) -> str:
    """All that was understood, in a line."""
    if scene is None:
        return ""
    items = (
        " ".join(filter(None, (item.size, item.colour, item.name, item.state)))
        + (f"*{item.count}" if item.count > 1 else "")
        for item in scene.objects
    )
    where = f" [{scene.relation}]" if scene.relation else ""
    place = f" @{scene.background}" if scene.background else ""
    style = scene.style_en or scene.style_zh
    return f"{' + '.join(items)}{where}{place}{f' {style!r}' if style else ''}"


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("an astronaut riding a big horse through the stars", "astronaut + big horse [on] @night"),
        ("a dog wearing a hat", "hat + dog face [on]"),
        ("a sly fox in a hat", "hat + fox face [on]"),
        ("a majestic lion standing on a rock at sunset", "lion face + rock [on] @sunset"),
        (
            "two cute kittens playing with a ball of yarn in the garden",
            "cat playing*2 + yarn @grass",
        ),
        ("a girl reading a blue book in a library", "girl + blue book @room"),
        ("A cat sitting in a red box next to a dog.", "cat + red box + dog"),
        ("a photo of a green frog jumping over a mushroom", "green frog face + mushroom [above]"),
        ("a red car driving down a city street", "red car @city"),
        ("birds flying over the sea", "bird*3 @sea"),
        ("a monkey holding a gray bucket, 3D style", "monkey + grey bucket '3d style'"),
        ("my 2 lovely dogs", "dog*2"),
        ("12 cats playing cards", "cat playing*6"),
        ("I want many red balloons", "red balloon*6"),
        ("我想要几只小狗，还有12个苹果", "dog*3 + apple*6"),
        ("一只戴帽子的狗", "hat + dog face [on]"),
        ("宇航员骑马", "astronaut + horse [on]"),
        ("一只可爱的小白猫在花园里追蝴蝶", "small white cat + butterfly @grass"),
        ("whales playing in the ocean", "whale*3 @sea"),
        ("一只熊在森林里散步", "bear @forest"),
        ("河南的城堡在云南", "castle"),
        ("a monkey wearing red glasses", "red glasses + monkey face [on]"),
        ("戴墨镜的老虎在海边", "sunglasses + tiger face [on] @beach"),
        ("a dog in goggles", "goggles + dog face [on]"),
        ("noodles for my parents", "steaming bowl + family"),
        ("two sheep running to the house", "sheep*2 + house"),
        ("king of the jungle", "person with crown"),
        ("a hand drawn cat", "cat"),
        ("a man with two dogs", "man + dog*2"),
        ("新年快乐，爸爸", "fireworks + man"),
        ("两只熊猫在吃竹子", "panda face*2 + pine decoration"),
        ("月亮下的城堡", "castle + moon [under]"),
        ("草地上有三只奔跑的兔子", "rabbit*3 @grass"),
        ("一辆红色的汽车停在房子前面", "red car + house [in front]"),
        ("树下有一只睡觉的狗", "dog sleeping + tree [under]"),
    ],
)
def test_what_sentences_name(prompt: str, expected: str) -> None:
    assert content(glean_scene(prompt)) == expected


def test_of_nouns_that_stand_together_the_last_is_meant() -> None:
    assert content(glean_scene("an apple pie for me")) == "pie"
    assert content(glean_scene("apples, then a pie")) == "apple*3 + pie"
    assert content(glean_scene("a snow leopard")) == "leopard"
    assert content(glean_scene("a happy penguin family")) == "penguin"
    assert content(glean_scene("a happy family at the beach")) == "family @beach"


def test_what_is_not_there_is_not_drawn() -> None:
    assert content(glean_scene("a dog without a hat")) == "dog"
    assert content(glean_scene("a tree but no apples here")) == "tree"


def test_three_things_at_most() -> None:
    scene = glean_scene("I see a cat, then a dog, later a car and finally a house")
    assert content(scene) == "cat + dog + car"


@pytest.mark.parametrize(
    "prompt",
    ["quantum entanglement", "xq zvrrt blorp", "https://example.org/index.html", "量子纠缠", "马上回来", "a sunset",
     "flag of France", "thumbs up: dark skin tone", "法国国旗", "", "  ", "!?", "1234"],
)  # fmt: skip
def test_what_names_nothing(prompt: str) -> None:
    assert glean_scene(prompt) is None


def test_prompts_of_any_kind_do_not_fail() -> None:
    for prompt in suite_prompts("emoji"):
        for text in (prompt.en, prompt.zh, prompt.en + " " + prompt.zh, prompt.en * 20):
            scene = glean_scene(text)
            assert scene is None or 1 <= len(scene.objects) <= 3
            read_scene(text)
