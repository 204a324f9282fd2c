# A Docker engine of the caller's own, in namespaces of its own: networks, published ports, firewall
# rules and processes are seen by nobody else and are gone with it. Source it behind
# compose/lib/processes.sh.
#
#     start_engine FOLDER DATA   sets DOCKER_HOST and ENGINE_PID; images and volumes lie in DATA
#     inside COMMAND...          runs a command where the engine's ports and networks are
#     stop_engine
#
# The way out, for apt-get and npm while an image is built, is a NAT that runs as a process.

ENGINE_PID=

# The engine begins as process 1 of its namespace, so all containers end when it does.
start_engine() {
    local folder=$1 data=$2
    mkdir -p "$data"
    start_process engine "$folder/engine.log" \
        unshare --net --pid --mount --fork --kill-child --mount-proc \
        sh -c 'ip link set lo up && exec "$@"' engine \
        dockerd --host "unix://$folder/engine.sock" --pidfile "$folder/engine.pid" \
        --data-root "$data" --exec-root "$folder/exec" \
        --bip 172.29.0.1/24 --default-address-pool base=172.29.128.0/17,size=24
    await 10 "the engine's namespace" engine find_engine
    start_process way-out "$folder/way-out.log" \
        slirp4netns --configure --mtu=1400 --disable-host-loopback "$ENGINE_PID" outside
    export DOCKER_HOST=unix://$folder/engine.sock
    await 60 "an answer from the engine" engine docker version >/dev/null
}

# Of unshare the child; it is in the new namespace once it has replaced the shell.
find_engine() {
    ENGINE_PID=$(cat "/proc/${PROCESS_PID[engine]}/task/${PROCESS_PID[engine]}/children") || return 1
    ENGINE_PID=${ENGINE_PID%% *}
    [[ -n $ENGINE_PID && $(cat "/proc/$ENGINE_PID/comm") == dockerd ]]
}

inside() {
    nsenter --target "$ENGINE_PID" --net -- "$@"
}

# dockerd takes its containers down first. unshare does not pass signals on.
stop_engine() {
    [[ -n $ENGINE_PID ]] || return 0
    kill -TERM "$ENGINE_PID" 2>/dev/null
    await_end "${PROCESS_PID[engine]:-0}" 60
    ENGINE_PID=
}
