# What tests/run counts, times and says at its end. Source it from bash.

PASSED=0
FAILED=0
FAULTS=() # what failed, in words
FAILED_LOGS=() # where it can be read: KIND:TITLE:LOG, for tests/runner/failures
PART=
PART_STARTED=
PART_TIMES=()
STARTED=$SECONDS

headline() { printf '\n==== %s (%d s) ====\n' "$1" $((SECONDS - STARTED)); }

# fault WORDS [COUNT [KIND LOG]]: COUNT tests failed, and LOG says why.
fault() {
    local title=$PART
    FAULTS+=("$1")
    FAILED=$((FAILED + ${2:-1}))
    (($# >= 4)) || return 0
    [[ $3 != log ]] || title=$1
    FAILED_LOGS+=("$3:${title//:/ }:$4")
}

begin_part() {
    PART=$1
    PART_STARTED=$SECONDS
}

end_part() {
    [[ -n $PART ]] || return 0
    PART_TIMES+=("$(printf '%6d s  %s' $((SECONDS - PART_STARTED)) "$PART")")
    PART=
}

show_failures() {
    ((${#FAILED_LOGS[@]} > 0)) || return 0
    printf '\n==== what failed ====\n\n'
    "$ROOT/tests/runner/failures" "${FAILED_LOGS[@]}" ||
        tail -n 60 "${FAILED_LOGS[@]##*:}" # Python may be what could not be installed
}

# The last thing that a log of CI shows: times, the ends of the logs of what failed, its names, and
# the sum.
finish() {
    trap '' INT TERM HUP
    end_part
    ((${#PART_TIMES[@]} == 0)) || printf '\n==== time ====\n'
    printf '%s\n' ${PART_TIMES[@]+"${PART_TIMES[@]}"}
    show_failures
    ((${#FAULTS[@]} == 0)) || printf 'FAILED: %s\n' "${FAULTS[@]}"
    ((PASSED + FAILED > 0)) || FAILED=1
    printf '%d passed, %d failed\n' "$PASSED" "$FAILED"
    exit $((FAILED > 0)) # without a number it would be the status from before this trap
}

log_of() { printf '%s/%s.log' "$LOGS" "${1//[ \/]/-}"; }

# step WORDS COMMAND...: a command that must succeed and counts only when it does not.
step() {
    local words=$1 log
    log=$(log_of "$1")
    shift
    headline "$words"
    "$@" 2>&1 | tee "$log" && return 0
    fault "$words" 1 log "$log"
    return 1
}

# counted WORDS SECONDS KIND COMMAND...: a command that counts as one test.
counted() {
    local words=$1 limit=$2 kind=$3 log
    log=$(log_of "$1")
    shift 3
    headline "$words"
    if timeout -k 30 "$limit" "$@" 2>&1 | tee "$log"; then
        PASSED=$((PASSED + 1))
    else
        fault "$words" 1 "$kind" "$log"
    fi
}
