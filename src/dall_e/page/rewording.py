"""Words of Gradio's scripts that its own translation leaves in English."""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import Message, Scope, Send

_ZH = {
    "`This application is currently busy. Please try again. `": "`现在使用的人太多，请稍后再试。`",
    "`Connection errored out. `": "`与服务器的连接断了，请稍后再试。`",
    "`An Unexpected Error Occurred!`": "`出了意外的错误。`",
    "`An error occurred`": "`出错了`",
    "`An error occurred.`": "`出错了`",
    "`In queue: {position} of {size}`": "`排队：第 {position} 位，共 {size} 位`",
    "`queue: ${": "`排队：${",
    "`processing |`": "`正在处理 |`",
    # The head of a message is its kind, in capitals.
    "t.type.charAt(0).toUpperCase()+t.type.slice(1)": "({error:`没有成功`})[t.type]??``",
}
REWORDED = {english.encode(): chinese.encode() for english, chinese in _ZH.items()}
"""What stands in the scripts, and what the Chinese page has instead."""


def uncompressed(scope: Scope) -> Scope:
    """Return a request that takes no compressed answer, in which no words could be found."""
    headers = [each for each in scope["headers"] if each[0].lower() != b"accept-encoding"]
    return {**scope, "headers": headers}


class Reworded:
    """Sends a script with Chinese words in the place of English ones."""

    def __init__(self, send: Send) -> None:
        """send: of the answer that has the script."""
        self._send = send
        self._start: Message = {}
        self._body = b""

    async def __call__(self, message: Message) -> None:
        """Keep all of the script, and send it at its end; send anything else as it is."""
        if message["type"] == "http.response.start":
            is_plain = "content-encoding" not in Headers(raw=message["headers"])
            if message["status"] == 200 and is_plain:
                self._start = message
                return
        if not self._start:
            await self._send(message)
            return
        self._body += message.get("body", b"")
        if message.get("more_body", False):
            return
        body = self._body
        for english, chinese in REWORDED.items():
            body = body.replace(english, chinese)
        MutableHeaders(scope=self._start)["Content-Length"] = str(len(body))
        await self._send(self._start)
        await self._send({"type": "http.response.body", "body": body})
