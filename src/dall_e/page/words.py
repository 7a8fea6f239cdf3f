"""What the page says, in English and in Chinese."""

from __future__ import annotations

from dataclasses import dataclass

from dall_e.text.language import COLOURS_ZH, Language


@dataclass(frozen=True, kw_only=True)
class Words:
    """All texts of the page in one language."""

    language: Language
    title: str
    tagline: str
    other_language: str
    prompt: str
    placeholder: str
    draw: str
    stop: str
    examples: str
    understood: str
    not_understood: str
    nothing_understood: str
    instead: str
    here: str
    number: str
    size: str
    own_size: str
    style: str
    no_style: str
    transparent: str
    more: str
    seed: str
    seed_hint: str
    negative: str
    guidance: str
    guidance_hint: str
    model: str
    empty: str
    drawing: str
    waits: str
    save_png: str
    save_svg: str
    vary: str
    vary_hint: str
    strength: str
    vary_button: str
    change: str
    change_hint: str
    change_words: str
    change_example: str
    change_button: str
    brush: str
    clear: str
    arrange: str
    arrange_hint: str
    thing: str
    smaller: str
    larger: str
    left: str
    right: str
    up: str
    down: str
    remove: str
    undo: str
    colour: str
    add: str
    add_example: str
    no_plan: str
    explain: str
    explain_hint: str
    explain_button: str
    no_explanation: str
    open_alone: str
    bring: str
    bring_hint: str
    describe: str
    own_image: str
    choose_first: str
    gone: str
    key: str
    key_hint: str
    sign_in: str
    wrong_key: str
    went_wrong: str
    prompts: tuple[str, ...]


EN = Words(
    language="en",
    title="Draw with dall_e",
    tagline="Say what you want to see. It is drawn on this machine.",
    other_language="中文",
    prompt="What shall I draw?",
    placeholder="two cats and a red ball in the snow",
    draw="Draw",
    stop="Stop",
    examples="Try one of these",
    understood="I understand",
    not_understood="not understood",
    nothing_understood="I know none of these words",
    instead="instead of",
    here="the place",
    number="How many pictures",
    size="Size",
    own_size="as the model likes",
    style="Style",
    no_style="as the words say",
    transparent="Transparent ground",
    more="More settings",
    seed="Seed",
    seed_hint="The same seed draws the same picture. Empty: a new one each time.",
    negative="What to steer away from",
    guidance="Guidance",
    guidance_hint="How strictly the picture follows the words. 0: the model's own.",
    model="Model",
    empty="Your pictures will be here.",
    drawing="is being drawn",
    waits="waits for its turn",
    save_png="Save PNG",
    save_svg="Save SVG",
    vary="Variations",
    vary_hint="Draws a part of this picture anew; the rest stays.",
    strength="How much is new",
    vary_button="Draw variations",
    change="Change",
    change_hint="Say what to change. If you paint over a part, only that part changes.",
    change_words="What to change",
    change_example="add a red hat",
    change_button="Change it",
    brush="Brush",
    clear="Clear",
    arrange="Arrange",
    arrange_hint="Drag a thing to its place. Keys: arrows move it, + and - resize it, "
    "Delete removes it.",
    thing="Which thing",
    smaller="Smaller",
    larger="Larger",
    left="Left",
    right="Right",
    up="Up",
    down="Down",
    remove="Remove",
    undo="Undo",
    colour="Colour",
    add="Add something",
    add_example="a red ball",
    no_plan="This picture has no plan: nothing in it can be moved.",
    explain="Explain",
    explain_hint="Draws this picture again and shows which word drew what, and how sure the "
    "model was. That takes a while.",
    explain_button="Explain this picture",
    no_explanation="Only pictures that were drawn from a prompt can be explained.",
    open_alone="Open on a page of its own",
    bring="Use a picture of your own",
    bring_hint="PNG, JPEG or WebP. It stays on this server, in memory, for a while.",
    describe="What does it show?",
    own_image="own picture",
    choose_first="Draw or choose a picture first.",
    gone="That picture is no longer here: draw it again.",
    key="Your key",
    key_hint="This server needs a key. Whoever runs it gives you one.",
    sign_in="Sign in",
    wrong_key="This key is not known.",
    went_wrong="That did not work",
    prompts=(
        "a white cat sleeping on a windowsill",
        "two cats and a red ball in the snow",
        "a dog wearing a hat",
        "a blue house by the sea at night",
        "a watercolour painting of a rose",
        "一只熊猫和一个蓝色的气球",
    ),
)

ZH = Words(
    language="zh",
    title="用 dall_e 画图",
    tagline="说出你想看到的，就在这台机器上画出来。",
    other_language="English",
    prompt="想画什么？",
    placeholder="雪地里的两只猫和一个红色的球",
    draw="画",
    stop="停止",
    examples="试试这些",
    understood="我明白了",
    not_understood="没有读懂",
    nothing_understood="这些词我都不认识",
    instead="代替",
    here="地点",
    number="画几张",
    size="尺寸",
    own_size="模型的默认尺寸",
    style="风格",
    no_style="按文字所说",
    transparent="透明背景",
    more="更多设置",
    seed="种子",
    seed_hint="同一个种子画出同一张图。留空则每次都是新的。",
    negative="不想看到的",
    guidance="引导强度",
    guidance_hint="图画有多严格地遵循文字。0 表示模型的默认值。",
    model="模型",
    empty="你的图画会出现在这里。",
    drawing="正在画",
    waits="在排队",
    save_png="保存 PNG",
    save_svg="保存 SVG",
    vary="变化",
    vary_hint="把这张图的一部分重新画过，其余不变。",
    strength="新画多少",
    vary_button="画出变化",
    change="修改",
    change_hint="说出要改什么。如果涂抹了一块，就只改那一块。",
    change_words="要改什么",
    change_example="加一顶红色的帽子",
    change_button="修改",
    brush="画笔",
    clear="清除",
    arrange="摆放",
    arrange_hint="把东西拖到它的位置。按键：方向键移动，+ 和 - 改变大小，Delete 删除。",
    thing="哪一个",
    smaller="缩小",
    larger="放大",
    left="左",
    right="右",
    up="上",
    down="下",
    remove="删除",
    undo="撤销",
    colour="颜色",
    add="添加",
    add_example="一个红色的球",
    no_plan="这张图没有布局，里面的东西不能移动。",
    explain="解释",
    explain_hint="把这张图再画一遍，显示哪个词画了什么，以及模型有多大把握。需要等一会儿。",
    explain_button="解释这张图",
    no_explanation="只有按文字画出的图才能解释。",
    open_alone="在单独的页面打开",
    bring="使用自己的图片",
    bring_hint="PNG、JPEG 或 WebP。它只在这台服务器的内存里保留一段时间。",
    describe="图里有什么？",
    own_image="自己的图片",
    choose_first="请先画一张图或选一张图。",
    gone="那张图已经不在了，请再画一次。",
    key="你的密钥",
    key_hint="这台服务器需要密钥，请向它的管理者索取。",
    sign_in="登录",
    wrong_key="这个密钥不存在。",
    went_wrong="没有成功",
    prompts=(
        "一只白色的猫在窗台上睡觉",
        "雪地里的两只猫和一个红色的球",
        "戴帽子的狗",
        "戴墨镜的狗在海边",
        "水彩画玫瑰",
        "a penguin and a blue balloon",
    ),
)

CONDITIONS_ZH = {
    "sunset": "日落", "night": "夜晚", "rain": "下雨", "snow": "雪地", "fog": "雾",
    "storm": "暴风雨", "clouds": "多云", "sun": "晴天", "rainbow": "彩虹", "wind": "大风",
    "autumn": "秋天", "spring": "春天", "full-moon": "满月", "aurora": "极光", "meteors": "流星雨",
    "fireworks": "烟花", "grass": "草地", "room": "房间", "plain": "单色背景",
    "gradient": "渐变背景",
}  # fmt: skip
"""Times, weathers and grounds in Chinese; places have a table of their own."""

LOOKS_ZH = {
    **COLOURS_ZH,
    "big": "大", "small": "小", "circle": "圆形", "square": "正方形",
    "wood": "木制", "stone": "石制", "marble": "大理石", "brick": "砖砌", "gold": "金制",
    "silver": "银制", "bronze": "青铜", "metal": "金属", "glass": "玻璃", "crystal": "水晶",
    "diamond": "钻石", "ice": "冰做", "leather": "皮革", "wool": "毛线", "cloth": "布艺",
    "straw": "草编", "paper": "纸质", "cardboard": "纸板", "plastic": "塑料", "rubber": "橡胶",
    "porcelain": "陶瓷", "clay": "陶土", "chocolate": "巧克力", "striped": "条纹",
    "dotted": "圆点", "checked": "格子", "floral": "碎花", "starry": "星纹",
}  # fmt: skip
"""Colours, sizes, materials, patterns and shapes in Chinese."""

WORDS = {words.language: words for words in (EN, ZH)}
"""By the language, which is also the path of the page."""


def preferred(accept_language: str) -> Language:
    """Return the language for what a browser says of its user, such as "zh-CN,zh;q=0.9"."""
    found: list[tuple[float, Language]] = []
    for part in accept_language.split(","):
        tag, _, rest = part.strip().partition(";")
        language = tag.split("-")[0].lower()
        if language in WORDS:
            found.append((_weight(rest), language))
    return max(found, key=lambda each: each[0], default=(0.0, "en"))[1]


def _weight(quality: str) -> float:
    """The number of "q=0.9"; 1 without one, 0 for what is no number."""
    if not quality.strip():
        return 1.0
    try:
        return float(quality.strip().removeprefix("q="))
    except ValueError:
        return 0.0
