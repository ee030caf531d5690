# Sourced by scripts/test after environment.sh: makes the JavaScript clients' packages what package-lock.json says.
# shellcheck shell=sh disable=SC2154  # root and venv are environment.sh's

clients=$root/tests/clients/javascript

# Make the packages current; a moment's work when they are so already. Nothing stops where that cannot be:
# the tests of these clients skip themselves then, and in CI, where nothing is left out, they fail.
prepare_javascript() {
    if ! command -v node >/dev/null 2>&1 || ! command -v npm >/dev/null 2>&1; then
        say "The tests of the JavaScript SDK are left out: they need Node 18 or newer, and npm (Debian: apt install nodejs npm)."
    elif ! are_clients_current && ! install_clients; then
        say "The tests of the JavaScript SDK are left out: npm could not get its packages, for the reason above; the next run tries again."
    fi
}

client_ingredients() {
    cat "$clients/package.json" "$clients/package-lock.json"
}

# `npm ci` begins by removing node_modules, and with it this note; it stands there again when all are in place.
are_clients_current() {
    [ -f "$clients/node_modules/.made-for" ] && [ "$(client_ingredients)" = "$(cat "$clients/node_modules/.made-for")" ]
}

install_clients() {
    take_lock "$venv/bin/python"
    is_done=0
    are_clients_current || { npm_ci && client_ingredients >"$clients/node_modules/.made-for"; } || is_done=1
    release_lock
    return "$is_done"
}

# Which registry npm asks is the business of the machine's own npm configuration. The SDK names a newer Node than
# Debian has, and works with 18: seen with openai 7.57.0, whose every check passes there.
npm_ci() {
    say "Installing the packages of tests/clients/javascript (once)."
    (cd "$clients" && npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error \
        --engine-strict=false --fetch-retry-mintimeout=1000 --fetch-retry-maxtimeout=5000 </dev/null >/dev/null)
}
