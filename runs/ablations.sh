#!/usr/bin/env bash
# What each trick brings: the same small model with and without it (preset tiny: 32 pixels, 64 tokens), from random
# numbers, on the pictures of the house style alone, in the same order. It is too small to draw things that can be named, so
# what counts is the likelihood of held-out pictures (last line of each metrics.jsonl), and how far what it draws is from
# real pictures (KID by a judge), drawn whole, for a plan would hide what the network cannot do. The table is in LOG.md.
#
# Needs `dall-e data build` (its packages), the image tokenizer of runs/few_labels.sh and the judge of runs/judges.sh. Every
# command resumes, and what was measured is not measured again. About half an hour on two CPU cores.
set -euo pipefail
cd "$(dirname "$0")/.."
dalle=${DALLE:-.venv/bin/dall-e}
data=${DATA:-data/house}
tokenizer=${TOKENIZER:-runs/few_labels/tokenizer}
out=${OUT:-runs/ablations}
images=${IMAGES:-40000}

[ -e "$data/captions.jsonl" ] || "$dalle" data build --out "$data" --size 96 --sources twemoji

train() { # name, further flags
    local name=$1
    shift
    "$dalle" train generator --preset tiny --data "$data" --tokenizer "$tokenizer" --out "$out/$name" \
        --images "$images" --batch-size 64 --optimizer muon --learning-rate 2e-3 --warmup-images 1000 --views 1 \
        --random-order 0.4 --sample-minutes 60 "$@"
    measure "$name" "$tokenizer" "$out/$name"
}

measure() { # name, image tokenizer, generator
    local name=$1 codes=$2 generator=$3
    [ ! -e "$out/$name.report/report.json" ] || return 0
    "$dalle" export --tokenizer "$codes" --generator "$generator" --out "$out/$name.model" --force --version 0 \
        --steps 64 --guidance 2 --temperature 1.0 --final-temperature 0.8
    "$dalle" evaluate --model "$out/$name.model" --judge runs/judge --no-compose \
        --out "$out/$name.report"
}

train all
train without_noise --noisy-fraction 0
train without_correction --correction-weight 0
train without_contrastive --contrastive-weight 0
train without_other_words --other-words 0
train raster --random-order 0
train random --random-order 1
train scenes_50 --scene-fraction 0.5 --scenes 20000
train scenes_80 --scene-fraction 0.8 --scenes 20000

# A round against its own drawings.
"$dalle" train adversarial --preset tiny --data "$data" --tokenizer "$tokenizer" --init "$out/all" --out "$out/round" \
    --images 4096 --fakes 4096 --views 1 --sample-minutes 60
measure round "$tokenizer" "$out/round"

# The decoder further, on codes that the generator drew and on none.
decoder() { # name, further flags
    local name=$1
    shift
    "$dalle" train tokenizer --preset tiny --data "$data" --init "$tokenizer" --freeze-encoder --out "$out/$name" \
        --images 40000 --batch-size 32 --optimizer muon --learning-rate 1e-3 --warmup-images 1000 --adversarial-start 0 \
        --coarse-fraction 0 --background-fraction 0 --sample-minutes 60 "$@"
    measure "$name" "$out/$name" "$out/all"
}
decoder decoder
decoder decoder_drawn --generator "$out/all"
decoder decoder_perceptual --dual-encoder dall-e-emoji --perceptual-weight 0.1

# Steps and guidance of the built-in model itself.
settings() { # name, further flags
    local name=$1
    shift
    [ -e "$out/$name.report/report.json" ] || "$dalle" evaluate --judge runs/judge --no-compose --out "$out/$name.report" "$@"
}
for steps in 8 16 32 50 144; do
    settings "steps_$steps" --steps "$steps"
done
for guidance in 1 2 4; do
    settings "guidance_$guidance" --guidance "$guidance"
done
