#!/bin/sh
# Says, before `make run` installs anything, what that will be and how large. Measured on Debian 12
# x86-64 with Python 3.11; other systems differ by some tens of megabytes.
cd "$(dirname "$0")/../.."
. deploy/setup/common.sh

if is_done python-run "$(fingerprint requirements.lock pyproject.toml deploy/setup/build.lock)" &&
    is_done venv "$PWD" && [ -f api/web/dist/index.html ]; then exit 0; fi
say "The first start installs, inside this folder only and without root (about):"
cat <<'TEXT'
      .venv                   Python packages, at pinned versions      fetches 155 MB, takes 515 MB
      api/web/node_modules    what the map client is built from        fetches 80 MB, takes 145 MB
TEXT
if ! sh deploy/setup/node.sh check; then
    cat <<'TEXT'
      .venv                   Node, as the machine has none that fits  fetches 60 MB, takes 205 MB
TEXT
fi
say "\`make clean\` removes all of it."
