"""What people say of a change is read as what they mean, in English and Chinese."""

import pytest

from dall_e.editing.instructions import Instruction, read_instruction


@pytest.mark.parametrize(
    ("prompt", "kind", "what", "where", "adds"),
    [
        ("a red hat", "draw", "a red hat", "", False),
        ("add a red hat", "draw", "a red hat", "", True),
        ("Put a bird here.", "draw", "a bird", "", True),
        ("replace the apple with a pear", "draw", "a pear", "apple", False),
        ("turn the car into a bus", "draw", "a bus", "car", False),
        ("make it a dog", "draw", "a dog", "", False),
        ("remove the tree", "remove", "", "tree", False),
        ("remove it", "remove", "", "", False),
        ("nothing", "remove", "", "", False),
        ("", "remove", "", "", False),
        ("make the red car blue", "recolour", "blue", "red car", False),
        ("change the colour of the car to gray", "recolour", "grey", "car", False),
        ("green", "recolour", "green", "", False),
        ("去掉树", "remove", "", "树", False),
        ("把树去掉", "remove", "", "树", False),
        ("把苹果换成梨", "draw", "梨", "苹果", False),
        ("把汽车变成蓝色", "recolour", "blue", "汽车", False),
        ("加一只狗", "draw", "一只狗", "", True),
        ("一顶红帽子", "draw", "一顶红帽子", "", False),
    ],
)
def test_prompts_are_read(prompt: str, kind: str, what: str, where: str, adds: bool) -> None:
    read = read_instruction(prompt)
    assert read == Instruction(kind=kind, what=what, where=where, adds=adds)  # type: ignore[arg-type]
