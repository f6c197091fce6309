#!/bin/sh
# usage: make_locks.sh [--upgrade]
# Write the three lock files from their .in files; pinned versions stay unless --upgrade is given.
set -eu

upgrade=${1:-}
work=build/locks
mkdir -p "$work"

# What is configured for pip on this machine is not read, so that no private index, constraint or wheel folder decides a pin.
unset PIP_CONSTRAINT PIP_EXTRA_INDEX_URL PIP_FIND_LINKS
export PIP_CONFIG_FILE=/dev/null

find_python() {
    requirements/find_python.sh "$1" || {
        echo "make lock needs Python $1: a lock is made on the oldest Python it serves" >&2
        exit 1
    }
}

# usage: compile VENV IN LOCK
compile() {
    echo "making $3 from $2"
    cp "$3" "$work/lock"
    "$work/$1/bin/python" -m piptools compile --quiet $upgrade --strip-extras --allow-unsafe --generate-hashes \
        --annotation-style line --no-header --no-emit-index-url --no-emit-trusted-host --no-emit-find-links \
        --output-file "$work/lock" "$2"
    { echo "# Made by \`make lock\` from $2; do not edit."; cat "$work/lock"; } >"$work/lock.part"
    mv "$work/lock.part" "$3"
}

requirements/make_venv.sh "$work/3.10" requirements/locking.lock "$(find_python 3.10)"
requirements/make_venv.sh "$work/3.11" requirements/locking.lock "$(find_python 3.11)"
compile 3.10 requirements/locking.in requirements/locking.lock
compile 3.10 modules/sandbox.in modules/sandbox.lock
compile 3.11 requirements/tools.in requirements/tools.lock
