"""Measures in words."""

from dall_e.evaluation.measure_names import explain


def test_suffixes_add_words_and_limits_have_no_better_way() -> None:
    chinese = "one thing: the judge finds the own prompt among 100 (Chinese)"
    assert explain("r_precision_single_zh") == (chinese, "higher")
    text, better = explain("composition_ceiling")
    assert text.endswith("on true composed pictures: the ceiling") and better == ""
    assert explain("kid_judge_real")[1] == ""
    assert explain("composition_fraction")[1] == "higher"


def test_a_measure_of_one_group_names_the_group() -> None:
    assert explain("composition_count")[0] == f"{explain('composition')[0]}: count"
    assert explain("composition_count_ceiling")[1] == ""


def test_an_unknown_measure_is_its_own_name() -> None:
    assert explain("nonsense") == ("nonsense", "")
