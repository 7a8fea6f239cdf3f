"""Captions in the encodings of people's programs."""

import pytest

from dall_e.data.text_files import decode_text

TEXTS = {
    "utf-8": ["a cat", "一只猫", "café à la crème", "кот", "ελληνικά", "½ cup", "Łódź", "ünlü"],
    "utf-8-sig": ["a cat\r\n", "一只猫"],
    "utf-16": ["a cat\r\nanother", "一只猫"],
    "utf-16-le": ["a red cat", "一只猫\n", "红色的苹果"],
    "utf-16-be": ["a red cat"],
    "utf-32": ["a cat"],
    "gb18030": ["一只猫", "猫", "狗", "红色的苹果", "一只戴着红色项圈的灰猫", "夕阳下的海滩",
                "卡通风格的熊猫吃竹子", "一张老照片，黑白", "a photo of 猫"],
    "cp932": ["赤いりんご", "猫", "机の上の猫", "水彩で描いた小さな家", "ネコ", "犬と猫"],
    "cp1252": ["a café at night", "ein grüner Apfel", "Äpfel", "piñata", "a cat “in a hat”",
               "the artist’s cat", "two cats – one dog", "100 °C", "£5 note", "à la carte"],
    "big5": ["一隻貓", "紅色的蘋果", "戴著帽子的狗"],
    "euc_jp": ["赤いりんご", "机の上の猫"],
    "cp949": ["빨간 사과", "모자를 쓴 개"],
    "cp1251": ["красное яблоко", "кот", "собака в шляпе"],
}  # fmt: skip


@pytest.mark.parametrize("encoding", TEXTS)
def test_fault_use_05_short_captions_in_other_encodings(encoding: str) -> None:
    for text in TEXTS[encoding]:
        decoded = decode_text(text.encode(encoding))
        assert decoded.text == text and not decoded.damaged, (encoding, decoded)


def test_fault_use_05_a_caption_read_in_another_encoding_is_not_called_utf8() -> None:
    assert decode_text("一只猫".encode("gbk")).encoding == "gb18030"
    assert decode_text("a café".encode("cp1252")).encoding == "cp1252"
    assert decode_text(b"plain").encoding == "utf-8"


@pytest.mark.parametrize("text", ["一只猫在红色的房子里", "très joli café à Genève, 一只猫"])
def test_damaged_utf8_stays_utf8(text: str) -> None:
    for at in range(len(text.encode())):
        content = bytearray(text.encode())
        content[at] ^= 0x40
        decoded = decode_text(bytes(content))
        assert decoded.encoding == "utf-8", decoded
        assert decoded.damaged or len(decoded.text) == len(text)


def test_bytes_that_are_no_text_never_raise() -> None:
    for content in (b"", b"\0", b"\xff", bytes(range(256)) * 3, b"\xfe\xff\xd8", b"\xff\xfe\0"):
        assert isinstance(decode_text(content).text, str)
