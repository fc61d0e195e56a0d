#!/bin/sh
# Makes sure that there is promtool, which checks the alert rules: one program (48 MB) out of Debian's
# package of Prometheus, without its server, in .venv/bin. Elsewhere says how to get it, and fails.
cd "$(dirname "$0")/../.."
. deploy/setup/common.sh

if command -v promtool >/dev/null 2>&1 || [ -x .venv/bin/promtool ]; then exit 0; fi
if may_install && command -v dpkg-deb >/dev/null 2>&1; then
    say "Fetching promtool (19 MB)"
    folder=$(mktemp -d)
    log=$folder/log
    chmod 755 "$folder"
    # The package lists may be of another day.
    if (cd "$folder" && { apt-get download prometheus || { apt update && apt-get download prometheus; }; }) \
        >"$log" 2>&1; then
        dpkg-deb --fsys-tarfile "$folder"/prometheus_*.deb | tar -xf - -C "$folder" ./usr/bin/promtool
        mkdir -p .venv/bin
        mv "$folder/usr/bin/promtool" .venv/bin/promtool
    else
        tail -n 15 "$log" >&2
    fi
    rm -rf "$folder"
fi
[ -x .venv/bin/promtool ] || fail "promtool checks the alert rules, and was not found." \
    "  Debian:  apt-get install prometheus" \
    "  macOS:   brew install prometheus" \
    "Then run make ${TARGET:-test} again."
