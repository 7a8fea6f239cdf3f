#!/usr/bin/env bash
# Few labels: does training without captions first help where few pictures have one?
#
# A small generator (preset tiny: 32 pixels, 64 tokens) sees every picture under the empty prompt, and then 1, 10 or 100 %
# of the captions; beside it the same from random numbers. As many pictures with captions are seen in either case. What to
# compare is in the last line of each run's metrics.jsonl, on held-out pictures; the table is in LOG.md.
#
# Every command resumes, so the script does too. About seventeen minutes on two CPU cores.
set -euo pipefail
cd "$(dirname "$0")/.."
dalle=${DALLE:-.venv/bin/dall-e}
data=${DATA:-data/emoji}
out=${OUT:-runs/few_labels}
images=${IMAGES:-50000}

"$dalle" train tokenizer --preset tiny --data "$data" --out "$out/tokenizer" --images 120000 --batch-size 32 \
    --optimizer muon --learning-rate 3e-3 --warmup-images 1000 --adversarial-start 0.8 --coarse-fraction 0 --background-fraction 0

train() { # name, fraction of captions, further flags
    local name=$1 fraction=$2
    shift 2
    "$dalle" train generator --preset tiny --data "$data" --tokenizer "$out/tokenizer" --out "$out/$name" \
        --images "$images" --batch-size 64 --optimizer muon --learning-rate 2e-3 --warmup-images 1000 --views 4 \
        --caption-fraction "$fraction" "$@"
}

train null 0
for fraction in 0.01 0.1 1; do
    train "scratch_$fraction" "$fraction"
    train "after_null_$fraction" "$fraction" --init "$out/null"
done
for run in "$out"/scratch_* "$out"/after_null_*; do
    echo "$(basename "$run") $(grep '"sample"' "$run/metrics.jsonl" | tail -n 1)"
done
