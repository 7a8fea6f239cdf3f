"""The number of threads follows what calls took."""

from dall_e.nn.cpu.threads import ThreadTuner


def test_the_quicker_number_of_threads_is_taken_and_the_other_tried_now_and_then() -> None:
    tuner = ThreadTuner()
    seconds = {1: 2.0, 4: 1.0}
    taken = []
    for call in range(400):
        if call == 200:
            seconds = {1: 2.0, 4: 50.0}  # Somebody else has work for the cores.
        taken.append(tuner.threads(4))
        tuner.note(taken[-1], seconds[taken[-1]])
    assert taken[:2] == [4, 1]
    assert 1 <= taken[2:200].count(1) <= 4
    assert taken[200:210].count(4) < 5 and 1 <= taken[210:].count(4) <= 4
    assert {ThreadTuner().threads(1) for _ in range(3)} == {1}


def test_all_threads_are_taken_only_for_a_clear_gain() -> None:
    tuner = ThreadTuner()
    taken = []
    for _ in range(50):
        taken.append(tuner.threads(2))
        tuner.note(taken[-1], {1: 1.1, 2: 1.0}[taken[-1]])
    assert taken[2:].count(1) == 48
