"""Words that a picture does not lack if nobody read them: they say nothing of what is seen."""

from __future__ import annotations

import re

_SILENT = frozenset(
    # How all of it is drawn anyway, and what joins and asks
    "a an the and of is are was were it its there this that some my your his her their our with "
    "for by to from at in very really just emoji emojis please thanks cartoon cute kawaii adorable "
    "clipart "
    # Pronouns, verbs and prepositions that mean nothing by themselves
    "i i'm me mine we us you u ya yours he she they them him hers theirs ours these those who whom "
    "which what where when how am be been being do does did done has have had having can could "
    "will would shall should may might must get gets got getting let lets let's go goes going "
    "put puts made make makes making want wants need needs like would'd i'd i'll it's that's "
    "there's here on up out off as or but so if then than too also all both each every any "
    "only even still again already about into onto over around along across through upon within "
    "one ones thing things something else other others own same such kind sort lot lots bit "
    "quite pretty nice lovely beautiful pleasant good great super extremely maybe perhaps ok okay "
    "yes pls plz thx picture pictures pic image images drawing photo draw drawn show shown shows "
    "showing see seen look looks depicting featuring called named while during because since "
    "neat tidy where's who's what's s t re ve ll".split()
)
_SILENT_ZH = re.compile(
    "(?:卡通|可爱|带有|正在|一[个只张幅些种]|整齐|整洁|干净|漂亮|美丽|好看|新鲜|非常|十分|特别|很多|而且|并且|还有|以及|然后|这[个只种]|那[个只种]|"
    "我们|你们|他们|她们|它们|各自|分别|已经|就是|一样|一下|[一带有在给着的了过得地是和与跟把被让使用做又很太更最都也还就而且并或及其之这那我你他她它们"
    "啊呀吧吗呢哦嘛里上中下来去个只放摆])+"
)


def says_nothing(word: str) -> bool:
    """Whether a word of a prompt, or a run of Chinese characters, says nothing of what is seen."""
    return word.lower() in _SILENT or _SILENT_ZH.fullmatch(word) is not None
