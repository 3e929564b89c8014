#!/usr/bin/env bash
# Debian's conformance test for memcached servers against examples/memcached.ts, and the example's typed client against
# Debian's memcached. Needs libmemcached-tools and memcached.
set -euo pipefail
cd "$(dirname "$0")/../.."
PATH=$PWD/node_modules/.bin:$PATH

directory=$(mktemp -d)
pids=()
finish() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait || true
  rm -rf "$directory"
}
trap finish EXIT

# Waits until a command succeeds, ten seconds at most.
await() {
  for _ in {1..100}; do
    if "$@" 2>/dev/null; then return; fi
    sleep 0.1
  done
  echo "gave up waiting for: $*" >&2
  return 1
}

node examples/memcached.ts tcp://127.0.0.1:0 >"$directory/example" &
pids+=($!)
await grep -q "^memcached listening on " "$directory/example"
endpoint=$(sed 's/^memcached listening on //' "$directory/example")

memccapable -h 127.0.0.1 -p "${endpoint##*:}" -a >"$directory/memccapable" 2>&1 || {
  cat "$directory/memccapable" >&2
  exit 1
}
grep -qx "All tests passed" "$directory/memccapable"
passed=$(grep -c '\[pass\]' "$directory/memccapable")
[ "$passed" -eq 27 ] || {
  echo "memccapable ran $passed tests instead of 27" >&2
  exit 1
}
echo "memccapable: $passed of 27 ASCII tests passed"

node .ci/examples/memcached-client.ts "$endpoint"

# memcached does not run as root unless -u names a user.
memcached -u "$(id -un)" -s "$directory/memcached" &
pids+=($!)
await test -S "$directory/memcached"
node .ci/examples/memcached-client.ts "unix:$directory/memcached"

kill -TERM "${pids[0]}"
wait "${pids[0]}"
echo "memcached.ts ended cleanly"
