"""What each measure is called in words, and which way is better."""

from __future__ import annotations

# Name: (what it is, which way is better).
EXPLAINED = {
    "r_precision_single": ("one thing: the judge finds the own prompt among 100", "higher"),
    "r_precision_words": ("the same by everyday words", "higher"),
    "r_precision_real": (
        "what the judge reaches on real pictures that it has not seen: the ceiling",
        "",
    ),
    "parity_en_minus_zh": ("R-precision in English minus Chinese, in pairs; 0 is best", ""),
    "kid_judge": ("KID x 1000 to real pictures of the same things, features of the judge", "lower"),
    "fid_judge": ("FID, features of the judge; grows as there are fewer pictures", "lower"),
    "kid_dual_encoder": (
        "KID x 1000, features of the model's own dual encoder, which may have chosen the pictures",
        "lower",
    ),
    "fid_dual_encoder": ("FID, features of the model's own dual encoder", "lower"),
    "near_copies_of_names": (
        "fraction of near-copies of training pictures, for names of what they show",
        "lower",
    ),
    "near_copies_of_sentences": ("fraction of near-copies in sentences", "lower"),
    "near_copies_of_tasks": (
        "fraction of near-copies in tasks of known content, but for single things",
        "lower",
    ),
    "near_copies_of_true_tasks": (
        "fraction of near-copies among the true composed pictures of these tasks",
        "",
    ),
    "near_copies_held_out": ("fraction of near-copies among real pictures that were held out", ""),
    "near_copies_other_style": (
        "fraction of near-copies among pictures of a style that is not trained on",
        "",
    ),
    "distance_to_nearest": (
        "distance to the nearest training picture; 1 is as far as an empty page",
        "",
    ),
    "diversity": ("1 - cosine between pictures of one prompt, by the judge", "higher"),
    "diversity_dual_encoder": (
        "the same by the model's own dual encoder, which may have chosen the pictures: no "
        "independent judgement",
        "higher",
    ),
    "diversity_real": ("the same between real pictures of one thing", ""),
    "reconstruction_psnr": ("what the image tokenizer keeps of held-out pictures, in dB", "higher"),
    "seconds": ("seconds for one picture alone", "lower"),
    "peak_mib": ("peak memory of a process that draws one picture, MiB", "lower"),
    "gpu_mib": ("peak memory on the GPU, MiB", "lower"),
    "composition": ("what was asked for is there, by the detector", "higher"),
}
_SUFFIXES = {
    "_en": " (English)",
    "_zh": " (Chinese)",
    "_real": ", real against real: the floor",
    "_ceiling": ", on true composed pictures: the ceiling",
    "_fraction": ", as a fraction of the ceiling",
}
_LIMITS = ("_real", "_ceiling")
"""Suffixes of what no model has a part in: neither way is better."""


def explain(name: str) -> tuple[str, str]:
    """Return what a measure is, and "higher", "lower" or "" for which way is better."""
    if name in EXPLAINED:
        return EXPLAINED[name]

    for suffix, words in _SUFFIXES.items():
        if name.endswith(suffix):
            text, better = explain(name.removesuffix(suffix))
            return f"{text}{words}", "" if suffix in _LIMITS else better

    # A measure of one group, such as composition_count.
    base = next((known for known in EXPLAINED if name.startswith(known)), "")
    if not base:
        return name, ""
    text, better = EXPLAINED[base]
    return f"{text}: {name.removeprefix(base).strip('_')}", better
