#!/usr/bin/env bash
# What each trick of the generator's training brings: the same small run with and without it (preset tiny: 32 pixels, 64
# tokens), from random numbers, on the same pictures in the same order. What to compare is in the last line of each run's
# metrics.jsonl, on held-out pictures; the table is in LOG.md.
#
# Needs the image tokenizer of runs/few_labels.sh. Every command resumes. About twenty minutes on two CPU cores.
set -euo pipefail
cd "$(dirname "$0")/.."
dalle=${DALLE:-.venv/bin/dall-e}
data=${DATA:-data/emoji}
tokenizer=${TOKENIZER:-runs/few_labels/tokenizer}
out=${OUT:-runs/ablations}
images=${IMAGES:-120000}

train() { # name, further flags
    local name=$1
    shift
    "$dalle" train generator --preset tiny --data "$data" --tokenizer "$tokenizer" --out "$out/$name" \
        --images "$images" --batch-size 64 --optimizer muon --learning-rate 2e-3 --warmup-images 1000 --views 4 "$@"
}

train all
train without_noise --noisy-share 0
train without_correction --correction-weight 0
train without_contrastive --contrastive-weight 0
train without_first_weight --first-weight 1
train without_caption_drop --caption-drop 0
train adamw --optimizer adamw
train raster --random-order 0
train random --random-order 1
train scenes_50 --scene-share 0.5 --scenes 20000
train scenes_80 --scene-share 0.8 --scenes 20000
for run in "$out"/*/; do
    echo "$(basename "$run") $(grep '"sample"' "$run/metrics.jsonl" | tail -n 1)"
done
