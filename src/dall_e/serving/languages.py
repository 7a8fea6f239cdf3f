"""The language in which people are told what is wrong: English, or Chinese where they ask for it.

`messages_zh.txt` has the messages in Chinese; each kind of error has a general sentence for those
that it does not have. Programs get the English message behind the Chinese one: it is what the log
and the documentation have.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextvars import ContextVar
from functools import lru_cache
from typing import NamedTuple

from dall_e.text.language import Language
from dall_e.text.tables import read_table

LANGUAGE: ContextVar[Language] = ContextVar("language", default="en")
"""Of the request that is being answered."""

Naming = Callable[[str], str]
"""Gives a list of things by their English names in Chinese."""

SENTENCES_ZH = {
    "content_policy_violation": "本服务器不绘制这样的内容，请换一种描述。",
    "deadline_exceeded": "未能按时完成，请减少图片数量或尺寸，或稍后再试。",
    "internal_error": "服务器出错了，原因见其日志。",
    "invalid_api_key": "需要有效的密钥：请以“Authorization: Bearer 密钥”发送。",
    "invalid_length": "请求的长度无效。",
    "invalid_value": "请求中有一项无法使用。",
    "method_not_allowed": "此地址不支持这种方法。",
    "not_found": "这里没有所请求的内容，或链接已过期。",
    "origin_not_allowed": "其他网站的页面不能使用本服务器。",
    "queue_full": "排队已满，请稍后再试。",
    "rate_limit_exceeded": "请求过于频繁，请稍后再试。",
    "request_too_large": "请求太长。",
    "stopping": "服务器正在停止，请稍后再试。",
    "too_slow": "请求未能按时到达。",
    "unknown_host": "本服务器不叫这个名字：请使用它的地址。",
    "unsupported_media_type": "图片请以 multipart/form-data 发送。",
}
"""What each code means."""

_FIELDS_ZH = {
    "prompt": "文字",
    "negative_prompt": "不想看到的",
    "seed": "种子",
    "n": "张数",
    "size": "尺寸",
    "style": "风格",
    "strength": "变化程度",
    "guidance_scale": "引导强度",
    "steps": "步数",
    "image": "图片",
    "picture": "图片",
    "init_images": "图片",
    "mask": "涂抹的部分",
}
"""Fields of a request that stand before a message."""
_LONGEST_MESSAGE = 4000
"""Characters of a message that is looked for."""


def language_of(accepted: str) -> Language:
    """Return the language that an Accept-Language header prefers; English unless it is Chinese."""
    best: dict[str, float] = {}
    for part in accepted.split(","):
        tag, _, weight = part.partition(";")
        name = tag.strip().lower().partition("-")[0]
        best[name] = max(best.get(name, 0.0), _weight_of(weight))
    chinese = best.get("zh", 0.0)
    return "zh" if chinese > 0 and chinese > best.get("en", 0.0) else "en"


def told(message: str, code: str | None) -> str:
    """Return a message in the language of the request, as programs get it."""
    if LANGUAGE.get() != "zh":
        return message
    chinese = in_chinese(message) or SENTENCES_ZH.get(code or "")
    return f"{chinese} {message}" if chinese else message


def told_to_people(message: str, code: str | None, language: Language, naming: Naming = str) -> str:
    """Return a message in one language, as the page shows it.

    naming: what things are called in Chinese. A message that is in no table keeps its English
    words, behind a sentence in Chinese.
    """
    if language == "en":
        return message
    chinese = in_chinese(message, naming)
    if chinese:
        return chinese
    sentence = SENTENCES_ZH.get(code or "")
    return f"{sentence}（{message}）" if sentence else message


def in_chinese(message: str, naming: Naming = str) -> str:
    """Return the Chinese message for an English one; "" if `messages_zh.txt` does not have it."""
    if len(message) > _LONGEST_MESSAGE:
        return ""
    found = [(template, template.values_in(message)) for template in _templates()]
    fitting = [(template, values) for template, values in found if values is not None]
    if not fitting:
        field, mark, rest = message.partition(": ")
        inner = in_chinese(rest, naming) if mark and field in _FIELDS_ZH else ""
        return inner and f"{_FIELDS_ZH[field]}：{inner}"
    template, values = max(fitting, key=lambda each: each[0].num_letters)
    return template.filled(values, naming)


class _Template(NamedTuple):
    """A message with places for values."""

    literals: tuple[str, ...]
    """Of the English message: what is before, between and behind the values."""
    are_things: tuple[bool, ...]
    """Whether each value is a list of things."""
    chinese: str

    @property
    def num_letters(self) -> int:
        """Of the English message without its values."""
        return sum(map(len, self.literals))

    def values_in(self, message: str) -> tuple[str, ...] | None:
        """The values of a message; None for another one. It looks at each letter a few times."""
        first, *others = self.literals
        if not others:
            return () if message == first else None
        *between, last = others
        end = len(message) - len(last)
        if not message.startswith(first) or not message.endswith(last) or end < len(first):
            return None
        values, start = [], len(first)
        for literal in between:
            found = message.find(literal, start, end)
            if found < 0:
                return None
            values.append(message[start:found])
            start = found + len(literal)
        return (*values, message[start:end])

    def filled(self, values: tuple[str, ...], naming: Naming) -> str:
        """The Chinese message with values in it."""
        shown = [
            _in_chinese_quotes(value, naming if is_things else str)
            for value, is_things in zip(values, self.are_things, strict=True)
        ]

        def value_at(place: re.Match[str]) -> str:
            value = shown[int(place[2]) - 1]
            # A space parts a number from characters; quotes do so by themselves.
            return value if value.startswith("“") else f"{place[1]}{value}{place[3]}"

        return re.sub(r"( ?)\{(\d)\}( ?)", value_at, self.chinese)


@lru_cache(maxsize=1)
def _templates() -> tuple[_Template, ...]:
    templates = []
    for english, chinese in read_table("serving/messages_zh.txt"):
        literals = re.split(r"\{\d(?::things)?\}", english)
        kinds = re.findall(r"\{\d(:things)?\}", english)
        templates.append(_Template(tuple(literals), tuple(map(bool, kinds)), chinese))
    return tuple(templates)


def _in_chinese_quotes(value: str, naming: Naming) -> str:
    """A value as a Chinese sentence has it: quotes as Python writes them become Chinese ones."""
    bare = re.sub(r"^(['\"])(.*)\1$", r"\2", value, flags=re.DOTALL)
    return naming(value) if bare == value else f"“{naming(bare)}”"


def _weight_of(text: str) -> float:
    """How much a language counts, of "q=0.8"; 1 where nothing is said, 0 for what is no number."""
    name, _, number = text.strip().partition("=")
    if not name:
        return 1.0
    try:
        return min(1.0, max(0.0, float(number))) if name.strip().lower() == "q" else 0.0
    except ValueError:
        return 0.0
