# shellcheck shell=bash
# Background processes by pid file. A pid alone may be somebody else's by now, so each file holds the pid and the time
# the kernel says that process started; both must match before anything is signalled.

# process_start_time PID: clock ticks since boot at which it started, empty when there is none.
process_start_time() {
    local stat
    stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
    # The name in brackets may hold blanks: count from the last bracket. A zombie has ended.
    set -f
    # shellcheck disable=SC2086 # split into fields
    set -- ${stat##*) }
    set +f
    [ "$1" = Z ] || printf '%s' "${20}"
}

# process_running PIDFILE: whether the process of that file is still the one that was started.
process_running() {
    local pid started
    [ -f "$1" ] || return 1
    read -r pid started <"$1" || return 1
    [ -n "$started" ] && [ "$(process_start_time "$pid")" = "$started" ]
}

# process_id PIDFILE
process_id() { local pid _ && read -r pid _ <"$1" && printf '%s' "$pid"; }

# process_start NAME LOG COMMAND...: starts it in a session of its own, so that neither Ctrl-C nor a closed terminal
# reaches it; its pid file is $PIDS/NAME.pid.
process_start() {
    local name=$1 log=$2 pid started
    shift 2
    setsid "$@" >>"$log" 2>&1 </dev/null 9>&- &
    pid=$!
    disown "$pid" 2>/dev/null || true
    started=$(process_start_time "$pid")
    printf '%s %s\n' "$pid" "${started:-0}" >"$PIDS/$name.pid"
}

# process_stop PIDFILE [SIGNAL] [SECONDS]: asks, waits, kills what has not ended, and then the rest of its session.
process_stop() {
    local file=$1 signal=${2:-TERM} seconds=${3:-15} pid name=${1##*/} deadline
    name=${name%.pid}
    if process_running "$file"; then
        pid=$(process_id "$file")
        kill -s "$signal" "$pid" 2>/dev/null || true
        # One that is stopped (SIGSTOP) hears nothing until it goes on.
        kill -s CONT "$pid" 2>/dev/null || true
        deadline=$((SECONDS + seconds))
        while process_running "$file" && [ "$SECONDS" -lt "$deadline" ]; do sleep 0.05; done
        if process_running "$file"; then
            note "$name had not ended after $seconds s and was killed"
            kill -s KILL "$pid" 2>/dev/null || true
        fi
        pkill -KILL --session "$pid" 2>/dev/null || true
    fi
    rm -f "$file"
}

# port_open PORT: whether somebody listens there on loopback.
port_open() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# wait_until SECONDS COMMAND...: polls until the command succeeds; 1 when it did not in time.
wait_until() {
    local deadline=$(($(now_millis) + $1 * 1000))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$(now_millis)" -lt "$deadline" ] || return 1
        sleep 0.1
    done
}

# process_ready PIDFILE SECONDS COMMAND...: polls until the command succeeds; 1 when the process has ended, or too late.
process_ready() {
    local file=$1 deadline=$(($(now_millis) + $2 * 1000))
    shift 2
    while process_running "$file"; do
        "$@" >/dev/null 2>&1 && return 0
        [ "$(now_millis)" -lt "$deadline" ] || return 1
        sleep 0.1
    done
    return 1
}

# free_ports COUNT: that many ports on loopback that nobody listens on.
free_ports() {
    python3 - "$1" <<'PY'
import socket, sys
sockets = [socket.socket() for _ in range(int(sys.argv[1]))]
for s in sockets:
    s.bind(("127.0.0.1", 0))
print(*(s.getsockname()[1] for s in sockets))
PY
}
