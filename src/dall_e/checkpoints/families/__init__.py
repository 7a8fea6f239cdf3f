"""One module per project whose models load: how its files look and what they mean.

A newcomer who wants to add a project copies one of the modules, `mindalle.py` say, and adds one
line to `checkpoints/registry.py`. A text-to-image project has

- `SIZES`: its models that load by name, with licences, variants and numbers of weights;
- `FILES`: the names of its files, by variant;
- `KEYS`: tables of names, which of its tensors become which weights of ours;
- `config`: our settings, from its own settings and the shapes of its tensors;
- `load`: networks, text tokenizer and settings from its files;
- `reference_outputs`: what `dall-e zoo verify` compares with recorded outputs of its own code.

A project of image tokenizers has `SIGNATURES`, by which its files are known, in place of `SIZES`
and `FILES`. `base.py` has both as protocols, and the steps of loading that all share.
"""
