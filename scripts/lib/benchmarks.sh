# shellcheck shell=bash disable=SC2153 # BIN and TOOLS are scripts/bench's
# The programs of Benchmarks/ that scripts/bench measures with, in $TOOLS.

# build_benchmarks [MEASUREMENT...]: the C programs, and of the Swift ones those that the measurements need.
build_benchmarks() {
    local name products=()
    mkdir -p "$TOOLS"
    for name in trade-generator bare-consumer bare-producer record-pipe; do compile_with_our_library "$name"; done
    for name in "${@:-producer http latency fanout micro}"; do
        case $name in
            *producer* | *latency* | *fanout*) products+=(load-tools) ;;&
            *http*) products+=(fixed-answers) ;;&
            *micro*) products+=(micro-benchmarks) ;;
        esac
    done
    while read -r name; do
        [ -z "$name" ] || build_tool "$name"
    done < <(printf '%s\n' ${products[@]+"${products[@]}"} | sort -u)
}

# build_tool PRODUCT: a Swift program that is no part of the normal build.
build_tool() {
    local log=$RUN/build.log folder
    step "building $1"
    mkdir -p "$RUN"
    (cd "$ROOT" && MARKET_STREAM_BENCHMARKS=1 swift build -c release --product "$1" 2>&1) </dev/null | tee "$log" |
        progress_of_build || fail "the build failed; ${log#"$ROOT"/} says:" "$(grep -m 3 'error:' "$log")"
    folder=$(cd "$ROOT" && swift build -c release --show-bin-path </dev/null)
    ln -sf "$folder/$1" "$TOOLS/$1"
}

# compile_with_our_library NAME: the C program of Benchmarks/NAME, run by the same loader and with the same librdkafka
# as our executables, wherever those find it.
compile_with_our_library() {
    local program=${1//-/_} loader rpath
    loader=$(readelf -l "$BIN/trade-processor" | sed -n 's/.*program interpreter: \(.*\)\]/\1/p')
    rpath=$(readelf -d "$BIN/trade-processor" | sed -n 's/.*R\(UN\)\{0,1\}PATH.*\[\(.*\)\]/\2/p')
    # $ORIGIN means the executables' folder.
    cc -O2 -Wall -o "$TOOLS/$program" "$ROOT/Benchmarks/$1/$program.c" -lrdkafka \
        -Wl,--disable-new-dtags,--allow-shlib-undefined "-Wl,--dynamic-linker=$loader" \
        "-Wl,-rpath,${rpath//\$ORIGIN/$BIN}" || fail "Benchmarks/$1 does not compile"
}
