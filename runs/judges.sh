#!/usr/bin/env bash
# Trains those who judge in `dall-e evaluate`: a dual encoder and a detector with a seed and half of the pictures of their own.
# Nothing is trained on what they say, and nothing chosen by it. Some fifty minutes on two CPU cores. Then:
#
#   .venv/bin/dall-e evaluate --judge runs/judge --detector runs/detector
#
# Every command resumes where it was interrupted when it is run again.
set -euo pipefail
cd "$(dirname "$0")/.."
dalle=${DALLE:-.venv/bin/dall-e}

"$dalle" train dual-encoder --out runs/judge --preset judge --seed 1 --fold 1 --other-fraction 0 --images 480000 \
    --text-tokenizer dall-e-emoji --optimizer muon --learning-rate 6e-3 --warmup-images 5000
"$dalle" train detector --out runs/detector --seed 1 --images 400000 \
    --optimizer muon --learning-rate 5e-3 --warmup-images 3000
