# shellcheck shell=bash
# Our services on one stack's servers.
#
# Set by whoever reads this, beside what servers.sh wants: BIN (the folder of executables), SOURCE (MARKET_SOURCE),
# SIMULATOR_PORT, PRODUCER_METRICS_PORT, PROCESSOR_METRICS_PORT, API_PORT. SERVICE_FOLDER is where services run, and
# read .env: the project's folder unless told.

# service_environment: what every service of the stack is given, one KEY=value a line.
service_environment() {
    printf '%s\n' \
        "KAFKA_BROKERS=127.0.0.1:$BROKER_PORT" \
        "POSTGRES_URL=$(postgres_url)" \
        "REDIS_URL=redis://127.0.0.1:$REDIS_PORT/0" \
        "MARKET_SOURCE=$SOURCE"
}

# start_service NAME HEALTHURL [KEY=value...]: starts it unless it runs, waits until it answers.
start_service() {
    local name=$1 url=$2 environment=()
    shift 2
    process_running "$PIDS/$name.pid" && return 0
    [ -x "$BIN/$name" ] || fail "$name is not built: $BIN/$name is not there"
    mapfile -t environment < <(service_environment)
    rotate_log "$LOGS/$name.log"
    process_start "$name" "$LOGS/$name.log" \
        env --chdir="${SERVICE_FOLDER:-$ROOT}" "${environment[@]}" "$@" "$BIN/$name"
    process_ready "$PIDS/$name.pid" "${SERVICE_START_SECONDS:-30}" curl -fsS -m 2 "$url" && return 0
    process_running "$PIDS/$name.pid" || fail_with_log "$name ended at once" "$LOGS/$name.log"
    fail_with_log "$name does not answer on $url" "$LOGS/$name.log"
}

# rotate_log FILE: a log that has grown past 50 MB becomes FILE.1.
rotate_log() {
    [ -f "$1" ] && [ "$(stat -c %s "$1")" -gt 52428800 ] && mv -f "$1" "$1.1"
    return 0
}

# start_simulator SYMBOLS RATE SEED [KEY=value...]
start_simulator() {
    start_service exchange-simulator "http://127.0.0.1:$SIMULATOR_PORT/health" "SIMULATOR_PORT=$SIMULATOR_PORT" \
        "SYMBOLS=$1" "SIMULATOR_RATE=$2" "SIMULATOR_SEED=$3" "${@:4}"
}

# start_producer [KEY=value...]
start_producer() {
    start_service market-producer "http://127.0.0.1:$PRODUCER_METRICS_PORT/health" \
        "METRICS_PORT=$PRODUCER_METRICS_PORT" "$@"
}

# at_simulator: the settings that lead producer and API to the stack's simulator.
at_simulator() {
    printf '%s\n' "BINANCE_WS_URL=ws://127.0.0.1:$SIMULATOR_PORT" "BINANCE_REST_URL=http://127.0.0.1:$SIMULATOR_PORT"
}

# start_processor [KEY=value...]: a log that cannot outlive its broker is met again empty at each start.
start_processor() {
    local policy=halt
    [ "$(cat "$STACK/broker" 2>/dev/null)" != tansu ] || policy='continue'
    start_service trade-processor "http://127.0.0.1:$PROCESSOR_METRICS_PORT/health" \
        "METRICS_PORT=$PROCESSOR_METRICS_PORT" "ON_NEW_LOG=$policy" "$@"
}

# start_api [KEY=value...]
start_api() {
    start_service market-api "http://127.0.0.1:$API_PORT/health" "API_PORT=$API_PORT" "ASSETS_DIR=$DEPS/assets" "$@"
}

# stop_services: in the order in which the data flows backwards.
stop_services() {
    local name
    for name in market-api market-producer trade-processor exchange-simulator; do
        process_stop "$PIDS/$name.pid" TERM 15
    done
}

# stack_stop: everything of the stack in STACK.
stack_stop() {
    stack_folders
    stop_services
    stop_servers
}

# stack_delete: its folder, and its data where that lies elsewhere (see postgres_folder).
stack_delete() {
    if [ -L "$STACK/postgres" ]; then rm -rf "$(readlink -f "$STACK/postgres")"; fi
    rm -rf "$STACK"
}

# stack_running FOLDER: whether anything of that stack runs.
stack_running() {
    local file
    for file in "$1"/pid/*.pid; do
        [ -e "$file" ] && process_running "$file" && return 0
    done
    return 1
}
