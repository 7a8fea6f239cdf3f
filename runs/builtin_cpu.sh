#!/usr/bin/env bash
# Makes the built-in weights on two CPU cores, from nothing but the package index: some ten hours by the rates in
# LOG.md.
#
# Every command resumes where it was interrupted when it is run again, so the script as a whole does too.
# What each stage brought, and in which pieces the shipped weights were trained, is in LOG.md.
set -euo pipefail
cd "$(dirname "$0")/.."
dalle=${DALLE:-.venv/bin/dall-e}

# 16,000 pictures with captions; five minutes, most of it rendering.
[ -e data/emoji/captions.jsonl ] || "$dalle" data build --out data/emoji

# The image tokenizer sees pictures of 96 and of 64 pixels, so that one vocabulary serves both grids.
"$dalle" train tokenizer --out runs/tokenizer_both --preset xs --images 160000 --batch-size 32 \
    --warmup-images 3000 --adversarial-start 0.45

# Coarse first: 64 tokens cost less than half of 144, and words are learnt there just as well.
"$dalle" train generator --out runs/coarse --preset xs64 --tokenizer runs/tokenizer_both --compile --optimizer muon \
    --images 520000 --batch-size 64 --learning-rate 1e-3 --final-learning-rate 0.3 --scene-fraction 0.4 --scenes 60000

# The image tokenizer again, now at 96 pixels only, and on whole scenes.
"$dalle" train tokenizer --out runs/tokenizer_scenes --init runs/tokenizer_both --preset xs --images 96000 \
    --batch-size 32 --warmup-images 1500 --adversarial-start 0 --learning-rate 6e-4 --coarse-fraction 0 --scene-fraction 0.3 \
    --background-fraction 0.05

# Then fine: the same weights on a grid of 144 tokens.
"$dalle" train generator --out runs/fine --preset xs --tokenizer runs/tokenizer_scenes --init runs/coarse --compile \
    --optimizer muon --images 380000 --batch-size 64 --learning-rate 1e-3 --final-learning-rate 0.03 \
    --warmup-images 2500 --scene-fraction 0.4 --scenes 60000

# The image tokenizer on what the generator sees last: most pictures as they are, and scenes for almost half.
"$dalle" train tokenizer --out runs/tokenizer --init runs/tokenizer_scenes --preset xs --images 84000 --batch-size 32 \
    --warmup-images 3000 --adversarial-start 0.4 --learning-rate 5e-4 --coarse-fraction 0 --scene-fraction 0.45 \
    --background-fraction 0.03 --moved-fraction 0.35

# The generator on those codes. (Up to here scenes were free ones, and half of what it saw in the house style was Fluent
# Emoji Flat; a run from nothing now has canonical scenes and one house style throughout.)
"$dalle" train generator --out runs/still --preset xs --tokenizer runs/tokenizer --init runs/fine --compile \
    --optimizer muon --images 270000 --batch-size 64 --learning-rate 1e-3 --final-learning-rate 0.02 \
    --warmup-images 2500 --scene-fraction 0.45 --scenes 60000 --views 1 --random-order 0.4

# Goes on from one run to another: more NAME FROM PICTURES FRACTION-OF-SCENES SCENES [OTHER FLAGS]. The last weights are
# kept: they draw better by eye than those that did best on held-out pictures of other styles.
more() {
    name=$1 from=$2 images=$3 fraction=$4 scenes=$5
    shift 5
    "$dalle" train generator --out "runs/$name" --preset xs --tokenizer runs/tokenizer --init "runs/$from" --compile \
        --optimizer muon --images "$images" --batch-size 64 --learning-rate 1e-3 --final-learning-rate 0.02 \
        --warmup-images 1500 --scene-fraction "$fraction" --scenes "$scenes" --views 1 --random-order 0.4 "$@"
    rm -f "runs/$name/best.pt"
}

# The same again.
more settled still 205000 0.45 60000

# And once more, with fewer scenes: several things are put together by rules (docs/decisions/015). Now it knows the
# pictures of its own style so well that a round against its own drawings only blurs them.
more singles settled 140000 0.35 36000

# Then the pictures of the house style alone, under their names: whatever a prompt says, a plan asks for these.
[ -e data/house/captions.jsonl ] || "$dalle" data build --out data/house --size 96 --sources twemoji
more known singles 120000 0.25 24000 --data data/house --other-words 0.5

# Last two styles, each picture as often as any other: flags and signs are rare elsewhere. The second style is always
# named. (Two runs: the second one starts at the full learning rate again.)
[ -e data/hands/captions.jsonl ] || "$dalle" data build --out data/hands --size 96 --sources twemoji,fluent-emoji-flat
more hands known 270000 0.2 24000 --data data/hands --other-words 0.5 --weight-exponent 0
more hands2 hands 100000 0.2 24000 --data data/hands --other-words 0.3 --weight-exponent 0

# Longer, with fewer scenes.
more both hands2 280000 0.1 16000 --data data/hands --other-words 0.3 --weight-exponent 0
# Scenes are a fifth again: who sleeps or plays is drawn by them alone.
more both2 both 190000 0.2 24000 --data data/hands --other-words 0.3 --weight-exponent 0

# The project's own drawings, far more often than what is known already. Batches of 16 learn more from as many views than
# batches of 64 do.
[ -e data/own/captions.jsonl ] || "$dalle" data build --out data/own --size 96 --sources twemoji,fluent-emoji-flat,drawings
own() {
    "$dalle" train generator --out "runs/$1" --preset xs --tokenizer runs/tokenizer --init "runs/$2" --compile \
        --optimizer muon --images "$3" --batch-size "$4" --learning-rate "$5" --final-learning-rate 0.02 \
        --warmup-images 1000 --scene-fraction "$6" --scenes "$7" --views 1 --random-order 0.4 --data data/own \
        --other-words 0.3 --weight-exponent 1
    rm -f "runs/$1/best.pt"
}
weigh() {
    .venv/bin/python runs/weigh.py data/own "drawings=$1" twemoji=1 fluent-emoji-flat=0.7 \
        --kind flag=0.4 symbol=0.5 letter=0.4
}
# (The shipped weights: the first run was stopped at 94,656 of 140,000 pictures, the second at 29,312 of 116,000.)
weigh 3
own own both2 95000 64 1e-3 0.2 24000
weigh 9
own own2 own 30000 64 1e-3 0.06 5000
own own4 own2 62000 16 4e-4 0.06 5000

# Who chooses among candidates.
"$dalle" train dual-encoder --out runs/dual_encoder --preset xs --text-tokenizer runs/known --images 220000 \
    --optimizer muon --learning-rate 6e-3 --warmup-images 5000 --scene-fraction 0.25

# What makes pictures of 256 pixels sharp: the same pictures, rendered larger.
[ -e data/emoji192/captions.jsonl ] || "$dalle" data build --out data/emoji192 --size 192
"$dalle" train upsampler --out runs/upsampler --data data/emoji192 --small-size 96 --tokenizer runs/tokenizer \
    --optimizer muon --learning-rate 2e-3 --images 24000 --warmup-images 1000

"$dalle" export --tokenizer runs/tokenizer --generator runs/own4 --dual-encoder runs/dual_encoder --upsampler runs/upsampler \
    --out src/dall_e/weights --force --version 0.13 --name dall-e-emoji --finish crisp --weights last --steps 144 --guidance 1.1 --temperature 0.65 --final-temperature 0.5 --compose

# Only names that are known by heart are asked for; and the drawings of the house style are remembered, with all names.
.venv/bin/python runs/known_names.py data/own
"$dalle" data build --out data/remembered --size 96 --sources twemoji,drawings --curves
"$dalle" remember data/remembered --model src/dall_e/weights --out src/dall_e/weights --instead --held-out --force

# Weights 0.16: two of the most common things drawn whole. They are learnt within minutes, and much else is forgotten; so the
# way is gone by seven tenths, and single things of Twemoji are seen again beside pairs.
pairs() {
    "$dalle" train generator --preset xs --tokenizer dall-e-emoji --views 1 --scenes 6000 --pair-fraction 0.95 --compile \
        --optimizer muon --batch-size 32 --other-words 0.3 --random-order 0.4 "$@"
}
float32() {
    "$dalle" export --generator "$1" --tokenizer dall-e-emoji --dual-encoder dall-e-emoji --upsampler dall-e-emoji \
        --out "$2" --float32 --weights last --finish crisp
}
# Shipped: stopped at 14,720 pictures.
pairs --out runs/pairs --init dall-e-emoji --data data/remembered --images 18000 --scene-fraction 0.85 \
    --learning-rate 1e-3 --final-learning-rate 0.05 --warmup-images 500
float32 dall-e-emoji runs/before
float32 runs/pairs runs/after
.venv/bin/python runs/between.py runs/before runs/after 0.7 runs/between
pairs --out runs/settled --init runs/between --data data/house --images 14000 --scene-fraction 0.45 \
    --learning-rate 7e-4 --final-learning-rate 0.02 --warmup-images 300 --weight-exponent 0
"$dalle" export --generator runs/settled --tokenizer dall-e-emoji --dual-encoder dall-e-emoji --upsampler dall-e-emoji \
    --out runs/model --weights last --version 0.16 --name dall-e-emoji --finish crisp
"$dalle" remember data/remembered --model runs/model --out src/dall_e/weights --instead --held-out --force
