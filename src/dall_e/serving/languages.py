"""The language in which a client is told what is wrong: English, or Chinese where it asks for it.

Each kind of error has a sentence in Chinese. The English one, with its numbers, follows: it is what
the log and the documentation have.
"""

from __future__ import annotations

from contextvars import ContextVar

from dall_e.text.language import Language

LANGUAGE: ContextVar[Language] = ContextVar("language", default="en")
"""Of the request that is being answered."""

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
    """Return a message in the language of the request."""
    sentence = SENTENCES_ZH.get(code or "")
    return f"{sentence} {message}" if sentence and LANGUAGE.get() == "zh" else message


def _weight_of(text: str) -> float:
    """How much a language counts, of "q=0.8"; 1 where nothing is said, 0 for what is no number."""
    name, _, number = text.strip().partition("=")
    if not name:
        return 1.0
    try:
        return min(1.0, max(0.0, float(number))) if name.strip().lower() == "q" else 0.0
    except ValueError:
        return 0.0
