# Functions for the benchmarks of this folder: builds the programs, and starts them with brokers of
# their own. Source it from bash behind ROOT, BUILD and EDGES.

FOLDER=
EDGE_PORTS=()

source "$ROOT/compose/lib/processes.sh"
source "$ROOT/compose/lib/brokers.sh"

# build TARGET...
build() {
    local log=$ROOT/build/bench.log
    mkdir -p "$ROOT/build"
    (cmake -S "$ROOT" --preset release && cmake --build "$ROOT/build/release" --target \
        ws-edge ws-relay ws-token "$@") >"$log" 2>&1 || {
        tail -n 40 "$log" >&2
        die "the build failed; all of its output is in $log"
    }
}

stop_all() {
    trap '' INT TERM HUP
    stop_processes
    [[ -z $FOLDER ]] || rm -rf "$FOLDER"
    return 0
}

export_settings() {
    JWT_SECRET=$(od -An -N 32 -t x1 /dev/urandom | tr -d ' \n')
    export JWT_SECRET JWT_ALGORITHMS=HS256 NODE_ENV=production ROOM_AUTHORIZATION=open
    export REDIS_HOST=127.0.0.1 REDIS_PORT REDIS_PASSWORD= REDIS_DB=1
    export RABBITMQ_HOST=127.0.0.1 RABBITMQ_PORT RABBITMQ_USER=guest RABBITMQ_PASSWORD=guest
    export RABBITMQ_VHOST=/ SERVICE_HOST=127.0.0.1 LOG_LEVEL=warn DRAIN_SECONDS=0
    export MAX_OUTBOX_BYTES=4194304 # the events of a flood, so that no client is too slow
    export MAX_SOCKETS_PER_USER=0 MAX_EVENTS_PER_SECOND_PER_USER=0 # all clients may be one user
    WS_TOKEN=$("$BUILD/ws-token" --user bench) || die "ws-token failed"
    export WS_TOKEN
}

# Brokers and settings, in a folder that is gone at the end.
set_stage() {
    ulimit -n "$(ulimit -Hn)"
    trap stop_all EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    FOLDER=$(mktemp -d "${TMPDIR:-/tmp}/gateway-bench.XXXXXX") || die "no temporary folder can be made"
    cd "$FOLDER" || exit 1 # where no .env is
    start_brokers "$FOLDER"
    export_settings
}

# start_gateway_program NAME PROGRAM [PORT]: sets OPS_PORT_OF[NAME] to its operations port.
declare -A OPS_PORT_OF
start_gateway_program() {
    mkdir -p "$FOLDER/logs/$1"
    find_free_port
    OPS_PORT_OF[$1]=$FREE_PORT
    PORT=${3:-0} OPS_PORT=$FREE_PORT LOG_DIR=$FOLDER/logs/$1 \
        start_process "$1" "$FOLDER/$1.log" "$BUILD/$2"
    await 30 "a ready $1" "$1" http_get "${OPS_PORT_OF[$1]}" /ready >/dev/null
}

# Sets EDGE_ARGUMENTS, which name them to the load generators.
start_edges() {
    local i
    EDGE_ARGUMENTS=()
    for ((i = 1; i <= EDGES; i++)); do
        find_free_port
        EDGE_PORTS[i]=$FREE_PORT
        start_gateway_program "edge-$i" ws-edge "$FREE_PORT"
        EDGE_ARGUMENTS+=(--edge "${EDGE_PORTS[i]}:${PROCESS_PID[edge-$i]}")
    done
}

# stop_program NAME: stops it and forgets it.
stop_program() {
    local name others=()
    stop_process "$1"
    for name in "${PROCESS_NAMES[@]}"; do
        [[ $name == "$1" ]] || others+=("$name")
    done
    PROCESS_NAMES=("${others[@]}")
}

# The brokers and the relay go on.
stop_edges() {
    local i
    for ((i = 1; i <= EDGES; i++)); do
        stop_program "edge-$i"
    done
}
