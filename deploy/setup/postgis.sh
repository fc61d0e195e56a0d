#!/bin/sh
# Makes sure that there are PostgreSQL and PostGIS to run: their programs, not a server of the
# system. Installs them where it may (Debian and Ubuntu, as root or with sudo that asks for no
# password); elsewhere says how to get them, and fails.
cd "$(dirname "$0")/../.."
. deploy/setup/common.sh

has_postgis() {
    for control in /usr/share/postgresql/*/extension/postgis.control \
        /usr/pgsql-*/share/extension/postgis.control \
        "$(pg_config --sharedir 2>/dev/null || echo /nowhere)"/extension/postgis.control; do
        [ -f "$control" ] && return 0
    done
    return 1
}

has_postgis && exit 0
if may_install && [ ! -e /etc/postgresql-common/createcluster.conf ]; then
    # Debian would make and start a server of its own.
    as_root mkdir -p /etc/postgresql-common
    echo 'create_main_cluster = false' | as_root tee /etc/postgresql-common/createcluster.conf >/dev/null
fi
apt_install "PostgreSQL with PostGIS (about 40 MB to fetch, 170 MB on disk)" \
    postgresql postgresql-15-postgis-3
has_postgis || apt_install "PostGIS" postgis postgresql-postgis
has_postgis || fail "PostgreSQL with PostGIS is needed, and was not found." \
    "  Debian:  apt-get install postgresql postgresql-15-postgis-3" \
    "  Fedora:  dnf install postgresql-server postgis" \
    "  macOS:   brew install postgis" \
    "Then run make ${TARGET:-test} again."
