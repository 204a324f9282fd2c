# Copies of the clone for tests that build it elsewhere. Source it behind compose/lib/processes.sh.

# copy_sources FOLDER: what git knows or would add, as it lies in the clone, with its times.
copy_sources() {
    (cd "$ROOT" && git ls-files -z --cached --others --exclude-standard |
        xargs -0 sh -c 'for f; do [ ! -e "$f" ] || printf "%s\0" "$f"; done' sh |
        tar --create --null --files-from - --file - | tar --extract --directory "$1") ||
        die "the sources cannot be copied"
}

# expect_npm_packages FOLDER...: that the npm packages of these folders are installed.
expect_npm_packages() {
    local folder
    for folder in "$@"; do
        [[ $ROOT/$folder/node_modules/.package-lock.json -nt $ROOT/$folder/package-lock.json ]] ||
            die "run npm ci in $folder first"
    done
}
