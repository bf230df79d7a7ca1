# shellcheck shell=bash
# PostgreSQL, Redis and the broker of one stack: private ones, on loopback, in the stack's folder.
#
# Set by whoever reads this: STACK (the folder), POSTGRES_PORT, REDIS_PORT, BROKER_PORT, CONTROLLER_PORT.
# PIDS and LOGS are folders under STACK.

# stack_folders: makes the stack's folders.
stack_folders() {
    PIDS=$STACK/pid
    LOGS=$STACK/log
    mkdir -p "$PIDS" "$LOGS"
}

# start_server NAME PORT SECONDS READY -- COMMAND...: starts it unless it runs, waits until READY succeeds.
start_server() {
    local name=$1 port=$2 seconds=$3 ready=$4
    shift 5
    process_running "$PIDS/$name.pid" && return 0
    port_open "$port" && fail "$name: port $port of 127.0.0.1 is taken by another program"
    process_start "$name" "$LOGS/$name.log" "$@"
    process_ready "$PIDS/$name.pid" "$seconds" "$ready" ||
        fail_with_log "$name did not start within $seconds s" "$LOGS/$name.log"
}

# fail_with_log TEXT LOGFILE: the reason with the end of the log that says more.
fail_with_log() {
    {
        printf '%s\n' "${0##*/}: $1. The end of $2:"
        tail -n 12 "$2" 2>/dev/null | cut -c1-400 | sed 's/^/    /'
    } >&2
    exit 1
}

# ---- PostgreSQL

# postgres_bin: the folder of the newest PostgreSQL server on this machine.
postgres_bin() {
    if have postgres && have initdb; then
        dirname "$(command -v postgres)"
    else
        find /usr/lib/postgresql -mindepth 3 -maxdepth 3 -name postgres -path '*/bin/*' 2>/dev/null |
            sort -V | tail -n 1 | xargs -r dirname
    fi
}

# PostgreSQL refuses to run as root; there it runs as the user Debian's package made.
SERVER_USER=()
[ "$(id -u)" != 0 ] || SERVER_USER=(setpriv --reuid=postgres --regid=postgres --init-groups)
as_server_user() { ${SERVER_USER[@]+"${SERVER_USER[@]}"} "$@"; }

# postgres_folder: the data's folder, made if need be. Where that user may not enter the project's folder (/root), the
# data lies under /var/lib and the stack's folder holds a link to it.
postgres_folder() {
    local folder=$STACK/postgres real
    if [ ! -e "$folder" ]; then
        rm -f "$folder"
        if [ "$(id -u)" = 0 ] && ! as_server_user test -x "$STACK"; then
            real=/var/lib/market-stream/$(printf '%s' "$STACK" | cksum | cut -d ' ' -f 1)
            mkdir -p "$real"
            ln -s "$real" "$folder"
        else
            mkdir -p "$folder"
        fi
        [ "$(id -u)" != 0 ] || chown postgres:postgres "$folder/"
        chmod 700 "$folder/"
    fi
    readlink -f "$folder"
}

postgres_url() { printf 'postgresql://market:market@127.0.0.1:%s/%s' "$POSTGRES_PORT" "${1:-market}"; }

postgres_ready() { psql "$(postgres_url postgres)" -qAtc 'SELECT 1'; }

start_postgres() {
    local bin data password
    bin=$(postgres_bin)
    [ -n "$bin" ] || fail "PostgreSQL's server is not installed; scripts/setup installs it"
    data=$(postgres_folder)
    if ! as_server_user test -s "$data/PG_VERSION"; then
        password=$(mktemp)
        printf 'market\n' >"$password"
        [ "$(id -u)" != 0 ] || chown postgres "$password"
        (cd "$data" && as_server_user "$bin/initdb" -D "$data" -U market --pwfile="$password" \
            --auth=scram-sha-256 --encoding=UTF8 --locale=C --no-instructions) >>"$LOGS/postgres.log" 2>&1 ||
            fail_with_log "PostgreSQL: initdb failed" "$LOGS/postgres.log"
        rm -f "$password"
    fi
    # No Unix socket: its path may not be longer than 107 bytes, and the folder's may.
    start_server postgres "$POSTGRES_PORT" 60 postgres_ready -- \
        env --chdir="$data" ${SERVER_USER[@]+"${SERVER_USER[@]}"} "$bin/postgres" -D "$data" -p "$POSTGRES_PORT" \
        -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c max_connections=200
    psql "$(postgres_url postgres)" -qAtc "SELECT 1 FROM pg_database WHERE datname = 'market'" | grep -q 1 ||
        psql "$(postgres_url postgres)" -qAtc 'CREATE DATABASE market'
}

# ---- Redis

redis_ready() { [ "$(redis-cli -h 127.0.0.1 -p "$REDIS_PORT" ping 2>/dev/null)" = PONG ]; }

start_redis() {
    have redis-server || fail "redis-server is not installed; scripts/setup installs it"
    mkdir -p "$STACK/redis"
    start_server redis "$REDIS_PORT" 20 redis_ready -- \
        redis-server --port "$REDIS_PORT" --bind 127.0.0.1 --dir "$STACK/redis" --save '300 1' --appendonly no
}

# ---- the broker

# find_kafka_home: for tests and benchmarks, a distribution in ../shared/kafka counts as KAFKA_HOME.
find_kafka_home() {
    [ -n "${KAFKA_HOME-}" ] || [ ! -x "$ROOT/../shared/kafka/bin/kafka-server-start.sh" ] ||
        export KAFKA_HOME="$ROOT/../shared/kafka"
}

# broker_kind: kafka where KAFKA_HOME names a distribution, else tansu where setup found one, else nothing.
broker_kind() {
    if [ -n "${KAFKA_HOME-}" ]; then
        [ -x "$KAFKA_HOME/bin/kafka-server-start.sh" ] ||
            fail "KAFKA_HOME is '$KAFKA_HOME', but it has no bin/kafka-server-start.sh"
        have java || fail "Apache Kafka needs Java 17: apt-get install openjdk-17-jre-headless"
        echo kafka
    elif [ -x "$DEPS/bin/tansu" ]; then
        echo tansu
    fi
}

no_broker() {
    fail "no broker: Tansu could not be had (scripts/setup --refresh tries again) and KAFKA_HOME names no Apache Kafka"
}

# The broker answers a metadata request, not only the connection.
broker_ready() { kcat -b "127.0.0.1:$BROKER_PORT" -L -m 2; }
broker_listens() { port_open "$BROKER_PORT"; }

start_broker() {
    local kind ready=broker_listens
    kind=$(broker_kind) || exit 1
    [ -n "$kind" ] || no_broker
    "start_$kind"
    # An old kcat cannot talk to Tansu: there the open port has to do.
    [ "$kind" = tansu ] || ready=broker_ready
    wait_until 60 "$ready" || fail_with_log "the broker ($kind) does not answer" "$LOGS/broker.log"
    printf '%s\n' "$kind" >"$STACK/broker"
}

start_tansu() {
    start_server broker "$BROKER_PORT" 30 broker_listens -- \
        "$DEPS/bin/tansu" broker --cluster-id market-stream --storage-engine memory://tansu/ \
        --listener-url "tcp://127.0.0.1:$BROKER_PORT" --advertised-listener-url "tcp://127.0.0.1:$BROKER_PORT"
}

start_kafka() {
    local properties=$STACK/kafka.properties
    process_running "$PIDS/broker.pid" && return 0
    mkdir -p "$STACK/kafka"
    cat >"$properties" <<P
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$CONTROLLER_PORT
listeners=PLAINTEXT://127.0.0.1:$BROKER_PORT,CONTROLLER://127.0.0.1:$CONTROLLER_PORT
advertised.listeners=PLAINTEXT://127.0.0.1:$BROKER_PORT
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs=$STACK/kafka
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
# A broker that was killed is let back when its old session has run out.
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
P
    export LOG_DIR=$LOGS KAFKA_HEAP_OPTS=${KAFKA_HEAP_OPTS:--Xms256m -Xmx512m}
    [ -f "$STACK/kafka.id" ] || "$KAFKA_HOME/bin/kafka-storage.sh" random-uuid >"$STACK/kafka.id"
    [ -f "$STACK/kafka/meta.properties" ] ||
        "$KAFKA_HOME/bin/kafka-storage.sh" format -t "$(cat "$STACK/kafka.id")" -c "$properties" \
            >>"$LOGS/broker.log" 2>&1 || fail_with_log "Apache Kafka could not format its folder" "$LOGS/broker.log"
    start_server broker "$BROKER_PORT" 60 broker_listens -- "$KAFKA_HOME/bin/kafka-server-start.sh" "$properties"
}

# stop_servers: the three, the broker first.
stop_servers() {
    process_stop "$PIDS/broker.pid" TERM 20
    process_stop "$PIDS/redis.pid" TERM 10
    process_stop "$PIDS/postgres.pid" INT 20
}
