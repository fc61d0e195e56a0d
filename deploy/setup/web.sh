#!/bin/sh
# Installs what the map client is built from, and builds it to api/web/dist: `web.sh modules`
# stops before the build. Does nothing, at once, when sources and result are in place.
cd "$(dirname "$0")/../.."
. deploy/setup/common.sh
sh deploy/setup/node.sh
PATH="$PWD/.venv/bin:$PATH"

modules=$(fingerprint api/web/package.json api/web/package-lock.json)
if ! is_done web-modules "$modules" || [ ! -d api/web/node_modules ]; then
    say "Installing the map client's packages (npm ci)"
    (cd api/web && npm ci --no-audit --no-fund --ignore-scripts --loglevel=error)
    mark_done web-modules "$modules"
fi
if [ "${1:-}" = modules ]; then exit 0; fi

sources=$(fingerprint api/web)
if is_done web-dist "$sources" && [ -f api/web/dist/index.html ]; then exit 0; fi
say "Building the map client"
(cd api/web && npm run --silent build)
mark_done web-dist "$sources"
