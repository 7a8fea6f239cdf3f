#!/bin/sh
# Draw a picture by a server, with curl and Python's JSON: sh client.sh "a cat" picture.png
# DALLE_URL and DALLE_KEY say where the server is, and who asks.
set -eu
prompt=${1:-a cat}
out=${2:-picture.png}
url=${DALLE_URL:-http://127.0.0.1:8000}

# The prompt travels by the environment, so that quotes in it reach the server as they are.
body=$(PROMPT=$prompt python3 -c 'import json, os; print(json.dumps({"prompt": os.environ["PROMPT"], "seed": 3, "response_format": "url"}))')
link=$(curl --fail-with-body --silent --show-error "$url/v1/images/generations" \
    -H "Authorization: Bearer ${DALLE_KEY:-none}" -H "Content-Type: application/json" -d "$body" |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["data"][0]["url"])')
curl --fail --silent --show-error "$link" -o "$out"
echo "$out"
