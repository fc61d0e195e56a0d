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

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

may_install() {
    command -v apt-get >/dev/null 2>&1 || return 1
    [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null
}

apt() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 "$@"
}

# `apt_install WHAT PACKAGE...` where that is possible; says what it does, and what went wrong. The
# caller looks whether it is there now.
apt_install() {
    may_install || return 0
    what=$1
    shift
    say "Installing $what"
    log=$(mktemp)
    { apt update && apt install -y --no-install-recommends "$@"; } >"$log" 2>&1 ||
        tail -n 15 "$log" >&2
    rm -f "$log"
}
