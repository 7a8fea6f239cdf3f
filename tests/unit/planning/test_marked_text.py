"""A text under reading knows which of its characters were used, whatever stands in their place."""

from dall_e.planning.marked_text import MarkedText


def test_a_marked_text_knows_what_was_used() -> None:
    marked = MarkedText("draw me a cat in the snow now")
    marked.keep_only(8, 29)
    assert marked.text == "a cat in the snow now"
    marked.use(6, 17)
    marked.replace([(6, 17)], ",")
    assert marked.text == "a cat , now"
    marked.use(2, 5)
    assert marked.unused().split() == ["a", "now"] and len(marked.unused()) == len(marked.whole)
