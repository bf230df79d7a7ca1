# shellcheck shell=bash disable=SC2034 # the lists are read by setup
# The system's packages, with apt.

# To compile: the C libraries' headers and what a Swift toolchain wants.
BUILD_PACKAGES=(
    binutils ca-certificates curl g++ git gnupg libc6-dev libcurl4-openssl-dev libedit2 libhiredis-dev libncurses6
    libpq-dev librdkafka-dev libsqlite3-0 libssl-dev libxml2-dev libz3-dev pkg-config python3 python3-venv tzdata unzip
    zlib1g-dev
)
# To run the stack, and to look at it.
RUN_PACKAGES=(kcat postgresql procps redis-server redis-tools util-linux)
# To test it. A browser only where Debian has one as a package (Ubuntu's is a snap).
TEST_PACKAGES=(influxdb jq patchelf prometheus shellcheck valgrind)

# installed PACKAGE
installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# as_root COMMAND...
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    else
        have sudo || fail "system packages are missing and there is no sudo; as root: apt-get install ${missing[*]}"
        sudo "$@"
    fi
}

# install_packages NAME...: those that are not there yet. It asks first unless --yes was given.
install_packages() {
    local missing=() name
    have dpkg-query || fail "this is neither Debian nor Ubuntu; install the equivalents of: $*"
    if [ -n "$tests" ]; then
        # Apache Kafka, where KAFKA_HOME names one, wants any Java from 17 on.
        have java || set -- "$@" default-jre-headless
        ! grep -q '^ID=debian' /etc/os-release || set -- "$@" chromium chromium-driver
    fi
    for name in "$@"; do installed "$name" || missing+=("$name"); done
    [ ${#missing[@]} -gt 0 ] || return 0
    confirm "install with apt: ${missing[*]}" || fail "not installed: ${missing[*]}"
    step "apt: ${missing[*]}"
    mkdir -p "$DEPS"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq >/dev/null 2>&1 ||
        note "apt-get update failed; trying with the lists that are here"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" \
        >"$DEPS/apt.log" 2>&1 ||
        fail "apt-get install failed (.deps/apt.log):" "$(grep -E '^E:' "$DEPS/apt.log" | head -n 3)"
}

# confirm QUESTION: yes with --yes, else asks the person at the terminal.
confirm() {
    local answer
    [ -z "$yes" ] || return 0
    [ -t 0 ] || fail "$1? Nobody is here to ask; say --yes"
    read -r -p "$1? [y/N] " answer
    [[ $answer == [yY]* ]]
}
