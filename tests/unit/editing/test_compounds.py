"""Lists and several edits in one sentence are taken apart, or refused; never is half of it done."""

import pytest

from dall_e.editing.compounds import read_instructions

Read = list[tuple[str, str, str]]


def known(words: str) -> bool:
    return words in ("bow and arrow", "和服")


@pytest.mark.parametrize(
    ("prompt", "read"),
    [
        ("remove the fox and the bear", [("remove", "", "fox"), ("remove", "", "the bear")]),
        ("去掉狐狸和熊", [("remove", "", "狐狸"), ("remove", "", "熊")]),
        ("remove a cat, a dog and mice",
         [("remove", "", "a cat"), ("remove", "", "a dog"), ("remove", "", "mice")]),
        ("make the cat and the dog blue",
         [("recolour", "blue", "cat"), ("recolour", "blue", "the dog")]),
        ("把猫和狗变成蓝色", [("recolour", "blue", "猫"), ("recolour", "blue", "狗")]),
        ("make the cats blue and the balls green",
         [("recolour", "blue", "cats"), ("recolour", "green", "the balls")]),
        ("make the cat and the dog blue and the ball gray",
         [("recolour", "blue", "cat"), ("recolour", "blue", "the dog"),
          ("recolour", "grey", "the ball")]),
        ("make the red cat and the orange blue",
         [("recolour", "blue", "red cat"), ("recolour", "blue", "the orange")]),
        ("make the house blue and remove the tree",
         [("remove", "", "tree"), ("recolour", "blue", "house")]),
        ("去掉树，把房子涂成蓝色", [("remove", "", "树"), ("recolour", "blue", "房子")]),
        ("add a hat, then remove the cat", [("remove", "", "cat"), ("draw", "a hat", "")]),
        # These are one.
        ("remove the bow and arrow", [("remove", "", "bow and arrow")]),
        ("去掉和服", [("remove", "", "和服")]),
        ("remove the black and white cat", [("remove", "", "black and white cat")]),
        ("add a cat and a dog", [("draw", "a cat and a dog", "")]),
        ("a man and a paint brush", [("draw", "a man and a paint brush", "")]),
        ("remove", [("remove", "", "")]), ("delete", [("remove", "", "")]),
        ("erase", [("remove", "", "")]), ("去掉", [("remove", "", "")]),
    ],
)  # fmt: skip
def test_every_edit_is_read(prompt: str, read: Read) -> None:
    found = read_instructions(prompt, known)
    assert [(each.kind, each.what, each.where) for each in found] == read


@pytest.mark.parametrize(
    ("prompt", "kept"),
    [
        ("remove everything except the cat", ("the cat",)),
        ("delete all but the cat and the dog", ("the cat", "the dog")),
        ("除了猫都去掉", ("猫",)),
        ("除了猫和狗，其他的都去掉", ("猫", "狗")),
        ("把除了猫以外的东西都去掉", ("猫",)),
    ],
)
def test_what_stays_is_read(prompt: str, kept: tuple[str, ...]) -> None:
    (read,) = read_instructions(prompt, known)
    assert (read.kind, read.where, read.kept) == ("remove", "", kept)


@pytest.mark.parametrize(
    "prompt",
    [
        "make the cat blue and green",
        "make the cat black and white",
        "把猫涂成蓝色和绿色",
        "把猫涂成蓝色，球涂成绿色",
        "remove the cat but keep the dog",
        "remove the cat and keep the dog",
        "remove the cat with a hat and a scarf",
        "replace the cat and the dog with a bird",
        "replace the cat with a dog and the ball with a car",
        "replace the cat with a dog and remove the ball",
        "make it blue and add a hat",
        "add a hat and add a ball",
    ],
)
def test_what_cannot_be_taken_apart_is_refused(prompt: str) -> None:
    with pytest.raises(ValueError, match="give one edit at a time"):
        read_instructions(prompt, known)
