"""What a token of a picture sees of a line or a square, by hand on a grid of four."""

import torch

from dall_e.nn.sparse_masks import line_of_layer, visible


def seen_by(place: int, lines: str, *, grid_size: int = 4, wrapped: bool = False) -> list[int]:
    """Tokens of the picture that one sees; the prompt of two is always seen."""
    table_SS = visible(lines, 2, grid_size, 2 + grid_size**2, wrapped=wrapped)  # type: ignore[arg-type]
    assert table_SS[2 + place, :2].all()
    return (table_SS[2 + place, 2:].nonzero()[:, 0]).tolist()


def test_rows_columns_and_squares() -> None:
    assert seen_by(9, "row") == [5, 6, 7, 8, 9]
    assert seen_by(9, "column") == [1, 5, 9]
    assert seen_by(15, "square") == list(range(16))
    # On a grid of 14 the square has eleven columns; token 100 is row 7, column 2.
    square = seen_by(100, "square", grid_size=14)
    assert {place // 14 for place in square} == set(range(2, 8)) and {
        place % 14 for place in square
    } == set(range(8))
    wrapped = seen_by(100, "square", grid_size=14, wrapped=True)
    assert {place % 14 for place in wrapped} == {*range(8), 11, 12, 13} and set(square) < set(
        wrapped
    )


def test_a_prompt_sees_what_comes_before() -> None:
    for lines in ("row", "column", "square"):
        table_SS = visible(lines, 3, 4, 19)  # type: ignore[arg-type]
        assert (
            torch.equal(table_SS[:3, :3], torch.ones(3, 3, dtype=torch.bool).tril())
            and not table_SS[:3, 3:].any()
        )
        assert table_SS.diagonal().all()


def test_which_layer_sees_what() -> None:
    assert [line_of_layer(layer, 8)[0] for layer in range(8)] == [
        "r",
        "c",
        "r",
        "r",
        "r",
        "c",
        "r",
        "s",
    ]
    assert line_of_layer(5, 6) == "column"
