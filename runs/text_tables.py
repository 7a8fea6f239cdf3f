"""Write the tables of emoji names and of traditional Chinese characters anew.

Run it with the archives they come from, emojibase-data of npm and opencc-python-reimplemented of
PyPI: .venv/bin/python runs/text_tables.py EMOJIBASE.tgz OPENCC.whl
"""

import sys
import tarfile
import zipfile
from pathlib import Path

from dall_e.data.build.emoji_names import read_emojibase

TABLES = Path("src/dall_e/text")
PAIRS_A_LINE = 24
MORE_PAIRS = ("著着",)
"""As in 戴著, which is written so in Taiwan; the other 著, of authors, is seen in no picture."""

EMOJI_HEAD = """\
# The name of every emoji, without those that only differ in the tone of skin.
# Unicode CLDR (Unicode License v3) through emojibase-data (MIT), rewritten as phrases.
# Written by runs/text_tables.py.
# Code points | English | Chinese
"""
TRADITIONAL_HEAD = """\
# Pairs of a traditional Chinese character and the simplified one.
# From TSCharacters of OpenCC (Apache-2.0), its first choice for each character.
# Written by runs/text_tables.py.
"""


def emoji_table(archive: Path) -> str:
    """One row an emoji."""
    with tarfile.open(archive) as files:
        held = {
            member.name.removeprefix("package/"): extracted.read()
            for member in files
            if member.name.endswith(".json") and (extracted := files.extractfile(member))
        }
    rows = [
        f"{entry.hex} | {entry.en} | {entry.zh}"
        for entry in read_emojibase(held).by_hex.values()
        if not entry.tone
    ]
    return EMOJI_HEAD + "\n".join(rows) + "\n"


def traditional_table(wheel: Path) -> str:
    """Pairs between blanks. Characters beyond the basic plane are hardly ever meant."""
    with zipfile.ZipFile(wheel) as files:
        text = files.read("opencc/dictionary/TSCharacters.txt").decode("utf-8-sig")
    pairs = [
        traditional + simplified.split()[0]
        for traditional, simplified in (line.split("\t") for line in text.splitlines() if line)
    ]
    pairs = [pair for pair in pairs if pair[0] != pair[1] and max(pair) <= "\uffff"]
    pairs += MORE_PAIRS
    lines = [
        " ".join(pairs[first : first + PAIRS_A_LINE])
        for first in range(0, len(pairs), PAIRS_A_LINE)
    ]
    return TRADITIONAL_HEAD + "\n".join(lines) + "\n"


if __name__ == "__main__":
    emojibase, opencc = map(Path, sys.argv[1:])
    (TABLES / "emoji_names.txt").write_text(emoji_table(emojibase), encoding="utf-8")
    (TABLES / "traditional_zh.txt").write_text(traditional_table(opencc), encoding="utf-8")
