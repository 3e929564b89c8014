#!/usr/bin/env bash
# Real clients and examples/smtp.ts: swaks and Python's smtplib, in the clear and over STARTTLS. Debian packages: swaks,
# libnet-ssleay-perl, openssl, python3.
set -euo pipefail

cd "$(git -C "$(dirname "$0")" rev-parse --show-toplevel)"
export PATH="$PWD/node_modules/.bin:$PATH"
work=$(mktemp -d)
server=
finish() {
  [ -z "$server" ] || kill -KILL "$server" 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT
step() { printf -- '-- %s\n' "$*"; }

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -noenc -days 2 -subj /CN=localhost \
  -addext subjectAltName=DNS:localhost -keyout "$work/key.pem" -out "$work/cert.pem" 2>"$work/openssl"
chmod 600 "$work/key.pem"
mkdir "$work/mail"

# Starts the server and sets `port`; arguments are the example's after its endpoint.
start() {
  : >"$work/out"
  TLS_CERT=$work/cert.pem TLS_KEY=$work/key.pem \
    node examples/smtp.ts tcp://127.0.0.1:0 "$@" >"$work/out" 2>"$work/err" &
  server=$!
  for _ in $(seq 200); do
    port=$(sed -n 's/^smtp listening on tcp:.*:\([0-9]*\)$/\1/p' "$work/out")
    [ -z "$port" ] || return 0
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
  done
  cat "$work/out" "$work/err"
  exit 1
}

# Ends the server, which drains and exits with status 0.
stop() {
  kill -TERM "$server"
  wait "$server"
  server=
  if [ -s "$work/err" ]; then
    cat "$work/err"
    exit 1
  fi
}

# A mail with swaks; the arguments are additional ones of swaks.
mail() {
  if ! swaks --server 127.0.0.1 --port "$port" --from ann@example.org --to bob@example.com,eve@example.com "$@" \
    >"$work/swaks" 2>&1; then
    cat "$work/swaks"
    exit 1
  fi
}

# The mails that are stored.
expect_mails() {
  local count
  count=$(find "$work/mail" -name '*.eml' | wc -l)
  [ "$count" = "$1" ] || { echo "$count mails are stored, not $1"; exit 1; }
}

start "$work/mail"

step "swaks: in the clear, with --pipeline, and with --tls"
mail
mail --pipeline
mail --tls
mail --tls --tls-verify --tls-ca-path "$work/cert.pem" --tls-sni localhost --pipeline --helo client.example.org
grep -e '=== TLS started' -e '-> QUIT' -e '~> QUIT' "$work/swaks"
expect_mails 4
[ "$(grep -l '^Return-Path: <ann@example.org>' "$work"/mail/*.eml | wc -l)" = 4 ]
[ "$(grep -l 'with ESMTPS;' "$work"/mail/*.eml | wc -l)" = 2 ]
[ "$(grep -h '^X-Original-To: ' "$work"/mail/*.eml | sort | uniq -c | tr -s ' \r' ' ' | tr -d '\n')" = \
  ' 4 X-Original-To: bob@example.com  4 X-Original-To: eve@example.com ' ]

step "swaks: lines that begin with dots"
mail --body $'.\n..\n.a' --pipeline
expect_mails 5
tr -d '\r' <"$(find "$work/mail" -name '*.eml' | sort | tail -n1)" | tail -n5 | diff - <(printf '.\n..\n.a\n\n\n')

step "smtplib: a mail of 4 MB, byte for byte"
rm "$work"/mail/*.eml
python3 .ci/examples/smtp.py "$port" "$work/mail" "$work/cert.pem"
expect_mails 2

step "smtplib: what the server refuses"
python3 - "$port" <<'END'
import smtplib, sys

with smtplib.SMTP("127.0.0.1", int(sys.argv[1]), timeout=60) as client:
    client.ehlo("client.example.org")
    assert client.has_extn("pipelining") and client.has_extn("8bitmime")
    assert client.esmtp_features["size"] == "10485760", client.esmtp_features
    assert client.docmd("FROB")[0] == 500
    assert client.docmd("MAIL", "FROM:a@b")[0] == 501
    assert client.docmd("DATA")[0] == 503
    try:
        client.sendmail("ann@example.org", ["bob@example.com"], b"x" * 10485761)
        raise AssertionError("the mail is too large")
    except smtplib.SMTPSenderRefused as error:
        assert error.smtp_code == 552, error
    # Without SIZE, it is refused at its end, and the session goes on.
    del client.esmtp_features["size"]
    try:
        client.sendmail("ann@example.org", ["bob@example.com"], b"NOOP\r\n" * 2000000)
        raise AssertionError("the mail is too large")
    except smtplib.SMTPDataError as error:
        assert error.smtp_code == 552, error
    assert client.noop()[0] == 250
END
expect_mails 2
stop

step "standard output, as mbox"
start
mail --body $'From here\n>From there\nlast'
mail --tls
stop
python3 - "$work/out" "$work/mbox" <<'END'
import mailbox, sys

with open(sys.argv[1], "rb") as out, open(sys.argv[2], "wb") as mbox:
    out.readline()
    mbox.write(out.read())
first, second = mailbox.mbox(sys.argv[2])
assert first.get_payload().startswith(">From here\n>>From there\nlast\n"), first.get_payload()
assert first["X-Original-To"] == "bob@example.com" and second["Received"].count("ESMTPS") == 1
END
