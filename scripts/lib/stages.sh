# shellcheck shell=bash
# The stages of scripts/test: each runs one command, keeps its output in $work and counts what passed and failed.

STAGE_ROWS=()
TOTAL_PASSED=0
TOTAL_FAILED=0
LAST_FAILED=0
STAGE_GROUP=''

# stage_row NAME PASSED FAILED SKIPPED SECONDS
stage_row() {
    STAGE_ROWS+=("$(printf '%-12s %7d %7d %8d %7d s' "$1" "$2" "$3" "$4" "$5")")
    TOTAL_PASSED=$((TOTAL_PASSED + $2))
    TOTAL_FAILED=$((TOTAL_FAILED + $3))
    LAST_FAILED=$3
    printf '  %d passed, %d failed%s, %d s\n' "$2" "$3" "$([ "$4" = 0 ] || printf ', %d skipped' "$4")" "$5"
}

# stage_output NAME COMMAND...: runs it into its log, with a sign of life every half minute. It has a process group of
# its own, so that stop_stage ends all of it when the script is interrupted.
stage_output() {
    local log=${work:?}/$1.log started=$SECONDS next=30 result=0
    shift
    set -m
    ("$@") >"$log" 2>&1 </dev/null &
    STAGE_GROUP=$!
    set +m
    while kill -0 "$STAGE_GROUP" 2>/dev/null; do
        sleep 0.2
        [ $((SECONDS - started)) -ge "$next" ] || continue
        note "... $next s: $(tail -n 1 "$log" | cut -c1-100)"
        next=$((next + 30))
    done
    wait "$STAGE_GROUP" || result=$?
    STAGE_GROUP=''
    return "$result"
}

stop_stage() { [ -z "$STAGE_GROUP" ] || kill -TERM -- "-$STAGE_GROUP" 2>/dev/null || true; }

# stage_command NAME COMMAND...: one check; when it fails, the end of what it said.
stage_command() {
    local started=$SECONDS
    step "$1"
    if stage_output "$@"; then
        stage_row "$1" 1 0 0 $((SECONDS - started))
    else
        { grep -E 'error:' "$work/$1.log" | head -n 20 || true; tail -n 15 "$work/$1.log"; } |
            awk '!seen[$0]++' | cut -c1-300 | sed 's/^/    /' >&2
        stage_row "$1" 0 1 0 $((SECONDS - started))
        # Nothing can be tested that is not built.
        [ "$1" != build ] || summary
    fi
}

# stage_xunit NAME FILE COMMAND...: tests that leave an xunit file. SwiftPM writes Swift Testing's results into a second
# file beside the one it is told.
stage_xunit() {
    local name=$1 file=$2 second=${2%.xml}-swift-testing.xml started=$SECONDS result=0 passed failed skipped
    shift 2
    step "$name"
    stage_output "$name" "$@" || result=$?
    [ ! -s "$second" ] || file=$second
    read -r passed failed skipped < <(python3 "$ROOT/scripts/lib/count_results.py" "$file")
    if [ "$result" != 0 ] && [ "$failed" = 0 ]; then
        tail -n 15 "$work/$name.log" | cut -c1-300 | sed 's/^/    /' >&2
        failed=1
    fi
    if [ "$passed" = 0 ] && [ "$failed" = 0 ]; then
        note "no test ran"
        failed=1
    fi
    stage_row "$name" "$passed" "$failed" "$skipped" $((SECONDS - started))
}

stage_skipped() {
    step "$1: skipped: $2"
    STAGE_ROWS+=("$(printf '%-12s skipped: %s' "$1" "$2")")
}

last_stage_passed() { [ "$LAST_FAILED" = 0 ]; }

# summary: the table and the closing line; ends the script.
summary() {
    printf '\n%-12s %7s %7s %8s %9s\n' stage passed failed skipped time
    printf '%s\n' "${STAGE_ROWS[@]}"
    printf '\n%d passed, %d failed\n' "$TOTAL_PASSED" "$TOTAL_FAILED"
    [ "$TOTAL_FAILED" = 0 ] || exit 1
    exit 0
}
