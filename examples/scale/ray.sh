#!/bin/sh
# Pictures to codes on a Ray cluster; the arguments are those of `dall-e data encode`.
#
#   examples/scale/ray.sh shards --out tokens --tokenizer runs/tokenizer
#
# Without RAY_ADDRESS a cluster is started on this machine (port RAY_PORT) and ended afterwards. With
# the same RAY_AUTH_TOKEN other machines join it by `ray start --address THIS_MACHINE:6379`; all see
# the folders under the same paths.
set -eu
if [ -z "${RAY_ADDRESS:-}" ]; then
    port=${RAY_PORT:-6379}
    export RAY_AUTH_MODE=token
    export RAY_AUTH_TOKEN="${RAY_AUTH_TOKEN:-$(python -c 'import secrets; print(secrets.token_hex(32))')}"
    ray start --head --port "$port" --include-dashboard false --disable-usage-stats --block > ray.log 2>&1 &
    head=$!
    trap 'kill "$head" 2> /dev/null && wait "$head" || true' EXIT
    export RAY_ADDRESS="127.0.0.1:$port"
    until grep -q "Ray runtime started" ray.log; do
        kill -0 "$head" || { cat ray.log; exit 1; }
        sleep 1
    done
fi
python -m dall_e data encode "$@" --cluster "${WORKERS:-2}"
