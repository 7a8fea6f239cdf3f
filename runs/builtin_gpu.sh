#!/usr/bin/env bash
# Trains the built-in model at size S on one GPU that is there for a few minutes at a time: every command ends by itself
# within LIMIT seconds, saves, and goes on where it stopped when it is run again.
#
#   at home    runs/builtin_gpu.sh pack        data/emoji -> data/packed: all pictures and captions in about 38 MiB
#   there      runs/builtin_gpu.sh go          all stages, measure, collect: again until it says "all is done"
#              runs/builtin_gpu.sh try         first, two minutes: does all of it run there, how fast, in what memory?
#   at home    runs/builtin_gpu.sh join DIR    what `collect` left in DIR -> runs/gpu/model, checked
#
# The steps of `go` can be run one by one: tokenizer, generator, adversarial, measure, collect. There, only this folder with
# data/packed is needed, and a Python with torch, numpy, pillow, safetensors, tokenizers and typer: nothing is
# installed or fetched. `collect` leaves files of at most 15 MiB, also before training is complete.
#
#   anywhere   runs/builtin_gpu.sh rehearse    all of it in small on a CPU, in about a minute
#
# Everything below with := can be set from outside, as in LIMIT=300 runs/builtin_gpu.sh go.
set -euo pipefail
cd "$(dirname "$0")/.."
self=runs/builtin_gpu.sh
again=75                     # exit code of a command that was not wrong but out of time: run it again

: "${LIMIT:=570}"            # seconds that a command may take, start-up included
: "${RUN:=runs/gpu}"         # run folders, with checkpoints; keep it between commands
: "${COLLECT:=$RUN/parts}"   # where `collect` leaves the model in parts, logs and sheets
: "${SOURCE:=data/emoji}"    # what `pack` packs
: "${DATA:=data/packed}"
: "${DROPPED_BITS:=3}"       # 2: 48 MiB at 56 dB; 3: 38 MiB at 51 dB, and room for a built-in model in the same 64 MiB
: "${PRESET:=s}"
: "${SIZE:=128}"             # side of that preset's pictures
: "${DEVICE:=cuda}"
: "${VERSION:=2}"            # of the exported weights
# 128 x 2,000 steps, and 512 x 4,900 steps. Both schedules end with the last picture, so where time is short give fewer.
: "${TOKENIZER_IMAGES:=256000}" "${TOKENIZER_BATCH:=128}"
: "${GENERATOR_IMAGES:=2500000}" "${GENERATOR_BATCH:=512}"
# A short round against its own drawings; three times the rows of the generator's batch go through it at once.
: "${ADVERSARIAL_IMAGES:=25600}" "${ADVERSARIAL_BATCH:=128}" "${FAKES:=8192}"
: "${VIEWS:=16}"             # of each picture; 15,874 pictures are seen 100 times in all
: "${SCENE_FRACTION:=0.35}" "${SCENES:=60000}"
: "${TOKENIZER_SCENE_FRACTION:=0.15}" # composed while the GPU waits, 0.8 ms each
: "${OPTIMIZER:=muon}"       # of the generator; adamw where PyTorch is older than 2.9
: "${COMPILE:=--compile}"    # of the generator; --no-compile saves two minutes of a first start
# A machine without the package installed runs it from its sources.
: "${DALLE:=$([ -x .venv/bin/dall-e ] && echo .venv/bin/dall-e || echo python3 -m dall_e)}"
export PYTHONPATH="src${PYTHONPATH:+:$PYTHONPATH}" PYTHONUNBUFFERED=1

left() { # seconds until LIMIT, less those that are kept for what comes after training
    echo $((LIMIT - SECONDS - ${1:-0}))
}

seen() { # pictures that the run of a stage has seen
    local last
    last=$(tail -n 1 "$RUN/$1/metrics.jsonl" 2>/dev/null | sed -n 's/.*"images_seen": \([0-9]*\).*/\1/p') || true
    echo "${last:-0}"
}

rate() { # pictures per second of a stage's run, in its last lines of the log
    sed -n 's/.*"images_per_second": \([0-9]*\).*/\1/p' "$RUN/$1/metrics.jsonl" 2>/dev/null |
        tail -n 3 | paste -s -d ' ' || true
}

train() { # STAGE IMAGES FLAGS...: 0 once all IMAGES are seen, $again if the time is up before, else what went wrong
    local stage=$1 images=$2 status=0 seconds own
    shift 2
    [ "$(seen "$stage")" -lt "$images" ] || return 0
    seconds=$(left 45)
    if [ "$seconds" -lt 30 ]; then
        echo "no time left for the $stage" >&2
        return "$again"
    fi
    # The program stops by its own clock, which starts once the data are loaded, else by SIGTERM; it saves either way.
    own=$((seconds > 120 ? seconds - 30 : seconds))
    timeout --signal TERM --kill-after 30 "$seconds" $DALLE train "$stage" --out "$RUN/$stage" --data "$DATA" \
        --preset "$PRESET" --device "$DEVICE" --images "$images" --max-minutes "$((own / 60)).$((own % 60 / 6))" \
        --save-minutes 4 --sample-minutes 4 "$@" || status=$?
    case $status in
    0 | 124 | 137 | 143) [ "$(seen "$stage")" -ge "$images" ] || return "$again" ;;
    *) return "$status" ;;
    esac
}

pack() {
    $DALLE data pack "$SOURCE" "$DATA" --force --size "$SIZE" --dropped-bits "$DROPPED_BITS"
    local bytes
    bytes=$(cat "$DATA"/*.tar.xz | wc -c)
    if [ "$bytes" -gt $((48 * 1024 * 1024)) ]; then
        echo "$DATA has $bytes bytes, more than 48 MiB: set DROPPED_BITS higher" >&2
        return 1
    fi
}

tokenizer() {
    # One size of picture only: no coarser grid grows into this one.
    train tokenizer "$TOKENIZER_IMAGES" --batch-size "$TOKENIZER_BATCH" --coarse-fraction 0 \
        --warmup-images $((TOKENIZER_IMAGES / 25)) --adversarial-start 0.4 --scene-fraction "$TOKENIZER_SCENE_FRACTION"
}

generator() {
    local flags=(--tokenizer "$RUN/tokenizer" --batch-size "$GENERATOR_BATCH" --views "$VIEWS" --learning-rate 1e-3
        --warmup-images $((GENERATOR_IMAGES / 20)) --scene-fraction "$SCENE_FRACTION" --scenes "$SCENES"
        --optimizer "$OPTIMIZER")
    local status=0
    train generator "$GENERATOR_IMAGES" "${flags[@]}" "$COMPILE" || status=$?
    if [[ $status != 0 && $status != "$again" && $COMPILE = --compile && $(seen generator) = 0 ]]; then
        echo "the generator does not start with --compile; without it:" >&2
        status=0
        train generator "$GENERATOR_IMAGES" "${flags[@]}" --no-compile || status=$?
    fi
    return "$status"
}

adversarial() {
    train adversarial "$ADVERSARIAL_IMAGES" --init "$RUN/generator" --tokenizer "$RUN/tokenizer" --views "$VIEWS" \
        --batch-size "$ADVERSARIAL_BATCH" --warmup-images $((ADVERSARIAL_IMAGES / 10)) --fakes "$FAKES" \
        --scene-fraction "$SCENE_FRACTION" --scenes "$SCENES"
}

drawing_run() { # the run whose generator is exported: that of the last stage there is
    [ -e "$RUN/adversarial/checkpoint.pt" ] && echo "$RUN/adversarial" || echo "$RUN/generator"
}

measure() { # the exported model, as users get it: the 24 fixed prompts, and the last measures of the runs
    export_model
    $DALLE gallery --model "$RUN/model" --out "$RUN/gallery.png" --force
    for stage in tokenizer generator adversarial; do
        [ -e "$RUN/$stage/checkpoint.pt" ] || continue
        echo "$stage: $(grep '"kind": "sample"' "$RUN/$stage/metrics.jsonl" | tail -n 1)"
    done
}

export_model() {
    local run
    run=$(drawing_run)
    if [ "$RUN/model/config.json" -nt "$run/checkpoint.pt" ]; then return; fi
    $DALLE export --tokenizer "$RUN/tokenizer" --generator "$run" --out "$RUN/model" --force --version "$VERSION" \
        --compose
}

collect() {
    if [ -e "$RUN/generator/checkpoint.pt" ]; then export_model; fi
    rm -rf "$RUN/collected"
    mkdir -p "$RUN/collected" "$COLLECT"
    rm -f "$COLLECT"/part-* "$COLLECT/SHA256SUMS"
    local stage newest
    for stage in tokenizer generator adversarial; do
        [ -e "$RUN/$stage/checkpoint.pt" ] || continue
        mkdir -p "$RUN/collected/$stage"
        cp "$RUN/$stage"/*.json "$RUN/$stage"/*.jsonl "$RUN/$stage"/*.txt "$RUN/collected/$stage/"
        newest=$(ls "$RUN/$stage/samples" 2>/dev/null | tail -n 1) || true
        [ -z "$newest" ] || cp "$RUN/$stage/samples/$newest" "$RUN/collected/$stage/"
    done
    [ ! -d "$RUN/model" ] || cp -r "$RUN/model" "$RUN/collected/"
    [ ! -e "$RUN/gallery.png" ] || cp "$RUN/gallery.png" "$RUN/collected/"
    tar -C "$RUN/collected" -cf - . | (cd "$COLLECT" && split -b 15m - part- && sha256sum part-* >SHA256SUMS)
    ls -l "$COLLECT"
}

join() { # DIR: what `collect` made
    local from=${1:?join needs the folder with the parts}
    (cd "$from" && sha256sum --quiet --check SHA256SUMS)
    mkdir -p "$RUN"
    cat "$from"/part-* | tar -C "$RUN" -xf -
    echo "$RUN/model"
}

go() {
    local status=0
    { tokenizer && generator && adversarial; } || status=$?
    if [ "$status" = 0 ] && [ ! -e "$RUN/gallery.png" ] && [ "$(left)" -gt 90 ]; then measure; fi
    collect
    case $status in
    0) echo "all is done" ;;
    "$again")
        echo "tokenizer $(seen tokenizer) of $TOKENIZER_IMAGES pictures, $(rate tokenizer) per second;" \
            "generator $(seen generator) of $GENERATOR_IMAGES, $(rate generator) per second;" \
            "adversarial $(seen adversarial) of $ADVERSARIAL_IMAGES: run the same command again"
        ;;
    esac
    return "$status"
}

try() {
    local watcher="" status=0
    export RUN=$RUN/try COLLECT=$RUN/try/parts TOKENIZER_IMAGES=12800 GENERATOR_IMAGES=30720 VIEWS=2
    export ADVERSARIAL_IMAGES=1280 FAKES=512 SCENES=5000
    mkdir -p "$RUN"
    if command -v nvidia-smi >/dev/null; then
        nvidia-smi --query-gpu=memory.used,utilization.gpu --format=csv,noheader,nounits -l 1 >"$RUN/gpu.csv" &
        watcher=$!
    fi
    bash "$self" go || status=$?
    if [ -n "$watcher" ]; then
        kill "$watcher"
        echo "at most $(sort -n "$RUN/gpu.csv" | tail -n 1 | cut -d , -f 1) MiB of the GPU's memory"
    fi
    echo "pictures per second: tokenizer $(rate tokenizer), generator $(rate generator)"
    return "$status"
}

rehearse() { # FOLDER: pictures to rehearse with
    export SOURCE=${1:-examples/tiny_pictures} RUN=${REHEARSAL:-runs/rehearsal}
    export DATA=$RUN/packed COLLECT=$RUN/parts DEVICE=cpu PRESET=tiny SIZE=32 COMPILE=--no-compile VIEWS=2
    export TOKENIZER_BATCH=16 GENERATOR_BATCH=16
    export TOKENIZER_IMAGES=${REHEARSAL_IMAGES:-512} GENERATOR_IMAGES=${REHEARSAL_IMAGES:-512}
    export ADVERSARIAL_IMAGES=32 ADVERSARIAL_BATCH=16 FAKES=32 SCENES=64
    bash "$self" pack
    local status=$again
    while [ "$status" = "$again" ]; do
        status=0
        bash "$self" go || status=$?
    done
    [ "$status" = 0 ] || return "$status"
    RUN=$RUN/joined bash "$self" join "$COLLECT"
    $DALLE generate --model "$RUN/joined/model" --steps 8 --out "$RUN/apple.png" --force "a red apple"
}

# In braces, so that all is read before it runs: a new version of this file may come while it does.
{
    case "${1:-}" in
    pack | tokenizer | generator | measure | collect | go | try) "$1" ;;
    join | rehearse) "$@" ;;
    *) sed -n '2,/^set /{/^#/p}' "$self" | cut -c 3- && exit 2 ;;
    esac
    exit
}
