#!/bin/sh
# Writes every lock anew from its .in file: hashes, no index address, markers for other systems.
# `sh deploy/setup/lock.sh --upgrade` also takes newer versions of what the .in files leave open.
set -eu
cd "$(dirname "$0")/../.."
uv="$PWD/.venv/bin/uv"

# In the folder of the .in file, because its path as given is written into the comments.
lock() {
    folder=$1 name=$2
    shift 2
    (cd "$folder" && "$uv" pip compile --quiet "$name.in" --output-file "$name.lock" \
        --generate-hashes --universal --python-version 3.11 \
        --no-header --no-emit-index-url --no-emit-find-links "$@")
}

lock . requirements "$@"
lock . requirements-dev "$@"
lock deploy/setup build "$@"
lock deploy/setup uv "$@"
lock deploy/setup node "$@"
