# Shared by the set-up scripts: sourced, with the project's folder as the current one.
# shellcheck shell=sh
set -eu

stamps=.venv/.setup

say() { printf '==> %s\n' "$*"; }

fail() {
    printf '\n' >&2
    for line; do printf '%s\n' "$line" >&2; done
    exit 1
}

# One line that changes when any of these files, or any file below these folders, does.
fingerprint() {
    find "$@" \( -name node_modules -o -name dist -o -name __pycache__ \) -prune \
        -o -type f -exec cksum {} + | LC_ALL=C sort | cksum
}

# A stamp is written when a step has finished, and says for which input: an interrupted step
# has none, so the next run does it again.
is_done() { [ -f "$stamps/$1" ] && [ "$(cat "$stamps/$1")" = "$2" ]; }

mark_done() {
    mkdir -p "$stamps"
    printf '%s\n' "$2" > "$stamps/$1"
}
