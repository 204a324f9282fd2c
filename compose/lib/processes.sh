# Functions for scripts that start programs in the background. Source it from bash.
#
# Every program gets a session of its own, so that Ctrl-C reaches only the script, which then
# stops each one by its pid, the last one started first. Should the script itself be killed, the
# kernel ends them.

PROCESS_NAMES=()
declare -A PROCESS_PID PROCESS_LOG
FREE_PORTS_GIVEN=' '
FREE_PORT=

say() { printf '%s\n' "$*"; }

# Says one line on stderr and ends the script.
die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# A zombie, which only waits to be reaped, is not alive.
is_alive() {
    local state
    state=$(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$1/status" 2>/dev/null) &&
        [[ -n $state && $state != Z ]]
}

# start_process NAME LOG COMMAND...
start_process() {
    local name=$1 log=$2
    shift 2
    setpriv --pdeathsig TERM setsid "$@" </dev/null >>"$log" 2>&1 &
    PROCESS_PID[$name]=$!
    PROCESS_LOG[$name]=$log
    PROCESS_NAMES+=("$name")
}

# await_end PID SECONDS: false when it still runs after that time.
await_end() {
    local left=$(($2 * 10))
    while is_alive "$1"; do
        ((left-- > 0)) || return 1
        sleep 0.1
    done
}

# stop_process NAME: asks, waits for up to 20 s, then kills.
stop_process() {
    local name=$1 pid=${PROCESS_PID[$1]:-}
    [[ -n $pid ]] || return 0
    kill -TERM "$pid" 2>/dev/null
    if ! await_end "$pid" 20; then
        printf '%s: %s does not end; killing it\n' "${0##*/}" "$name" >&2
        kill -KILL "$pid" 2>/dev/null
    fi
    wait "$pid" 2>/dev/null
    unset "PROCESS_PID[$name]"
}

stop_processes() {
    local i
    for ((i = ${#PROCESS_NAMES[@]} - 1; i >= 0; i--)); do
        stop_process "${PROCESS_NAMES[i]}"
    done
    PROCESS_NAMES=()
}

# Prints the name of a process that has ended, false when all run.
find_ended_process() {
    local name
    for name in "${PROCESS_NAMES[@]}"; do
        if ! is_alive "${PROCESS_PID[$name]}"; then
            printf '%s\n' "$name"
            return 0
        fi
    done
    return 1
}

show_log_tail() {
    printf -- '---- the end of %s ----\n' "${PROCESS_LOG[$1]}" >&2
    tail -n 25 "${PROCESS_LOG[$1]}" >&2
    printf -- '----\n' >&2
}

# await SECONDS WHAT NAME COMMAND...: repeats the command until it succeeds. Ends the script with
# NAME's log when it does not in time, or when a process ends meanwhile.
await() {
    local seconds=$1 what=$2 name=$3 ended start=$SECONDS
    shift 3
    until "$@" 2>/dev/null; do
        if ended=$(find_ended_process); then
            show_log_tail "$ended"
            die "$ended has ended while $what was awaited"
        fi
        if ((SECONDS - start >= seconds)); then
            show_log_tail "$name"
            die "$what did not come within $seconds s"
        fi
        sleep 0.2
    done
}

is_port_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Sets FREE_PORT to a port that nobody listens on and that was not given out before.
find_free_port() {
    local tries
    for ((tries = 0; tries < 100; tries++)); do
        FREE_PORT=$((20000 + RANDOM % 12000))
        [[ $FREE_PORTS_GIVEN == *" $FREE_PORT "* ]] && continue
        is_port_taken "$FREE_PORT" && continue
        FREE_PORTS_GIVEN+="$FREE_PORT "
        return 0
    done
    die "no free port was found between 20000 and 32000"
}

# http_get PORT PATH: prints the answer's body; false unless its status is 200.
http_get() {
    local status body
    exec 3<>"/dev/tcp/127.0.0.1/$1" || return 1
    printf 'GET %s HTTP/1.1\r\nHost: 127.0.0.1:%s\r\nConnection: close\r\n\r\n' "$2" "$1" >&3
    IFS= read -r -t 5 status <&3
    IFS= read -r -d '' -t 5 body <&3
    exec 3>&-
    [[ $status == 'HTTP/1.1 200'* ]] && printf '%s\n' "${body#*$'\r\n\r\n'}"
}
