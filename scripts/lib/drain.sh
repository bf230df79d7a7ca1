# shellcheck shell=bash disable=SC2034,SC2154 # shares the variables of scripts/bench
# The parts of scripts/bench that measure.

# compile_with_our_library SOURCE: a C program of Benchmarks/ into $STACK, run by the same loader and with the same
# librdkafka as our executables, wherever those find it.
compile_with_our_library() {
    local output=$STACK/${1##*/} loader rpath
    loader=$(readelf -l "$BIN/trade-processor" | sed -n 's/.*program interpreter: \(.*\)\]/\1/p')
    rpath=$(readelf -d "$BIN/trade-processor" | sed -n 's/.*R\(UN\)\{0,1\}PATH.*\[\(.*\)\]/\2/p')
    # $ORIGIN means the executables' folder.
    cc -O2 -o "${output%.c}" "$ROOT/Benchmarks/$1" -lrdkafka -Wl,--disable-new-dtags,--allow-shlib-undefined \
        "-Wl,--dynamic-linker=$loader" "-Wl,-rpath,${rpath//\$ORIGIN/$BIN}" || fail "Benchmarks/$1 does not compile"
}

# process_cpu_seconds PID: user and system time of a process and its threads.
process_cpu_seconds() {
    local stat
    stat=$(cat "/proc/$1/stat") || return 1
    # shellcheck disable=SC2086 # split into fields, counted from the name's closing bracket
    set -- ${stat##*) }
    awk -v ticks="$((${12} + ${13}))" -v hertz="$(getconf CLK_TCK)" 'BEGIN { printf "%.4f", ticks / hertz }'
}

# drain_once RUN: one processor on an empty database drains the topic; sets DRAIN_WALL and DRAIN_CPU.
drain_once() {
    local database=bench_$1 pid file=$PIDS/trade-processor.pid
    psql "$(postgres_url postgres)" -qAtc "CREATE DATABASE $database"
    redis-cli -h 127.0.0.1 -p "$REDIS_PORT" flushall >/dev/null
    SERVICE_START_SECONDS=60 start_service trade-processor "http://127.0.0.1:$PROCESSOR_METRICS_PORT/health" \
        "METRICS_PORT=$PROCESSOR_METRICS_PORT" "POSTGRES_URL=$(postgres_url "$database")" "KAFKA_GROUP_ID=$database" \
        LOG_LEVEL=warning &
    # The watcher looks from the start, so that it sees the first claim.
    DRAIN_WALL=$(watch_drain "$database") ||
        fail_with_log "the processor did not drain the topic" "$LOGS/trade-processor.log"
    pid=$(process_id "$file")
    DRAIN_CPU=$(process_cpu_seconds "$pid")
    wait
    process_stop "$file" TERM 15
    check_candles "$database"
    psql "$(postgres_url postgres)" -qAtc "DROP DATABASE $database"
}

# watch_drain DATABASE: seconds from the first claim until everything is committed, as PostgreSQL's clock sees it.
watch_drain() {
    psql "$(postgres_url "$1")" -qAt -v ON_ERROR_STOP=1 2>&1 <<SQL | sed -n 's/.*drained \([0-9.]*\).*/\1/p' | grep .
DO \$\$
DECLARE
    claimed timestamptz;
    deadline timestamptz := clock_timestamp() + interval '15 minutes';
    done bigint := 0;
BEGIN
    LOOP
        IF to_regclass('processor_progress') IS NOT NULL THEN
            EXECUTE 'SELECT coalesce(sum(next_offset), -1) FROM processor_progress WHERE topic = ''trades''' INTO done;
            IF done >= 0 AND claimed IS NULL THEN claimed := clock_timestamp(); END IF;
            EXIT WHEN done >= $trades;
        END IF;
        -- No lock is held between two looks.
        COMMIT;
        IF clock_timestamp() > deadline THEN RAISE EXCEPTION 'not drained: % of $trades', done; END IF;
        PERFORM pg_sleep(0.01);
    END LOOP;
    RAISE NOTICE 'drained %', extract(epoch FROM clock_timestamp() - claimed);
END \$\$;
SQL
}

# check_candles DATABASE: a fast processor that loses trades is no result.
check_candles() {
    local counted
    counted=$(psql "$(postgres_url "$1")" -qAtc 'SELECT coalesce(sum(trade_count), 0) FROM candles_10s')
    # Windows that are still open hold the last trades.
    if [ "$counted" -gt "$trades" ] || [ "$counted" -lt $((trades - 2000 * 30)) ]; then
        fail "the closed candles hold $counted of $trades trades"
    fi
}

print_ratio() {
    python3 - "$trades" "$(printf '%s\n' "${bare[@]}")" "$(printf '%s\n' "${drained[@]}")" <<'PY'
import statistics
import sys

trades = int(sys.argv[1])
medians = []
for name, text in (("librdkafka alone", sys.argv[2]), ("trade-processor", sys.argv[3])):
    rows = [tuple(map(float, line.split())) for line in text.splitlines()]
    wall, cpu = (statistics.median(column) for column in zip(*rows))
    medians.append((wall, cpu))
    print(f"{name:18} {trades / wall / 1e6:7.3f} M trades/s {cpu / trades * 1e6:9.3f} us of processor time a trade")
(bare_wall, bare_cpu), (our_wall, our_cpu) = medians
print(f"{'ratio':18} {bare_wall / our_wall:7.3f} in wall time {bare_cpu / our_cpu:10.3f} in processor time")
PY
}
