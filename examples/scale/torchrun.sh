#!/usr/bin/env bash
# One stage on all GPUs of one machine, or on the cores of a CPU: each process computes a part of every batch.
#
#   examples/scale/torchrun.sh train generator --data tokens --out runs/generator --batch-size 256
#
# PROCESSES is how many; by default one for each GPU, or two without one. The same command again goes on where it stopped.
set -euo pipefail
gpus=$(nvidia-smi --list-gpus 2>/dev/null | wc -l || true)
processes=${PROCESSES:-$((gpus > 0 ? gpus : 2))}
[ "$gpus" -gt 0 ] || export OMP_NUM_THREADS=${OMP_NUM_THREADS:-$(((($(nproc) + processes - 1)) / processes))}
exec "${PYTHON:-python}" -m torch.distributed.run --standalone --nproc-per-node "$processes" -m dall_e "$@"
