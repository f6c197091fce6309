#!/bin/sh
# usage: make_venv.sh DIR LOCK PYTHON
# Make DIR anew with exactly the packages of LOCK, and let it find modules/. DIR/installed, written last, is the lock it holds.
set -eu

dir=$1 lock=$2 python=$3

if cmp -s "$lock" "$dir/installed"; then
    touch "$dir/installed"
    exit 0
fi

echo "making $dir from $lock with $("$python" -V)"
rm -rf "$dir"
"$python" -m venv "$dir"
# The lock says all there is to say: a constraint configured for pip on this machine could only contradict it, and a pip that
# resolves looks at newer releases too, and stops where one of them is named with an extra (pip before 23.3). `pip check` tells
# whether the lock was complete.
PIP_CONSTRAINT=/dev/null "$dir/bin/python" -m pip install --quiet --disable-pip-version-check --no-input \
    --no-compile --only-binary :all: --no-deps --require-hashes --requirement "$lock"
"$dir/bin/python" -m compileall -q -j 0 "$dir"/lib
"$dir/bin/python" -m pip check --quiet --disable-pip-version-check

# Relative, so that the clone can be moved.
packages=$("$dir/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
echo ../../../../modules >"$packages/azure-backup-runbooks.pth"

cp "$lock" "$dir/installed.part"
mv "$dir/installed.part" "$dir/installed"
