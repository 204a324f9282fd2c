# What the command tests share. Source it from bash; it makes a folder of the test's own and
# starts nothing.

set -u

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd) || exit 1
BUILD=$ROOT/build/release
FOLDER=$(mktemp -d "${TMPDIR:-/tmp}/gateway-test.XXXXXX") || exit 1
# Every process that the test starts inherits this.
export GATEWAY_TEST=$FOLDER
UP_PID=

source "$ROOT/compose/lib/processes.sh"

fail() {
    printf 'FAILED: %s\n' "$*"
    exit 1
}

# Starts the script anew in a network where all ports are free, those that the pages name among
# them. Where that is not allowed it goes on in the machine's. Call it first of all.
enter_own_network() {
    local way
    [[ -z ${OWN_NETWORK:-} ]] || return 0
    for way in '--net' '--user --map-root-user --net'; do
        # shellcheck disable=SC2086
        unshare $way ip link set lo up 2>/dev/null || continue
        rm -rf "$FOLDER"
        # shellcheck disable=SC2086
        OWN_NETWORK=yes exec unshare $way sh -c 'ip link set lo up && exec "$@"' sh "$0" "$@"
    done
    printf 'no network of its own can be made; the ports of the pages must be free here\n'
}

# expect_contains TEXT PART WHAT
expect_contains() {
    [[ $1 == *"$2"* ]] || fail "$3 lacks \"$2\": $1"
}

# expect_status EXPECTED COMMAND...: runs it; OUTPUT is what it printed on both streams.
expect_status() {
    local expected=$1 status
    shift
    OUTPUT=$("$@" 2>&1)
    status=$?
    ((status == expected)) || fail "$* ended with $status, not $expected: $OUTPUT"
}

# A process belongs to the test if it has inherited the variable or works in the test's folder
# (Redis writes its title over its environment).
is_ours() {
    grep -qzFx "GATEWAY_TEST=$FOLDER" "/proc/$1/environ" 2>/dev/null ||
        [[ $(readlink "/proc/$1/cwd") == "$FOLDER"/* ]]
}

# Prints the processes of this test, but for this script and what it runs in the foreground.
list_left_over() {
    local folder pid
    for folder in /proc/[0-9]*; do
        pid=${folder#/proc/}
        [[ $pid != "$$" && $pid != "$BASHPID" ]] || continue
        is_ours "$pid" && is_alive "$pid" &&
            printf '%s %s\n' "$pid" "$(tr '\0' ' ' <"/proc/$pid/cmdline")"
    done
    return 0
}

expect_no_process_left() {
    local tries left
    for ((tries = 0; tries < 50; tries++)); do
        left=$(list_left_over)
        [[ -z $left ]] && return 0
        sleep 0.1
    done
    fail "processes are left over: $left"
}

expect_nothing_left() {
    expect_no_process_left
    [[ -z $(ls -A "$FOLDER/tmp" 2>/dev/null) ]] || fail "files are left over: $(ls "$FOLDER/tmp")"
}

# start_up ARGUMENTS...: starts ./compose/up as a terminal would, but without one. Its output goes
# to $FOLDER/up.log.
start_up() {
    mkdir -p "$FOLDER/tmp"
    cd "$ROOT" || exit 1
    TMPDIR=$FOLDER/tmp setsid env --default-signal=INT,QUIT ./compose/up --no-install "$@" \
        </dev/null >"$FOLDER/up.log" 2>&1 &
    UP_PID=$!
}

has_line() { grep -qF -- "$1" "$FOLDER/up.log"; }

await_up() {
    local tries
    for ((tries = 0; tries < 1200; tries++)); do
        has_line 'Ctrl-C stops everything.' && return 0
        is_alive "$UP_PID" || break
        sleep 0.1
    done
    cat "$FOLDER/up.log"
    fail "compose/up did not come up"
}

# await_up_end STATUS: compose/up must end by itself with this status.
await_up_end() {
    local status
    await_end "$UP_PID" 60 || fail "compose/up does not end"
    wait "$UP_PID"
    status=$?
    UP_PID=
    ((status == $1)) || {
        cat "$FOLDER/up.log"
        fail "compose/up ended with $status, not $1"
    }
}

# What Ctrl-C does: the signal goes to the whole foreground group.
press_ctrl_c() { kill -INT -- "-$UP_PID"; }

clean_up() {
    local pid rest
    if [[ -n $UP_PID ]] && is_alive "$UP_PID"; then
        kill -TERM "$UP_PID"
        await_end "$UP_PID" 60 || kill -KILL "$UP_PID"
    fi
    while read -r pid rest; do
        kill -KILL "$pid" 2>/dev/null
    done < <(list_left_over)
    rm -rf "$FOLDER"
}
trap clean_up EXIT
trap 'exit 1' INT TERM HUP
