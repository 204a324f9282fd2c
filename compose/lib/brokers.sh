# Starts a private Redis and a private RabbitMQ: free ports on loopback, data in a folder of the
# caller's, nothing of the machine's own brokers or their settings. Source it behind processes.sh.
#
#     start_brokers FOLDER    sets REDIS_PORT and RABBITMQ_PORT and returns when both answer
#     write_broker_commands FOLDER INTO DATABASE
#                             makes INTO/redis-cli and INTO/rabbitmqctl, which speak to these two

find_broker_programs() {
    local program
    for program in redis-server redis-cli epmd; do
        command -v "$program" >/dev/null || die "$program is missing; compose/install-packages installs it"
    done
    # The one in the PATH insists on being root and on the machine's own folders.
    RABBITMQ_SERVER=/usr/lib/rabbitmq/bin/rabbitmq-server
    [[ -x $RABBITMQ_SERVER ]] ||
        die "$RABBITMQ_SERVER is missing; compose/install-packages installs it"
}

start_redis() {
    find_free_port
    REDIS_PORT=$FREE_PORT
    mkdir -p "$1/redis"
    run_redis "$1"
}

# Starts it at its port, for the first time or again.
run_redis() {
    local folder=$1
    start_process redis "$folder/redis.log" redis-server --bind 127.0.0.1 --port "$REDIS_PORT" \
        --dir "$folder/redis" --save '' --appendonly no --daemonize no
}

write_rabbitmq_settings() {
    local folder=$1
    mkdir -p "$folder"/{home,mnesia,log}
    cat >"$folder/rabbitmq.conf" <<CONF
listeners.tcp.default = 127.0.0.1:$RABBITMQ_PORT
disk_free_limit.absolute = 50MB
log.file.level = warning
log.console = true
log.console.level = warning
CONF
    printf '[].\n' >"$folder/enabled_plugins"
    : >"$folder/rabbitmq-env.conf"
}

# Erlang would start a port mapper by itself, on the machine's common port, and leave it behind.
start_port_mapper() {
    find_free_port
    EPMD_PORT=$FREE_PORT
    start_process epmd "$1/epmd.log" epmd -port "$EPMD_PORT" -address 127.0.0.1
    await 20 "Erlang's port mapper" epmd is_port_taken "$EPMD_PORT"
}

# Sets NODE to what tells the server, and whoever wants to speak to it, which node it is.
find_node() {
    NODE=(HOME="$1/rabbitmq/home" ERL_EPMD_PORT="$EPMD_PORT" ERL_EPMD_ADDRESS=127.0.0.1
        RABBITMQ_NODENAME="gateway$RABBITMQ_PORT@localhost"
        RABBITMQ_CONF_ENV_FILE="$1/rabbitmq/rabbitmq-env.conf")
}

start_rabbitmq() {
    local folder=$1/rabbitmq distribution_port
    find_free_port
    RABBITMQ_PORT=$FREE_PORT
    find_free_port
    distribution_port=$FREE_PORT
    write_rabbitmq_settings "$folder"
    find_node "$1"
    start_process rabbitmq "$1/rabbitmq.log" env \
        "${NODE[@]}" ERL_CRASH_DUMP="$folder/erl_crash.dump" \
        RABBITMQ_NODE_IP_ADDRESS=127.0.0.1 RABBITMQ_NODE_PORT="$RABBITMQ_PORT" \
        RABBITMQ_DIST_PORT="$distribution_port" \
        RABBITMQ_CONFIG_FILE="$folder/rabbitmq.conf" \
        RABBITMQ_ENABLED_PLUGINS_FILE="$folder/enabled_plugins" \
        RABBITMQ_MNESIA_BASE="$folder/mnesia" RABBITMQ_LOG_BASE="$folder/log" \
        RABBITMQ_PID_FILE="$folder/pid" \
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS='+sbwt none +sbwtdcpu none +sbwtdio none -kernel inet_dist_use_interface {127,0,0,1}' \
        RABBITMQ_ALLOW_INPUT=1 \
        "$RABBITMQ_SERVER" -noinput
}

start_brokers() {
    find_broker_programs
    start_redis "$1"
    start_port_mapper "$1"
    start_rabbitmq "$1"
    await 20 "an answer from Redis" redis redis-cli -p "$REDIS_PORT" ping >/dev/null
    await 90 "RabbitMQ's listener" rabbitmq is_port_taken "$RABBITMQ_PORT"
}

# write_command FILE COMMAND...: a command that goes on with the arguments that it is given.
write_command() {
    local file=$1
    shift
    {
        printf '#!/bin/bash\nexec'
        printf ' %q' "$@"
        printf ' "$@"\n'
    } >"$file" && chmod 755 "$file"
}

# Debian's own rabbitmqctl insists on being root, and knows the machine's node alone.
write_broker_commands() {
    find_node "$1"
    mkdir -p "$2" &&
        write_command "$2/redis-cli" redis-cli -p "$REDIS_PORT" -n "$3" &&
        write_command "$2/rabbitmqctl" env "${NODE[@]}" "${RABBITMQ_SERVER%-server}ctl"
}
