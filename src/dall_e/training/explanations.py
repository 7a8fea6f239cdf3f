"""What each number of a run's log means, in words, for TensorBoard."""

from __future__ import annotations

_EXPLAINED = {
    # Of every stage
    "images_per_second": "Pictures per second. It falls where the machine has other work.",
    "seconds": "Time that the run has trained for, over all its resumptions.",
    "learning_rate": "How large a step is now: it rises over the warm-up, then falls to the end.",
    "skipped_steps": "Steps left out as their loss was not finite. More than a few: lower the "
    "learning rate.",
    # The generator
    "nats": "How surprised the generator is by the codes of training pictures, per token. Lower is "
    "better; ln 1000 = 6.9 is to know nothing.",
    "correction": "The same at places where a wrong code was put into what it sees.",
    "found": "Fraction of what was to be found that was: wrong codes, or things on a picture.",
    "contrastive": "Loss of telling which caption belongs to which picture. Lower is better.",
    "matched": "Fraction of captions that fit their own picture best of the batch.",
    "held_out_nats": "nats of pictures that are not trained on. If it rises while nats falls, the "
    "network learns its pictures by heart (over-fitting).",
    "held_out_nats_null": "The same without a caption: as far as it is above held_out_nats, "
    "captions help.",
    "held_out_nats_wrong": "The same under wrong captions; should be well above held_out_nats.",
    "recognised": "Fraction of held-out pictures that are likeliest under their own caption.",
    # The game against its own drawings
    "margin": "How much likelier a real picture is than a drawn one. Higher is better.",
    "ranked": "Fraction of pairs in which the real picture is told from the other. In the game of "
    "pixels a discriminator near 1 wins outright, one near 0.5 cannot tell.",
    "code_game": "Loss of the game against the generator's own drawings.",
    "real": "Fraction of real pictures that are told as such.",
    "fake": "Fraction of drawn pictures that are told as such.",
    "first_step": "Part of the first step of sampling in telling real from drawn.",
    "last_step": "Part of the last step of sampling in telling real from drawn.",
    # The image tokenizer and the upsampler
    "l1": "Mean difference between a picture and what comes back, colour by colour.",
    "pyramid": "The same at several sizes, where edges count.",
    "features": "Difference of both by a network's features.",
    "adversarial": "How well the discriminator is deceived. Lower is better for the picture.",
    "penalty": "What keeps the discriminator from being too sure.",
    "adaptive": "Scale of the adversarial loss, so that it weighs as much as the others.",
    "codes_used": "Fraction of all codes that were used. Near 0: the tokenizer has collapsed.",
    "code_perplexity": "How many codes are used, if all were used as often.",
    "psnr": "How near held-out pictures come back, in dB. Higher is better; 25 is good for flat "
    "drawings.",
    "psnr_perturbed": "The same where codes were moved to neighbours.",
    "psnr_bilinear": "The same by plain resizing, for comparison.",
    # The dual encoder and the detector
    "wrong_caption": "Loss of telling a caption from one with a word changed.",
    "told_apart": "Fraction of captions told from one with a word changed; chance is a half.",
    "scenes_told_apart": "The same on composed scenes that are not trained on.",
    "r_precision": "Fraction of held-out pictures whose own caption fits best.",
    "middle": "Loss of finding the middle of things.",
    "colour": "Loss of naming colours.",
    "colour_right": "Fraction of colours that are named right.",
    "count_right": "Fraction of pictures on which the right number of things is found.",
}


def explain_number(name: str) -> str:
    """What a number of the log means; empty for one that nobody has explained."""
    if name in _EXPLAINED:
        return _EXPLAINED[name]
    if name.endswith("_loss"):
        return "Sum of all losses of this network, weighted: what training lowers."
    if name.endswith("_norm"):
        return (
            "Length of the gradient, before it is clipped. Sudden peaks: lower the learning rate."
        )
    known = [key for key in _EXPLAINED if name.startswith(f"{key}_")]
    return _EXPLAINED[max(known, key=len)] if known else ""
