#!/usr/bin/env bash
# A receiver's output with noise in it, read by examples/nmea.ts from standard input and from a Unix socket.
set -euo pipefail
cd "$(dirname "$0")/../.."
PATH=$PWD/node_modules/.bin:$PATH

directory=$(mktemp -d)
pid=
finish() {
  if [ -n "$pid" ]; then kill "$pid" 2>/dev/null || true; fi
  rm -rf "$directory"
}
trap finish EXIT

fail() {
  echo "$*" >&2
  tail -n +1 "$directory"/out "$directory"/err >&2
  exit 1
}

fix='$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47'
printf '\377\200noise%s\r\n%s\r\n%s%s\r\n%s\r\n' "$fix" "${fix/47/48}" "${fix:0:20}" "$fix" \
  '!AIVDM,1,1,,B,177KQJ5000G?tO`K>RA1wUbN0TKH,0*5C' >"$directory/sentences"

check() {
  [ "$(grep -c '^GGA 12:35:19 at 48.1173000 11.5166667' "$directory/out")" -eq 2 ] || fail "$1: two fixes expected"
  [ "$(grep -c '^!AIVDM ' "$directory/out")" -eq 1 ] || fail "$1: one sentence of AIS expected"
  [ "$(grep -c '^ignored ' "$directory/err")" -eq 3 ] || fail "$1: three problems expected"
  echo "nmea.ts read 3 sentences and ignored 3 from $1"
}

node examples/nmea.ts stdio: <"$directory/sentences" >"$directory/out" 2>"$directory/err"
check "standard input"

node examples/nmea.ts "unix:$directory/socket" >"$directory/out" 2>"$directory/err" &
pid=$!
for _ in {1..100}; do
  if grep -q "^nmea listening on " "$directory/out"; then break; fi
  sleep 0.1
done
node -e '
  const socket = require("node:net").connect(process.argv[1])
  require("node:fs").createReadStream(process.argv[2]).pipe(socket)
  socket.resume().on("close", () => {})
' "$directory/socket" "$directory/sentences"
kill -TERM "$pid"
wait "$pid" || fail "nmea.ts ended with $?"
pid=
check "a Unix socket"
