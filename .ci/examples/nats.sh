#!/usr/bin/env bash
# The example nats.ts with the NATS client from npm, and its typed client with the real server.
#
#     .ci/examples/nats.sh        needs Debian's nats-server
set -euo pipefail

cd "$(dirname "$0")/../.."
PATH=$PWD/node_modules/.bin:$PATH
work=$(mktemp -d)
example= real=
finish() {
  [ -z "$example" ] || kill -KILL "$example" 2>/dev/null || true
  [ -z "$real" ] || kill -KILL "$real" 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT

node examples/nats.ts tcp://127.0.0.1:0 >"$work/example" &
example=$!
nats-server --addr 127.0.0.1 --port -1 --ports_file_dir "$work" 2>"$work/real" &
real=$!
for _ in $(seq 100); do
  if grep -q "nats listening" "$work/example" && grep -q "Server is ready" "$work/real"; then break; fi
  sleep 0.1
done
port=$(sed -n 's/^nats listening on tcp:.*://p' "$work/example")
real_port=$(sed -n 's/.*Listening for client connections on .*://p' "$work/real")

echo "-- the client from npm with the example"
node .ci/examples/nats-npm.ts "127.0.0.1:$port"
echo "-- the client from npm with nats-server, to see that it expects the same"
node .ci/examples/nats-npm.ts "127.0.0.1:$real_port"
echo "-- the typed client with the example"
node .ci/examples/nats-client.ts "tcp://127.0.0.1:$port"
echo "-- the typed client with nats-server"
node .ci/examples/nats-client.ts "tcp://127.0.0.1:$real_port"

kill -TERM "$example" "$real"
wait "$example"
wait "$real" || true # it ends with status 1
example= real=
