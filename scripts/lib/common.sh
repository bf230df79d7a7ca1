# shellcheck shell=bash disable=SC2034 # DEPS and RUN are read by others
# What every script shares: where things are, how messages look. Read by the scripts, not run.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
DEPS=$ROOT/.deps
RUN=$ROOT/.run

# step TEXT: one line for one step.
step() { printf '%s\n' "• $*"; }

# note TEXT: a line about a step, on standard error.
note() { printf '%s\n' "  $*" >&2; }

# fail TEXT: the reason, then the end.
fail() {
    printf '%s\n' "${0##*/}: $*" >&2
    exit 1
}

# usage_error TEXT: a wrong command line (exit code 64, as the executables have it).
usage_error() {
    printf '%s\n' "${0##*/}: $*" "Try ${0##*/} --help." >&2
    exit 64
}

# needs_value OPTION COUNT: the option has a value behind it.
needs_value() { [ "$2" -ge 2 ] || usage_error "$1 needs a value"; }

# help_text: the comment at the top of the calling script, without its marks.
help_text() { sed -n '2,/^[^#]/{s/^# \{0,1\}//p;}' "$0"; }

# have COMMAND: whether it can be called.
have() { command -v "$1" >/dev/null 2>&1; }

# version_at_least HAVE WANT: dotted numbers compared.
version_at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

# now_millis: the wall clock in milliseconds.
now_millis() { printf '%s' "$(($(date +%s%N) / 1000000))"; }

# setting KEY DEFAULT: what the environment, then .env, then the default says.
setting() {
    local value=${!1-}
    if [ -z "$value" ] && [ -f "$ROOT/.env" ]; then
        value=$(sed -n "s/^[[:space:]]*$1[[:space:]]*=[[:space:]]*//p" "$ROOT/.env" | tail -n 1)
        value=${value%\"}
        value=${value#\"}
    fi
    printf '%s' "${value:-$2}"
}
