#!/usr/bin/env bash
# One stage on several machines of a SLURM cluster: one task a machine, which starts a process for each of its GPUs.
#
#   sbatch --nodes 4 --gpus-per-node 8 examples/scale/slurm.sh train generator --data tokens --out runs/generator --batch-size 4096
#
# The run folder, the data and this environment are on a disk that all machines see. Ten minutes before its time is over the
# job gets SIGTERM, saves, and is queued again; the same command goes on where it stopped.
#SBATCH --job-name=dall_e
#SBATCH --ntasks-per-node=1
#SBATCH --time=24:00:00
#SBATCH --signal=B:TERM@600
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=slurm-%j.log
set -euo pipefail
head=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
processes=${PROCESSES:-${SLURM_GPUS_ON_NODE:-1}}

srun "${PYTHON:-python}" -m torch.distributed.run \
    --nnodes "$SLURM_JOB_NUM_NODES" --nproc-per-node "$processes" \
    --rdzv-backend c10d --rdzv-endpoint "$head:${PORT:-29511}" --rdzv-id "$SLURM_JOB_ID" \
    -m dall_e "$@" &
training=$!

stop() {
    scancel --signal=TERM "$SLURM_JOB_ID" # to the step, whose processes save; srun itself would kill them
    wait "$training" || true
    scontrol requeue "$SLURM_JOB_ID"
    exit 0
}
trap stop TERM
wait "$training"
