# What ./run, ./test, tools/checks and the hooks share. Sourced, with the repository's root in $root.
# shellcheck shell=bash

jobs=$(nproc)

say() { printf '\n==> %s\n' "$*" >&2; }
die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 2
}

# configure PRESET [OPTION...]: its output matters only when it fails.
configure() {
    local preset=$1 log
    shift
    say "configuring build/$preset"
    if log=$(cd "$root" && cmake --preset "$preset" "$@" 2>&1); then return; fi
    printf '%s\n' "$log" >&2
    return 1
}

# build PRESET [NINJA ARGUMENT...]
build() {
    local preset=$1
    shift
    ninja -C "$root/build/$preset" -j "$jobs" "$@"
}

# Whether the sources whose names come in, each with a NUL at its end, are as clang-format writes them.
check_formatted() {
    xargs -0 --no-run-if-empty --max-procs="$jobs" --max-args=20 clang-format-19 --dry-run -Werror
}
