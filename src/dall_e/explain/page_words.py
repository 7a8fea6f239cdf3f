"""What the page of an explanation says, in English and in Chinese; values stand in braces."""

from __future__ import annotations

from dataclasses import dataclass

from dall_e.text.language import Language


@dataclass(frozen=True, kw_only=True)
class PageWords:
    """All texts of the page in one language."""

    language: Language
    comma: str
    seed: str
    only_place: str
    drawn_whole: str
    planned: str
    not_read: str
    from_words: str
    whole: str
    edges_of_plan: str
    edges_of_whole: str
    one_drawing: str
    remembered: str
    remembered_one: str
    remembered_several: str
    remembered_from: str
    due_to: str
    due_to_says: str
    which_word: str
    about_maps: str
    evidence: str
    attention: str
    effect: str
    flipped: str
    evidence_for: str
    attention_to: str
    effect_of: str
    flipped_by: str
    nats: str
    most: str
    number_of: str
    how_sure: str
    order: str
    order_says: str
    entropy: str
    entropy_says: str
    rank: str
    rank_says: str
    rarest: str
    step_by_step: str
    about_film: str
    film: str
    step: str
    of_steps: str
    step_number: str
    each_step: str
    about_bars: str
    is_copy: str
    similar: str
    same_tokens: str
    names_redrawn: str


EN = PageWords(
    language="en",
    comma=", ",
    seed="seed",
    only_place="It is a place without things, painted by rules: the model drew nothing.",
    drawn_whole="The model drew it whole, as one drawing.",
    planned="It was planned and put together: {plan}.",
    not_read="Not read: {words}.",
    from_words="From words to picture",
    whole="picture",
    edges_of_plan="A line from a word leads to what is missing or different in the plan without "
    "it.",
    edges_of_whole="The prompt is drawn whole: every word is read by the one drawing.",
    one_drawing="One drawing of {tokens} tokens in {steps} steps.",
    remembered="Remembered",
    remembered_one="The name recalls this picture of the model's memory. Beside it the network "
    "draws: the red map shows where a token is due to the picture (Bayes' rule), at temperature 1 "
    "and without guidance. All other maps below are those of the network alone.",
    remembered_several="The name recalls these pictures of the model's memory. Beside them the "
    "network draws: the red map shows where a token is due to the picture (Bayes' rule), at "
    "temperature 1 and without guidance. All other maps below are those of the network alone.",
    remembered_from="remembered from {name}",
    due_to="due to {name}",
    due_to_says="due to it are {part:.0%} of the probability of the tokens; {same:.0%} of them are "
    "its own",
    which_word="Which word drew what",
    about_maps="Evidence: how much likelier the word makes the token that was drawn; of all maps "
    "it points best at what the word names. Attention: where the network looked at the word. "
    "Effect: how far the choice of a token moves without the word. Flipped: tokens that the same "
    "noise would have drawn differently without it. What was drawn before is kept each time. Each "
    "map is scaled to its largest value.",
    evidence="evidence",
    attention="attention",
    effect="effect",
    flipped="flipped",
    evidence_for="evidence for {word}",
    attention_to="attention to {word}",
    effect_of="effect of {word}",
    flipped_by="tokens flipped by {word}",
    nats="up to {value:.2f} nats",
    most="up to {value:.2f}",
    number_of="{number} of {total}",
    how_sure="How sure it was",
    order="Order",
    order_says="from the first step, clear, to the last one",
    entropy="Entropy",
    entropy_says="{mean:.2f} nats on average, of {most:.1f} possible",
    rank="Rank",
    rank_says="{likeliest:.0%} are the likeliest code",
    rarest="; the rarest choice was number {number} of {total:,}",
    step_by_step="Step by step",
    about_film="What is drawn is solid; what is pale is the likeliest rest. Move with the mouse, a "
    "finger or the arrow keys.",
    film="The drawing after some steps",
    step="step",
    of_steps="of {steps}",
    step_number="step {number}",
    each_step="How much each step speaks for the prompt",
    about_bars="dᵢ = log p(tokens of step i | prompt) − log p(the same tokens | no prompt), in "
    "nats: the term of step i of the discriminator D = Σ dᵢ. Together {total}. Green speaks for "
    "the prompt, red against it.",
    is_copy="Is it a copy?",
    similar="The most similar of {compared}. A copy has most of its tokens in common with the "
    "picture, but not all, as reading a picture into tokens is not exact.",
    same_tokens="{same:.0%} of the tokens are the same; similarity {similarity:.2f}",
    names_redrawn="The weights come without the pictures that they were trained on. So this is "
    "what the model draws, with other seeds, under the names that fit the drawing best: what "
    "agrees in nearly all tokens was learned by heart.",
)

ZH = PageWords(
    language="zh",
    comma="、",
    seed="种子",
    only_place="这是一个没有东西的地方，由规则画成：模型什么也没有画。",
    drawn_whole="模型把它当作一幅画，一次画成。",
    planned="先安排布局，一样一样地画，再拼在一起：{drawings}。",
    not_read="没有读懂：{words}。",
    from_words="从文字到图",
    whole="图",
    edges_of_plan="从一个词连出的线，指向没有这个词时布局里缺少或不同的东西。",
    edges_of_whole="整句话画成一幅画：每个词都被这一幅画读到。",
    one_drawing="一幅画，{tokens} 个编码，分 {steps} 步画成。",
    remembered="记住的图",
    remembered_one="这个名字让模型想起记忆里的这张图，网络与它一起作画：红色表示一个编码有多少出自这张图"
    "（贝叶斯公式），按温度 1、没有引导计算。下面其余的图只说网络自己。",
    remembered_several="这个名字让模型想起记忆里的这些图，网络与它们一起作画：红色表示一个编码有多少出自"
    "那张图（贝叶斯公式），按温度 1、没有引导计算。下面其余的图只说网络自己。",
    remembered_from="记自 {name}",
    due_to="出自 {name}",
    due_to_says="编码的概率有 {part:.0%} 出自它；{same:.0%} 的编码与它相同",
    which_word="哪个词画了什么",
    about_maps="证据：这个词让画出的编码可能性大了多少；几种图里，它最能指出这个词所说的东西。注意力：网络在"
    "哪里看了这个词。影响：没有这个词时，编码的选择会变多少。改变：没有这个词时，同样的噪声会画成别的编码。"
    "每次都保留之前画好的部分。每张图按自己的最大值显示深浅。",
    evidence="证据",
    attention="注意力",
    effect="影响",
    flipped="改变",
    evidence_for="“{word}”的证据",
    attention_to="对“{word}”的注意力",
    effect_of="“{word}”的影响",
    flipped_by="因“{word}”而改变的编码",
    nats="最大 {value:.2f} 奈特",
    most="最大 {value:.2f}",
    number_of="{number} 个，共 {total} 个",
    how_sure="模型有多大把握",
    order="顺序",
    order_says="从第一步（浅）到最后一步（深）",
    entropy="熵",
    entropy_says="平均 {mean:.2f} 奈特，最大可能是 {most:.1f}",
    rank="名次",
    rank_says="{likeliest:.0%} 选的是可能性最大的编码",
    rarest="；最少见的选择排第 {number} 位，共 {total:,} 种",
    step_by_step="一步一步",
    about_film="已经画好的是实的，浅色的是其余部分最可能的样子。可以用鼠标、手指或方向键移动。",
    film="几步之后的画",
    step="第",
    of_steps="步，共 {steps} 步",
    step_number="第 {number} 步",
    each_step="每一步有多支持这句话",
    about_bars="dᵢ = log p(第 i 步的编码 | 这句话) − log p(同样的编码 | 没有文字)，单位是奈特："
    "它是判别器 D = Σ dᵢ 的第 i 项。总和 {total}。绿色支持这句话，红色反对。",
    is_copy="是不是照抄的？",
    similar="{compared}之中最相似的几张。照抄的图有大部分编码相同，但不是全部，因为把图读成编码并不完全精确。",
    same_tokens="{same:.0%} 的编码相同；相似度 {similarity:.2f}",
    names_redrawn="模型的权重里没有训练用的图。所以这里是模型用别的种子，按最合适的几个名字画的图：几乎所有编码"
    "都相同的，就是背下来的。",
)

WORDS = {words.language: words for words in (EN, ZH)}
"""By language."""
