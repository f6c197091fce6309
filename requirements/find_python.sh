#!/bin/sh
# usage: find_python.sh 3.10 | 3.11+
# Print the path of a CPython of that version (with +: that or later) that can make virtual environments.
# Each candidate is run, not believed: a name on PATH may be a pyenv shim for a version that is not selected.
set -eu

wanted=${1%+}
case $1 in
    *+) relation='>=' names='python3.11 python3.12 python3.13 python3 python' ;;
    *) relation='==' names="python$wanted python3 python" ;;
esac

probe="
import ensurepip, sys, venv
wanted = tuple(map(int, '$wanted'.split('.')))
if sys.implementation.name != 'cpython' or not sys.version_info[:2] $relation wanted:
    raise SystemExit(1)
print(sys.executable)
"

# With an empty HOME, pyenv itself looks in the wrong place; the shims on PATH tell where it is.
pyenv_roots() {
    printf '%s\n' "${PYENV_ROOT:-}" "${HOME:-}/.pyenv"
    printf '%s\n' "$PATH" | tr ':' '\n' | sed -n 's,/shims/*$,,p'
}

candidates() {
    printf '%s\n' $names
    pyenv_roots | while IFS= read -r root; do
        printf '%s\n' "$root"/versions/*/bin/python
    done
}

candidates | {
    while IFS= read -r candidate; do
        "$candidate" -c "$probe" </dev/null 2>/dev/null && exit 0
    done
    exit 1
}
