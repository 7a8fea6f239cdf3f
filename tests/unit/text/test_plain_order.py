"""What is said in a roundabout way, as the grammars read it."""

import pytest

from dall_e.text.plain_order import in_plain_order


@pytest.mark.parametrize(
    ("said", "plain"),
    [
        ("three balloons of different colors", "three colourful balloons"),
        ("two cats in various colours", "two colourful cats"),
        ("a bottle of red wine and two glasses", "a bottle of red wine and two glasses of wine"),
        ("a rose gold watch", "a pink watch"),
        ("three neon green cacti", "three green cactuses"),
        ("a monkey on an elephant's back", "a monkey on an elephant"),
        ("a cat on the roof of a car", "a cat on top of a car"),
        ("a balloon tied to a chair", "a balloon on a chair"),
        ("an ice sculpture of a swan", "an ice swan"),
        ("flowers around a fountain", "a fountain between two flowers"),
        ("a statue of liberty", "a statue of liberty"),
        ("blue and white striped socks", "blue striped socks"),
        ("a white and red checked shirt", "a red checked shirt"),
        ("black and yellow striped scarf", "black and yellow striped scarf"),
        ("a striped blue and white towel", "a blue striped towel"),
        ("striped black and yellow socks", "black and yellow striped socks"),
        ("a checkered red scarf", "a red checkered scarf"),
        ("a blue and white plate", "a blue and white plate"),
        ("a fishbowl with no fish, just pebbles", "a fishbowl with pebbles"),
        ("a cup with stripes", "a striped cup"),
        ("a big cup with blue polka dots", "a blue dotted big cup"),
        ("a man with a cup with stripes", "a man with a cup with stripes"),
        ("a sandwich with a bite taken out of it", "a bitten sandwich"),
        ("a cat with a long back", "a cat with a long back"),
        ("a cup on the left, a teapot on the right", "a cup to the left of a teapot"),
        ("a cup on the right and a teapot on the left", "a cup to the right of a teapot"),
        ("left: a cat, right: a dog", "a cat to the left of a dog"),
        ("a cat on the left", "a cat on the left"),
        ("four penguins standing in a straight line", "four penguins standing in a row"),
        ("a baby dragon hatching from an egg", "a baby dragon hatching"),
        ("a row of three houses", "three houses in a row"),
        ("a boat and distant mountains", "a boat in the mountains"),
        ("a horse with distant hills in the background", "a horse in the hills"),
        ("a cat and a mountain", "a cat and a mountain"),
        ("a row of eleven houses", "eleven houses in a row"),
        ("a bottle of wine and seven glasses", "a bottle of wine and seven glasses of wine"),
        ("nine cups with stripes", "nine striped cups"),
    ],
)
def test_english(said: str, plain: str) -> None:
    assert in_plain_order(said, "en") == plain


@pytest.mark.parametrize(
    ("said", "plain"),
    [
        ("三个不同颜色的气球", "三个彩色的气球"),
        ("五颜六色的气球", "几个彩色的气球"),
        ("大象背上的小鸟", "大象的上的小鸟"),
        ("车顶上的猫", "车的上的猫"),
        ("屋顶上的猫", "屋顶上的猫"),
        ("蓝白条纹袜子", "蓝色条纹袜子"),
        ("红白相间的格子桌布", "红色格子桌布"),
        ("蓝白花纹的盘子", "蓝色花纹的盘子"),
        ("蓝白花纹的瓷碗", "青花瓷碗"),
        ("一大堆红色的苹果", "一堆红色的苹果"),
        ("一筐又大又红的苹果", "一筐大红色的苹果"),
        ("冰雕天鹅", "冰做的天鹅"),
        ("左边是猫右边是狗", "猫在狗的左边"),
        ("猫在左边，狗在右边", "猫在狗的左边"),
        ("小狗趴在椅子下面", "小狗在椅子下面"),
        ("小狗坐在树下", "小狗在树下"),
        ("小船和远山", "群山中的小船"),
        ("一叶小船", "一条小船"),
        ("一叶子", "一叶子"),
        ("下雪天的小木屋,烟囱冒着烟", "下雪天的烟囱冒烟的房子"),
        ("雨后的山谷出现彩虹", "山谷里有彩虹"),
        ("海上升起一轮月亮", "海里有一轮月亮"),
        ("透明玻璃罐里装满糖果", "一罐糖果"),
        ("罐子里的饼干", "一罐饼干"),
    ],
)
def test_chinese(said: str, plain: str) -> None:
    assert in_plain_order(said, "zh") == plain
