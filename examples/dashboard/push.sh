#!/bin/sh
# Pushes what /proc tells of this machine to topics metrics/HOST/NAME, all of
# them by one curl. Until ctrl-C, or COUNT times.
#
#   push.sh [URL [SECONDS [COUNT]]]
#
# While nginx is away it says so, once, and goes on trying.
set -eu

url=${1:-http://127.0.0.1:8080/api} seconds=${2:-1} count=${3:-0}
host=$(uname -n)

for program in curl awk; do
    command -v $program > /dev/null || { echo "push: $program is missing" >&2; exit 1; }
done

# Jiffies since the start: at work, and all.
cpu() {
    awk '/^cpu / { for (n = 2; n <= 9; n++) all += $n
                   print all - $5 - $6, all }' /proc/stat
}

# Bytes since the start: received, but those of lo.
network() {
    awk -F'[: ]+' '$2 != "lo" && NR > 2 { sum += $3 } END { print sum + 0 }' /proc/net/dev
}

memory() {
    awk '/^MemTotal/ { total = $2 } /^MemAvailable/ { free = $2 }
         END { printf "%.1f", 100 * (total - free) / total }' /proc/meminfo
}

# value NAME NUMBER UNIT [MAX]: one more message for curl.
value() {
    set -- "$@" null
    printf '%s\n' "url = \"$url/metrics/$host/$1\"" \
        'header = "Content-Type: application/json"' \
        "data = \"{\\\"value\\\":$2,\\\"unit\\\":\\\"$3\\\",\\\"max\\\":$4}\"" \
        'output = "/dev/null"' 'fail' 'silent' 'next'
}

# percent WORK ALL WORK ALL: of all that was between, how much was work.
percent() {
    echo "$@" | awk '{ all = $4 - $2; printf "%.1f", (all > 0 ? 100 * ($3 - $1) / all : 0) }'
}

# rate BEFORE NOW: kB a second.
rate() {
    echo "$@" "$seconds" | awk '{ printf "%.1f", ($2 - $1) / 1000 / $3 }'
}

told=
before=$(cpu) received=$(network)
round=0
while [ "$count" = 0 ] || [ "$round" -lt "$count" ]; do
    sleep "$seconds"
    now=$(cpu) arrived=$(network)
    {
        # shellcheck disable=SC2086
        value cpu "$(percent $before $now)" % 100
        value memory "$(memory)" % 100
        value load "$(cut -d' ' -f1 /proc/loadavg)" ''
        value network "$(rate "$received" "$arrived")" kB/s
    } | sed '$d' | curl --config - 2> /dev/null && told= || {
        [ -n "$told" ] || echo "push: $url does not take it; trying again" >&2
        told=1
    }
    before=$now received=$arrived
    round=$((round + 1))
done
