#!/bin/sh
# Makes .venv and installs a lock into it: `python.sh run` what running needs, `python.sh dev`
# what the checks need on top. Does nothing, at once, when that is in place.
cd "$(dirname "$0")/../.."
. deploy/setup/common.sh

case "${1:-}" in
    run) locks=requirements.lock ;;
    dev) locks=requirements-dev.lock ;;
    *) fail "usage: python.sh run|dev" ;;
esac

find_python() {
    for python in ${PYTHON:+"$PYTHON"} python3 python3.13 python3.12 python3.11 python; do
        if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$python"
            return
        fi
    done
    fail "Tocsin needs Python 3.11 or newer, and none was found." \
        "Install one (Debian, Ubuntu: apt-get install python3 python3-venv)," \
        "or name it: make ${TARGET:-run} PYTHON=/path/to/python3.11"
}

# The scripts of an environment hold its path, so one that was moved is made anew; so is one
# whose installation was cut off (`busy`), or whose Python has gone.
make_environment() {
    if is_done venv "$PWD" && [ ! -e "$stamps/busy" ] && .venv/bin/python -c '' 2>/dev/null; then
        return
    fi
    python=$(find_python)
    say "Making the environment .venv with $("$python" --version)"
    rm -rf .venv
    if ! "$python" -m venv .venv; then
        rm -rf .venv
        fail "$python cannot make a virtual environment: its venv module is missing or broken." \
            "On Debian and Ubuntu: apt-get install python3-venv"
    fi
    mark_done venv "$PWD"
}

# pip's own index settings apply to the first line; uv reads only its own (UV_*). Where uv cannot
# be had or cannot reach an index, pip installs the same bytes, more slowly.
install() {
    if [ -x .venv/bin/uv ] && .venv/bin/uv pip install --quiet --python .venv/bin/python "$@"; then
        return
    fi
    .venv/bin/python -m pip install --quiet --disable-pip-version-check "$@"
}

install_uv() {
    [ -x .venv/bin/uv ] || .venv/bin/python -m pip install --quiet --disable-pip-version-check \
        --require-hashes -r deploy/setup/uv.lock ||
        say "uv cannot be had here: pip does it, which takes a minute or two"
}

make_environment
inputs=$(fingerprint "$locks" pyproject.toml deploy/setup/build.lock)
if is_done "python-$1" "$inputs"; then exit 0; fi

say "Installing $locks"
touch "$stamps/busy"
install_uv
install --require-hashes -r deploy/setup/build.lock
install --require-hashes -r "$locks"
install --no-deps --no-build-isolation --editable .
rm "$stamps/busy"
mark_done "python-$1" "$inputs"
if [ "$1" = dev ]; then
    # The dev lock holds all of the other at the same versions.
    mark_done python-run "$(fingerprint requirements.lock pyproject.toml deploy/setup/build.lock)"
fi
