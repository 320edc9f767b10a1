#!/bin/sh
# An application: publishes the time of day once a second. clock.sh URL [COUNT]
set -eu

url=${1:?} count=${2:-0}
round=0
while [ "$count" = 0 ] || [ "$round" -lt "$count" ]; do
    curl -fsS -o /dev/null -H 'Content-Type: application/json' \
        -d "{\"time\":\"$(date -u +%H:%M:%S)\"}" "$url/clock/utc" ||
        echo "clock: $url does not take it; trying again" >&2
    round=$((round + 1))
    sleep 1
done
