#!/bin/sh
# Makes `node` and `npm` available: those of the machine when they fit, else a wheel in .venv.
# `node.sh check` only says (exit status) whether the machine's fit. Callers put .venv/bin first
# on the PATH.
cd "$(dirname "$0")/../.."
. deploy/setup/common.sh

# What Vite 8 runs on.
fits() {
    command -v npm >/dev/null 2>&1 && node -e '
        const [major, minor] = process.versions.node.split(".").map(Number)
        const fits = major > 22 || (major === 22 && minor >= 12) || (major === 20 && minor >= 19)
        process.exit(fits ? 0 : 1)' 2>/dev/null
}

if fits; then exit 0; fi
if [ "${1:-}" = check ]; then exit 1; fi
PATH="$PWD/.venv/bin:$PATH"
if fits; then exit 0; fi

say "Installing Node into .venv"
if [ -x .venv/bin/uv ]; then
    .venv/bin/uv pip install --quiet --python .venv/bin/python --require-hashes -r deploy/setup/node.lock || true
fi
fits || .venv/bin/python -m pip install --quiet --disable-pip-version-check \
    --require-hashes -r deploy/setup/node.lock || true
fits || fail "The map client needs Node 20.19 or newer with npm; neither the machine's nor the" \
    "one from the Python index works here. Install Node and put it on the PATH."
