"""Sends a mail of 4 MB with smtplib, in the clear and over STARTTLS, and compares the files that the server stores:
smtp.py PORT DIRECTORY CERTIFICATE"""

import glob
import smtplib
import ssl
import sys

port, directory, certificate = int(sys.argv[1]), sys.argv[2], sys.argv[3]

# Dots at the beginning of lines, bytes of every value but CR and LF, and lines of many lengths.
eight_bit = bytes(byte for byte in range(256) if byte not in b"\r\n")
lines = [b".", b"..", b".a", b"", eight_bit, b"." + eight_bit, b"From me", b"QUIT", b"RCPT TO:<root@example.com>"]
body = b""
while len(body) < 4_000_000:
    body += b"\r\n".join(lines) + b"\r\n" + b"." * (len(body) % 900) + b"\r\n"
mail = b"Subject: 4 MB\r\n\r\n" + body

context = ssl.create_default_context(cafile=certificate)
for encrypts in [False, True]:
    before = set(glob.glob(f"{directory}/*.eml"))
    # The name is the one that the certificate is for.
    with smtplib.SMTP("localhost", port, timeout=60) as client:
        if encrypts:
            client.starttls(context=context)
        client.sendmail("ann@example.org", ["bob@example.com"], mail, mail_options=["BODY=8BITMIME"])
    (file,) = set(glob.glob(f"{directory}/*.eml")) - before
    with open(file, "rb") as stored:
        head, _, content = stored.read().partition(b" +0000\r\n")
    assert head.startswith(b"Return-Path: <ann@example.org>\r\nX-Original-To: bob@example.com\r\n"), head
    assert (b" with ESMTPS; " if encrypts else b" with ESMTP; ") in head, head
    assert content == mail, f"{len(content)} bytes stored, {len(mail)} sent"
    print(f"{len(content)} bytes {'over TLS' if encrypts else 'in the clear'}")
