# shellcheck shell=bash
# A Python program that runs private servers and our executables in a folder of its own (scripts/chaos, scripts/soak),
# and the end of all it started, whoever ends it.
#
# Set by whoever reads this: BIN, KEEP (keep the folder). RUNNER_FOLDER is set here.

RUNNER=''

# runner_bin: the executables that are there, release ones first; fails where there are none.
runner_bin() {
    if [ -z "$BIN" ]; then
        BIN=$ROOT/.build/release
        [ -x "$BIN/trade-processor" ] || BIN=$ROOT/.build/debug
    fi
    [ -x "$BIN/trade-processor" ] || fail "nothing is built in $BIN; swift build, or --bin"
}

# runner_end: what the program would have ended, had nobody killed it, and then the folder.
runner_end() {
    local result=$? stack file
    [ -z "$RUNNER" ] || { kill -TERM "$RUNNER" 2>/dev/null && wait "$RUNNER"; } || true
    for stack in "$RUNNER_FOLDER"/*/; do
        for file in "$stack"pid/*.pid; do
            [ -e "$file" ] && process_stop "$file" KILL 5
        done
        if [ "$result" = 0 ] && [ -z "${KEEP-}" ]; then STACK=${stack%/} stack_delete; fi
    done
    if [ "$result" = 0 ] && [ -z "${KEEP-}" ]; then rm -rf "$RUNNER_FOLDER"; else note "logs: $RUNNER_FOLDER"; fi
}

# runner_start MODULE OPTION...: runs the module of Tests/ChaosTests to its end; its exit code.
runner_start() {
    local module=$1 python=$DEPS/venv/bin/python result=0
    shift
    [ -x "$python" ] || fail "scripts/setup --tests installs what this is written with"
    RUNNER_FOLDER=$(mktemp -d "${TMPDIR:-/tmp}/market-stream-$module.XXXXXX")
    chmod 755 "$RUNNER_FOLDER"
    trap runner_end EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    MARKET_STREAM_BIN=$BIN PYTHONPATH=$ROOT/Tests/ChaosTests PYTHONDONTWRITEBYTECODE=1 \
        "$python" -m "$module" --bin "$BIN" --folder "$RUNNER_FOLDER" "$@" &
    RUNNER=$!
    wait "$RUNNER" || result=$?
    RUNNER=''
    return "$result"
}
