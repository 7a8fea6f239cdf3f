#!/bin/sh
# The newcomer's tour: 240 small pictures become a model that draws them from their names, in English and Chinese.
#
# Some four minutes on two quiet CPU cores, and longer on a busy machine: every stage sees all of its pictures, however
# long that takes, and says how long it still will. Every stage is the real one, only smaller. Stop it with Ctrl-C, and
# run it again: each stage goes on, or says that it is complete; remove runs/tiny to start afresh. The numbers after
# `tiny.sh` replace how many pictures tokenizer and generator see.
set -eu
cd "$(dirname "$0")/.."
data=examples/tiny_pictures
out=${TINY_OUT:-runs/tiny}
sheet=${TINY_SHEET:-out/tiny.png}

# 1. Pictures to grids of 8 x 8 codes and back. The discriminator joins for the last part.
dall-e train tokenizer --preset tiny --data "$data" --out "$out/tokenizer" --images "${1:-48000}" \
    --batch-size 32 --learning-rate 2e-3 --warmup-images 1000 --adversarial-start 0.7 --coarse-fraction 0 --background-fraction 0 \
    --ema-decay 0.99

# 2. Captions to codes, in any order and in few or many steps.
dall-e train generator --preset tiny --data "$data" --out "$out/generator" --images "${2:-72000}" \
    --tokenizer "$out/tokenizer" --batch-size 32 --learning-rate 2e-3 --warmup-images 1000 --ema-decay 0.99

# 3. One folder that `DALL_E.from_pretrained` loads.
dall-e export --tokenizer "$out/tokenizer" --generator "$out/generator" --out "$out/model" --name tiny --version 1 --force

# 4. Four pictures of each prompt.
dall-e generate --model "$out/model" --number 4 --seed 0 --steps 16 --size 64 --grid --out "$sheet" --force \
    "a red apple" "一只猫" "a soccer ball" "彩虹" "a Christmas tree" "一枚火箭" "a blue heart" "太阳，扁平风格"
