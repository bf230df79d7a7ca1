# shellcheck shell=bash
# The release build of the executables, and what can be left out of it.

# sources_digest: of everything the executables are built from, and of the toolchain.
sources_digest() {
    {
        swift --version 2>/dev/null
        find "$ROOT/Package.swift" "$ROOT/Sources" "$ROOT/services" "$ROOT/schemas" -type f -print0 |
            LC_ALL=C sort -z | xargs -0 sha256sum
        # Without a library of its own there is no .deps/lib.
        { find "$DEPS/assets" "$DEPS/lib" -type f -printf '%p %s\n' 2>/dev/null || true; } | LC_ALL=C sort
    } | sha256sum | cut -d ' ' -f 1
}

# progress_of_build: turns the compiler's "[12/345]" into one moving line on a terminal, a line now and then elsewhere.
progress_of_build() {
    local line last=-1 percent
    while IFS= read -r line; do
        [[ $line =~ ^\[([0-9]+)/([0-9]+)\] ]] || continue
        percent=$((BASH_REMATCH[1] * 100 / BASH_REMATCH[2]))
        if [ -t 1 ]; then
            printf '\r  %3d%% of %s steps ' "$percent" "${BASH_REMATCH[2]}"
        elif [ $((percent / 20)) -gt "$last" ]; then
            last=$((percent / 20))
            printf '  %d%%\n' "$percent"
        fi
    done
    [ ! -t 1 ] || printf '\r\033[K'
}

# build_release: builds the executables unless nothing they are made of has changed, and sets BIN.
build_release() {
    local digest stamp=$ROOT/.build/release.digest log=$RUN/build.log
    digest=$(sources_digest)
    # The path that `swift build --show-bin-path` prints; asking costs a second, so it is kept with the digest.
    if [ "$(sed -n 1p "$stamp" 2>/dev/null)" = "$digest" ]; then
        BIN=$(sed -n 2p "$stamp")
        [ -x "$BIN/market-api" ] && return 0
    fi
    step "building (the first time takes several minutes)"
    mkdir -p "$RUN"
    (cd "$ROOT" && swift build -c release 2>&1) | tee "$log" | progress_of_build ||
        fail "the build failed; ${log#"$ROOT"/} says:" "$(grep -m 3 'error:' "$log")"
    BIN=$(cd "$ROOT" && swift build -c release --show-bin-path)
    printf '%s\n%s\n' "$digest" "$BIN" >"$stamp"
}
