#!/usr/bin/env bash
# The example redis.ts with the clients of Redis, and its typed client with the real server.
#
#     .ci/examples/redis.sh        needs Debian's redis-server, redis-tools and netcat-openbsd
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

node examples/redis.ts tcp://127.0.0.1:0 >"$work/example" &
example=$!
redis-server --port 0 --unixsocket "$work/real.socket" --save '' --dir "$work" >"$work/real" &
real=$!
for _ in $(seq 100); do
  if grep -q "redis listening" "$work/example" && [ -S "$work/real.socket" ]; then break; fi
  sleep 0.1
done
port=$(sed -n 's/^redis listening on tcp:.*://p' "$work/example")

echo "-- redis-cli: what it prints is the same with the example and with redis-server"
cat >"$work/conversation" <<'END'
ping
ping hello
echo "a\x00b\xffc\r\n"
get nothing
set k v
get k
set k v2 NX
set k2 "bin\x00\xff\n" NX EX 100
get k2
set k x EX 0
set k x EX abc
set k x EX
set k x ZZ
incr n
incr n
set n 9223372036854775807
incr n
set n 9223372036854775808
incr n
set n abc
incr n
set n 007
incr n
lpush l a b c
lrange l 0 -1
lrange l 1 1
lrange l -2 -1
lrange l -100 100
lrange l 5 10
lrange l 2 1
lrange l a b
lrange nothing 0 -1
get l
incr l
lpush k a
lrange k 0 1
del l k nothing
del
get
get a b
set a
lpush l
PING a b
foo
foo bar "b a z" qux
publish channel hello
publish
unsubscribe
unsubscribe a b
quit
END
redis-cli -p "$port" <"$work/conversation" >"$work/cli.example"
redis-cli -s "$work/real.socket" <"$work/conversation" >"$work/cli.real"
diff --text "$work/cli.real" "$work/cli.example"
echo "the same: $(wc -l <"$work/conversation") commands"

echo "-- nc: inline commands, subscriptions and protocol errors are the same, byte for byte"
speak() {
  printf 'PING\r\nset a "x\\x41 y"\r\n get  a \r\n\r\nfoo \r\nping "a\r\nping\r\n' | nc -q1 "$@"
  printf '*1\r\n$4\r\nPING\r\n*x\r\n*1\r\n$4\r\nPING\r\n' | nc -q1 "$@"
  printf '*1\r\n$-5\r\n' | nc -q1 "$@"
  printf '*1\r\n+PING\r\n' | nc -q1 "$@"
  printf 'SUBSCRIBE a b a\r\nping\r\nping x\r\nget a\r\nfoo\r\nunsubscribe a\r\nunsubscribe\r\nget a\r\nquit\r\n' | nc -q1 "$@"
}
speak 127.0.0.1 "$port" >"$work/nc.example"
speak -U "$work/real.socket" >"$work/nc.real"
cmp "$work/nc.real" "$work/nc.example"
echo "the same: $(wc -c <"$work/nc.real") bytes"

echo "-- redis-benchmark -P 16"
redis-benchmark -p "$port" -q -P 16 -n 20000 -t ping,set,get,incr,lpush,lrange_100 >"$work/benchmark" 2>&1
tr '\r' '\n' <"$work/benchmark" | grep "requests per second"
[ "$(tr '\r' '\n' <"$work/benchmark" | grep -c "requests per second")" = 8 ]
if grep -i "error" "$work/benchmark"; then exit 1; fi

echo "-- the typed client with the example"
node .ci/examples/redis-client.ts "tcp://127.0.0.1:$port"
echo "-- the typed client with redis-server"
node .ci/examples/redis-client.ts "unix:$work/real.socket"

kill -TERM "$example" "$real"
wait "$example" "$real"
example= real=
