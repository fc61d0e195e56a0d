#!/bin/sh
# Makes sure that the browser tests have a Chromium. Installs it where it may: on Debian and
# Ubuntu, as root or with sudo that asks for no password. Elsewhere says how to get one, and fails.
cd "$(dirname "$0")/../.."
. deploy/setup/common.sh

# Runs it, because on Ubuntu a command of that name may be a stub that only speaks of snap.
has_chromium() {
    for name in "${CHROMIUM:-}" chromium chromium-browser google-chrome-stable google-chrome; do
        if [ -n "$name" ] && "$name" --version >/dev/null 2>&1; then return 0; fi
    done
    return 1
}

if has_chromium; then exit 0; fi
# Ubuntu has no `chromium`; its `chromium-browser` brings the browser where snap works.
for package in chromium chromium-browser; do
    has_chromium || apt_install \
        "Chromium for the browser tests (apt-get: about 125 MB to fetch, 415 MB on disk)" "$package"
done
has_chromium || fail "The browser tests need Chromium or Chrome, and none was found." \
    "  Debian:  apt-get install chromium" \
    "  Fedora:  dnf install chromium" \
    "  macOS:   brew install --cask chromium" \
    "  other:   set CHROMIUM to the path of a Chromium or Chrome" \
    "Then run make test again."
