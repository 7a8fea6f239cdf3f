"""Pieces of the pages: the table with earlier runs, and intervals on one axis."""

import numpy as np

from dall_e.evaluation.intervals import Measure
from dall_e.evaluation.pages import image_tag, interval_plot, measure_table

MEASURE = Measure(value=0.5, low=0.0, high=1.0, count=3)


def test_plot_places_intervals_on_one_axis() -> None:
    plot = interval_plot([MEASURE, None], width=110)
    # 0 to 1 with a margin of 0.05 on both sides fills 110 pixels.
    assert "x1='5.0' x2='105.0'" in plot and "cx='55.0'" in plot
    assert plot.count("<circle") == 1 and "height='18'" in plot


def test_a_table_has_earlier_values_where_there_are_some() -> None:
    older = {"measures": {"seconds": {"value": 7.25, "low": 7.0, "high": 8.0, "count": 2}}}
    strange = {"measures": {"seconds": {"value": 3.0}}}
    table = measure_table({"seconds": MEASURE}, [("<old>", older), ("strange", strange)])
    assert (
        "&lt;old&gt;" in table and "<small>7.25</small>" in table and table.count("<td></td>") == 1
    )
    assert "lower is better" in table and "n=3" in table


def test_an_image_is_held_inside_and_its_title_cannot_break_out() -> None:
    tag = image_tag(np.zeros((4, 8, 8), dtype=np.uint8), '">')
    assert tag.startswith('<img src="data:image/webp;base64,') and 'title="&quot;&gt;"' in tag
