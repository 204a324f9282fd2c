# How tests/run runs suites of each kind. Source it behind results.sh.

# Adds up what ctest says in LOG; false when it does not say it.
count_ctest() {
    local words=$1 log=$2 total failed skipped
    read -r failed total < <(sed -nE \
        's/^[0-9]+% tests passed, ([0-9]+) tests failed out of ([0-9]+).*/\1 \2/p' "$log")
    [[ ${total:-0} -gt 0 ]] || return 1
    skipped=$(grep -c '\*\*\*Skipped' "$log")
    PASSED=$((PASSED + total - failed - skipped))
    ((skipped == 0)) || fault "$words: $skipped skipped for want of a program" "$skipped" ctest "$log"
    ((failed == 0)) || fault "$words: $failed of $total" "$failed" ctest "$log"
}

# unit_targets NAME...: the programs of these unit tests, as ninja calls them.
unit_targets() {
    local name folder
    for name in "$@"; do
        folder=$(dirname "$name")/
        find "$ROOT/tests/unit" -path "*/${folder#./}test_${name##*/}.c" -printf 'tests/unit/%P\n'
    done | sed 's/\.c$//'
}

# expression LABEL NAME...: matches the tests of these names, in whatever folder they lie.
expression() {
    local label=$1 names
    shift
    names=$(IFS='|' && printf '%s' "$*")
    printf '^%s/(.*/)?(%s)$' "$label" "$names"
}

# are_tests FOLDER LABEL NAME...: that none of the names is misspelt.
are_tests() {
    local folder=$1 label=$2 name
    for name in "${@:3}"; do
        ctest --test-dir "$folder" -N -R "$(expression "$label" "$name")" | grep -q '^Total Tests: [1-9]' && continue
        fault "$label: there is no test \"$name\""
        return 1
    done
}

# run_ctest WORDS BUILD LABELS [NAME...]: LABELS as in "unit|tree". AT_ONCE tests at once, or one for
# each processor.
run_ctest() {
    local words=$1 folder=$2 label=$3 log status before=$FAILED
    log=$(log_of "$1")
    shift 3
    set -- "${@#test_}" # a program's name does as well
    headline "$words"
    are_tests "$ROOT/build/$folder" "$label" "$@" || return
    ctest --test-dir "$ROOT/build/$folder" --output-on-failure --timeout 900 -j "${AT_ONCE:-$JOBS}" \
        --no-tests=error -L "^($label)\$" ${1:+-R "$(expression "$label" "$@")"} 2>&1 | tee "$log"
    status=$?
    count_ctest "$words" "$log" || {
        fault "$words: ctest did not run to its end" 1 ctest "$log"
        return
    }
    ((status == 0 || FAILED > before)) || fault "$words: ctest ended with status $status" 1 ctest "$log"
}

# expect_labels WORDS LABEL...: that a run of several labels had tests of each.
expect_labels() {
    local words=$1 label log
    log=$(log_of "$1")
    shift
    for label in "$@"; do
        grep -qE "^$label +=.* tests?\)" "$log" || fault "$words: there is no test of $label"
    done
}

# sum_of WORD LOG: adds the figures of node's summary lines, "# pass 3" or "ℹ pass 3".
sum_of() {
    sed -E 's/\x1b\[[0-9;]*m//g' "$2" |
        awk -v word="$1" '$2 == word && $1 ~ /^(#|ℹ)$/ && $3 ~ /^[0-9]+$/ { n += $3 } END { print n + 0 }'
}

# run_node_tests WORDS BUILD SECONDS NAMES...
run_node_tests() {
    local words=$1 folder=$2 limit=$3 log status passed failed
    log=$(log_of "$1")
    shift 3
    headline "$words"
    BUILD_DIR=build/$folder timeout -k 30 "$limit" node "$ROOT/tests/integration/run.mjs" "$@" 2>&1 |
        tee "$log"
    status=$?
    passed=$(sum_of pass "$log")
    failed=$(($(sum_of fail "$log") + $(sum_of cancelled "$log")))
    PASSED=$((PASSED + passed))
    ((failed == 0)) || fault "$words: $failed of $((passed + failed))" "$failed" node "$log"
    ((failed > 0 || (status == 0 && passed > 0))) ||
        fault "$words: ended with status $status after $passed passed tests" 1 node "$log"
}

command_names() {
    local file
    for file in "$ROOT"/tests/commands/*; do
        [[ -x $file && -f $file ]] && printf '%s\n' "${file##*/}"
    done
}

# run_command NAME: its temporary folder must be empty at the end. A test that came to an end without
# its own clean-up has left out the rest as well, whatever its status says.
run_command() {
    local folder status
    folder=$(mktemp -d "${TMPDIR:-/tmp}/command.XXXXXX") || return
    TMPDIR=$folder timeout -k 30 1800 "$ROOT/tests/commands/$1"
    status=$?
    rmdir "$folder" && return "$status"
}

run_commands() {
    local name log seconds names=("$@")
    (($# > 0)) || mapfile -t names < <(command_names)
    headline "commands"
    for name in "${names[@]}"; do
        log=$(log_of "command $name")
        seconds=$SECONDS
        if run_command "$name" >"$log" 2>&1; then
            PASSED=$((PASSED + 1))
            printf 'ok      %s (%d s)\n' "$name" $((SECONDS - seconds))
        else
            cat "$log"
            printf 'not ok  %s\n' "$name"
            fault "command $name" 1 log "$log"
        fi
    done
}

fuzz_names() {
    local file
    for file in "$ROOT"/tests/fuzz/fuzz_*.c; do
        file=${file##*/fuzz_}
        printf '%s\n' "${file%.c}"
    done
}

# fuzz_one NAME: new inputs go to a folder of its own; only a finding stays.
fuzz_one() {
    local name=$1 grown=$FINDINGS/.corpus/$1
    mkdir -p "$grown"
    timeout -k 30 $((FUZZ_SECONDS + 120)) "$ROOT/build/fuzz/tests/fuzz/fuzz_$name" \
        -max_total_time="$FUZZ_SECONDS" -max_len=4096 -timeout=10 -rss_limit_mb=2048 \
        -print_final_stats=1 -artifact_prefix="$FINDINGS/$name-" \
        "$grown" "$ROOT/tests/fuzz/corpus/$name" >"$(log_of "fuzz $name")" 2>&1
}

# check_fuzz NAME STATUS: what is known of a target that has ended.
check_fuzz() {
    local name=$1 status=$2 log runs
    log=$(log_of "fuzz $1")
    runs=$(sed -nE 's/^Done ([0-9]+) runs in .*/\1/p' "$log")
    if ((status == 0 && ${runs:-0} > 0)); then
        PASSED=$((PASSED + 1))
        printf 'ok      fuzz %s (%s)\n' "$name" "$(grep -E '^Done ' "$log")"
        return
    fi
    tail -n 40 "$log"
    printf 'not ok  fuzz %s: see %s\n' "$name" "${FINDINGS#"$ROOT"/}"
    fault "fuzz $name" 1 log "$log"
}

# run_fuzz NAME...
run_fuzz() {
    local names=("$@") name i pids
    headline "fuzz: ${#names[@]} targets, $FUZZ_SECONDS s each"
    rm -rf "$FINDINGS" && mkdir -p "$FINDINGS"
    for ((i = 0; i < ${#names[@]}; i += FUZZ_AT_ONCE)); do
        pids=()
        for name in "${names[@]:i:FUZZ_AT_ONCE}"; do
            fuzz_one "$name" &
            pids+=($!)
        done
        for name in "${names[@]:i:FUZZ_AT_ONCE}"; do
            wait "${pids[0]}"
            check_fuzz "$name" $?
            pids=("${pids[@]:1}")
        done
    done
}
