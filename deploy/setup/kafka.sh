#!/bin/sh
# Makes sure that there is an Apache Kafka to run: Java 17 and the broker's jars from Maven Central
# in .venv/share/kafka. Installs Java and Maven where it may (Debian and Ubuntu, as root or with sudo
# that asks for no password); elsewhere says how to get them, and fails.
cd "$(dirname "$0")/../.."
. deploy/setup/common.sh
jars=.venv/share/kafka

has_java() {
    version=$(java -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p')
    [ "${version:-0}" -ge 17 ]
}

has_maven() { mvn -version >/dev/null 2>&1; }

fetched=$(fingerprint deploy/kafka/pom.xml)
if has_java && is_done kafka "$fetched" && [ -d "$jars" ]; then exit 0; fi
if ! has_java || ! has_maven; then
    apt_install "Java and Maven for Apache Kafka (about 140 MB to fetch, 400 MB on disk)" \
        default-jre-headless maven
fi
has_java || fail "Apache Kafka needs Java 17 or newer, and none was found." \
    "  Debian:  apt-get install default-jre-headless" \
    "  Fedora:  dnf install java-17-openjdk-headless" \
    "  macOS:   brew install openjdk@17" \
    "Then run make ${TARGET:-test} again."
has_maven || fail "Apache Kafka is fetched with Maven, and none was found." \
    "  Debian:  apt-get install maven" \
    "  Fedora:  dnf install maven" \
    "  macOS:   brew install maven" \
    "Then run make ${TARGET:-test} again."

say "Fetching Apache Kafka (45 jars, 43 MB)"
rm -rf "$jars"
log=$(mktemp)
if ! mvn -B -q -Dstyle.color=never -f deploy/kafka/pom.xml dependency:copy-dependencies \
    -DincludeScope=runtime -DoutputDirectory="$PWD/$jars" >"$log" 2>&1; then
    tail -n 15 "$log" >&2
    fail "Maven could not fetch Apache Kafka: see above. Its settings are in ~/.m2/settings.xml."
fi
rm -f "$log"
mark_done kafka "$fetched"
