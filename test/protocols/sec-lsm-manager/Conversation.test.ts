/**
 * The specification's synopses and the table of the notes on it, byte for byte, over a real socket to a real server.
 */
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { join } from "node:path"
import { assert, describe, it, layer } from "@effect/vitest"
import { Effect } from "effect"
import { temporaryDirectory } from "../../support/Directory.ts"
import { answers, ask, connect, lastWords, serve, Served } from "../../support/Served.ts"
import { nobody, obstacle } from "../../support/Unprivileged.ts"

/** A line that is sent, and the lines that come back. */
type Exchange = readonly [sent: string, ...received: ReadonlyArray<string>]

const text = (lines: ReadonlyArray<string>): string => lines.map((line) => `${line}\n`).join("")

/** Has a conversation on a new connection, all of it sent at once, and compares every byte of the answers. */
const converse = (...exchanges: ReadonlyArray<Exchange>) =>
  Effect.map(answers(text(exchanges.map(([sent]) => sent))), (received) =>
    assert.strictEqual(received, text(exchanges.flatMap(([, ...received]) => received)))
  )

/** The same, and the server closes the connection after the last answer; the client does not. */
const converseUntilClosed = (...exchanges: ReadonlyArray<Exchange>) =>
  Effect.map(
    // What comes after the end is not answered any more.
    lastWords(text([...exchanges.map(([sent]) => sent), "display"])),
    (received) => assert.strictEqual(received, text(exchanges.flatMap(([, ...received]) => received)))
  )

/** Expects of each of these lines, alone on a connection, `error protocol` and the end of it. */
const expectProtocolErrors = (lines: ReadonlyArray<string | Uint8Array>) =>
  Effect.forEach(
    lines,
    (line) =>
      Effect.map(lastWords(Buffer.concat([Buffer.from(line), Buffer.from("\ndisplay\n")])), (received) =>
        assert.strictEqual(received, "error protocol\n", JSON.stringify(Buffer.from(line).toString("latin1")))
      ),
    { discard: true }
  )

/** A new directory of this test's own in the server's, and what is to be in it. */
const place = (...names: ReadonlyArray<string>) =>
  Served.useSync(({ directory }) => {
    const root = mkdtempSync(join(directory, "d"))
    for (const name of names) {
      if (name.endsWith("/")) mkdirSync(join(root, name))
      else writeFileSync(join(root, name), name)
    }
    return root
  })

/** As a field of a line. */
const escaped = (text: string): string => text.replaceAll(/[ \n\\]/g, "\\$&")

layer(Served.layer, { excludeTestServices: true })("sec-lsm-manager", (it) => {
  describe("as a whole", () => {
    it.effect("has the conversation that the issue asks for, and closes after `error protocol`", () =>
      Effect.gen(function* () {
        const peer = yield* connect
        const exchanges: ReadonlyArray<Exchange> = [
          ["sec-lsm-manager 1", "done 1"],
          ["id demo-app", "done"],
          ["path /tmp data", "done"],
          ["path /tmp lib", "error already-set"],
          ["id other", "error not-recoverable"],
          ["display", "string error on", "string id demo-app", "string path /tmp data", "done"],
          ["clear", "done"]
        ]
        for (const [sent, ...received] of exchanges) {
          assert.deepStrictEqual(yield* ask(peer, sent, received.length), received)
        }
        yield* peer.send("frobnicate\n")
        assert.strictEqual(yield* peer.rest, "error protocol\n")
      })
    )

    it.effect("answers what a client sent before it half-closed, save a last line without LF", () =>
      Effect.gen(function* () {
        assert.strictEqual(yield* answers("id demo\ndisplay\nclear"), "done\nstring id demo\ndone\n")
        assert.strictEqual(yield* answers(""), "")
      })
    )

    it.effect("ignores empty lines, also before hello", () =>
      Effect.gen(function* () {
        assert.strictEqual(yield* answers("\n\n\nsec-lsm-manager 1\n\n\nid demo\n\n"), "done 1\ndone\n")
        assert.strictEqual(yield* answers("\n\n\n"), "")
      })
    )

    it.effect("forgets the session of a client that has left", () =>
      Effect.andThen(
        converse(["id demo", "done"], ["permission urn:p", "done"]),
        converse(["display", "done"])
      )
    )
  })

  describe("hello", () => {
    it.effect("answers the version it speaks, out of one or of several", () =>
      Effect.gen(function* () {
        yield* converse(["sec-lsm-manager 1", "done 1"], ["display", "done"])
        yield* converse(["sec-lsm-manager 3 2 1", "done 1"])
        yield* converse(["sec-lsm-manager 1 2 3", "done 1"])
      })
    )

    it.effect("refuses versions it does not speak with `error invalid`, and closes", () =>
      Effect.forEach(
        ["2", "3 2", "0", "01", "1.0", "one", ""],
        (versions) => converseUntilClosed([`sec-lsm-manager ${versions}`, "error invalid"]),
        { discard: true }
      )
    )

    it.effect("is an error of the protocol unless it is the first message, also after `clear`", () =>
      Effect.gen(function* () {
        yield* converseUntilClosed(["sec-lsm-manager 1", "done 1"], ["sec-lsm-manager 1", "error protocol"])
        for (const first of [
          ["display", "done"],
          ["id demo", "done"],
          ["id !", "error invalid"]
        ] as const) {
          yield* converseUntilClosed(first, ["sec-lsm-manager 1", "error protocol"])
        }
        yield* converseUntilClosed(["clear", "done"], ["sec-lsm-manager 1", "error protocol"])
        yield* converseUntilClosed(
          ["sec-lsm-manager 1", "done 1"],
          ["clear", "done"],
          ["sec-lsm-manager 2", "error protocol"]
        )
      })
    )
  })

  describe("an error of the protocol", () => {
    it.effect("is a first field that names no message", () =>
      expectProtocolErrors([
        ...["frobnicate", "CLEAR", "Clear", "clear!", " clear", " ", "string", "done", "error", "hello"],
        ...["\\ clear", "\\\\", "\ufeffclear", "constructor", "__proto__", "toString"]
      ])
    )

    it.effect("is a wrong number of fields, whichever the message", () =>
      expectProtocolErrors([
        "sec-lsm-manager",
        ...["clear x", "clear "],
        ...["id", "id a b", "id demo ", "id  demo"],
        ...["path", "path /tmp", "path /tmp data x", "path /tmp data ", "path  /tmp data", "path /a b data"],
        ...["permission", "permission urn:p x", "permission urn:p "],
        ...["plug", "plug /tmp", "plug /tmp demo", "plug /tmp demo /tmp x"],
        ...["install x", "install ", "uninstall x", "uninstall ", "display x", "display "],
        ...["log on off", "log on ", "log  on"]
      ])
    )

    it.effect("is an argument of `log` that is neither `on` nor `off`", () =>
      expectProtocolErrors(["log yes", "log ON", "log 1", "log ", "log o\\n"])
    )

    it.effect("is a NUL, wherever it stands", () =>
      expectProtocolErrors(["id de\0mo", "\0clear", "clear\0", "permission \0\0", "sec-lsm-manager 1 \0"])
    )

    it.effect("is what is not UTF-8", () =>
      expectProtocolErrors(
        [
          [0xff],
          [0x80],
          [0xc3],
          // NUL in two bytes, half of a surrogate pair, a character beyond the last one.
          [0xc0, 0x80],
          [0xed, 0xa0, 0x80],
          [0xf4, 0x90, 0x80, 0x80]
        ].map((bytes) => Buffer.concat([Buffer.from("permission ab"), Buffer.from(bytes)]))
      )
    )

    it.effect("is a CR at the end of a line that has no field for it", () =>
      Effect.gen(function* () {
        yield* expectProtocolErrors(["clear\r", "\r", "log on\r", "display\r"])
        yield* converse(
          ["permission ab\r", "done"],
          ["permission a\rb", "done"],
          ["display", "string permission ab\r", "string permission a\rb", "done"]
        )
        yield* converse(["id demo\r", "error invalid"], ["path /tmp data\r", "error not-recoverable"])
        yield* converse(["path /tmp data\r", "error invalid"])
      })
    )

    it.effect("answers what came before it, and nothing that comes after", () =>
      converseUntilClosed(["id demo", "done"], ["display", "string id demo", "done"], ["x", "error protocol"])
    )
  })

  describe("a line", () => {
    const line = (length: number) => `path ${"/".repeat(length - "path tmp data".length)}tmp data`

    it.effect("may have 8192 bytes, its LF not counted", () =>
      converse([line(8192), "done"], ["display", "string path /tmp data", "done"])
    )

    it.effect("of 8193 bytes is an error of the protocol, its LF sent or not", () =>
      Effect.gen(function* () {
        yield* converseUntilClosed([line(8193), "error protocol"])
        assert.strictEqual(yield* lastWords(line(8193)), "error protocol\n")
        assert.strictEqual(yield* answers(line(8193)), "error protocol\n")
      })
    )

    it.effect("is measured in bytes, not in characters", () =>
      Effect.gen(function* () {
        // 2 bytes a character, so that these are 8192 and 8193 bytes; no permission, but a line.
        yield* converse([`permission x${"é".repeat(4090)}`, "error invalid"])
        yield* converseUntilClosed([`permission xy${"é".repeat(4090)}`, "error protocol"])
      })
    )

    it.effect("goes on after an escaped LF, and may be of the length of the limit all the same", () =>
      Effect.gen(function* () {
        yield* converse(
          ["permission a\\\nclear", "done"],
          ["display", "string permission a\\\nclear", "done"]
        )
        // An escaped backslash before an LF does not escape the LF.
        yield* converse(["permission a\\\\", "done"], ["display", "string permission a\\\\", "done"])
        yield* converseUntilClosed([`permission ${"\\\n".repeat(4091)}`, "error protocol"])
      })
    )

    it.effect("is put together from the single bytes that it arrives in", () =>
      Effect.gen(function* () {
        const peer = yield* connect
        for (const byte of Buffer.from("permission ünï\\\n€😀\ndisplay\n")) {
          yield* Effect.promise(
            () => new Promise<void>((resolve) => void peer.socket.write(Uint8Array.of(byte), () => resolve()))
          )
        }
        assert.deepStrictEqual(yield* peer.lines(4), ["done", "string permission ünï\\", "€😀", "done"])
      })
    )
  })

  describe("fields", () => {
    const names = [
      "a b",
      " ",
      "back\\slash",
      "new\nline",
      "\\",
      "\\n",
      "cr\rthere",
      "naïve €",
      "😀",
      "tab\tthere",
      "-"
    ]

    it.effect("carry SPACE, LF and backslash escaped, in and out, as names that are really on the disk", () =>
      Effect.gen(function* () {
        const root = yield* place(...names)
        const paths = names.map((name) => escaped(join(root, name)))
        yield* converse(...paths.map((path): Exchange => [`path ${path} conf`, "done"]), [
          "display",
          ...paths.map((path) => `string path ${path} conf`),
          "done"
        ])
        yield* converse([`path ${escaped(join(root, "a\\ b"))} conf`, "error not-found"])
      })
    )

    it.effect("keep a backslash before any other character, and give it back escaped", () =>
      Effect.gen(function* () {
        const root = yield* place("back\\slash")
        yield* converse(
          [`path ${root}/back\\slash data`, "done"],
          [`path ${root}/back\\\\slash data`, "error already-set"],
          ["display", "string error on", `string path ${root}/back\\\\slash data`, "done"]
        )
      })
    )

    it.effect("are text with any character of Unicode, unchanged", () =>
      converse(
        ["permission \u0001\u007f\u0085\u2028\ufeff", "done"],
        ["permission e\u0301\\ \u00e9", "done"],
        [
          "display",
          "string permission \u0001\u007f\u0085\u2028\ufeff",
          "string permission e\u0301\\ \u00e9",
          "done"
        ]
      )
    )
  })

  describe("the error flag", () => {
    const refused = [
      ...["id demo", "path /tmp data", "permission urn:p", "plug /tmp demo /tmp", "install", "uninstall"],
      // The flag is looked at before anything else.
      ...["id !", "path x y", "permission x", "plug x ! y"]
    ]

    it.effect("is raised by every error, refuses what changes the session, and is shown first", () =>
      Effect.gen(function* () {
        const errors: ReadonlyArray<Exchange> = [
          ["id !", "error invalid"],
          ["path /tmp nonsense", "error invalid"],
          ["path /nonexistent data", "error not-found"],
          ["permission x", "error invalid"],
          ["plug x demo /tmp", "error invalid"]
        ]
        for (const error of errors) {
          yield* converse(
            ["log", "done off"],
            error,
            ...refused.map((line): Exchange => [line, "error not-recoverable"]),
            ["log", "done off"],
            ["display", "string error on", "done"],
            ["clear", "done"],
            ["display", "done"],
            ["id demo", "done"]
          )
        }
      })
    )

    it.effect("is raised by `install` and `uninstall` too", () =>
      Effect.forEach(
        ["install", "uninstall"],
        (message) =>
          converse(
            ["permission urn:p", "done"],
            [message, "error invalid"],
            [message, "error not-recoverable"],
            ["display", "string error on", "string permission urn:p", "done"]
          ),
        { discard: true }
      )
    )

    it.effect("is one session's, not its neighbour's", () =>
      Effect.gen(function* () {
        const one = yield* connect
        const other = yield* connect
        assert.deepStrictEqual(yield* ask(one, "id !"), ["error invalid"])
        assert.deepStrictEqual(yield* ask(other, "id demo"), ["done"])
        assert.deepStrictEqual(yield* ask(one, "id demo"), ["error not-recoverable"])
      })
    )
  })

  describe("clear", () => {
    it.effect("leaves nothing of the session, so that all of it may be said again", () => {
      const session: ReadonlyArray<Exchange> = [
        ["id demo", "done"],
        ["path /tmp data", "done"],
        ["permission urn:p", "done"],
        ["plug /usr demo-2 /tmp", "done"],
        [
          "display",
          "string id demo",
          "string path /tmp data",
          "string permission urn:p",
          "string plug /usr demo-2 /tmp",
          "done"
        ]
      ]
      return converse(...session, ["clear", "done"], ["display", "done"], ...session)
    })
  })

  describe("id", () => {
    it.effect("takes 2 to 199 latin letters, digits, dashes and underscores", () =>
      Effect.gen(function* () {
        for (const id of ["ab", "A-", "__", "--", "09", "a".repeat(199), "Az_09-"]) {
          yield* converse([`id ${id}`, "done"], ["display", `string id ${id}`, "done"])
        }
        for (const id of [
          "",
          "a",
          "a".repeat(200),
          "a.b",
          "a/b",
          "é".repeat(3),
          "a\\ b",
          "ab\\\n",
          "ab\\\\",
          "a:b"
        ]) {
          yield* converse([`id ${id}`, "error invalid"], ["display", "string error on", "done"])
        }
      })
    )

    it.effect("is set once, which is looked at before it is looked at whether it is valid", () =>
      Effect.gen(function* () {
        yield* converse(["id demo", "done"], ["id demo", "error already-set"])
        yield* converse(
          ["id demo", "done"],
          ["id !", "error already-set"],
          ["display", "string error on", "string id demo", "done"]
        )
      })
    )
  })

  describe("path", () => {
    it.effect("takes the types of the specification and `plug`, and no other", () =>
      Effect.gen(function* () {
        const types = ["default", "conf", "data", "exec", "http", "icon", "id", "lib", "plug", "public"]
        const root = yield* place(...types)
        yield* converse(...types.map((type): Exchange => [`path ${root}/${type} ${type}`, "done"]), [
          "display",
          ...types.map((type) => `string path ${root}/${type} ${type}`),
          "done"
        ])
        for (const type of ["", "Data", "DATA", "datum", "data\\ ", "constructor"]) {
          yield* converse([`path ${root}/data ${type}`, "error invalid"])
        }
      })
    )

    it.effect("looks at the type first, then at the path, at the session, at the disk", () =>
      Effect.gen(function* () {
        const root = yield* place("here")
        yield* converse(["path /nonexistent nonsense", "error invalid"])
        yield* converse([`path ${root}/here data`, "done"], [`path ${root}/here nonsense`, "error invalid"])
        yield* converse(["path relative data", "error invalid"])
        yield* converse([`path ${root}/here data`, "done"], [`path ${root}/here lib`, "error already-set"])
        const peer = yield* connect
        assert.deepStrictEqual(yield* ask(peer, `path ${root}/here data`), ["done"])
        rmSync(join(root, "here"))
        assert.deepStrictEqual(yield* ask(peer, `path ${root}/here data`), ["error already-set"])
        assert.deepStrictEqual(yield* ask(peer, "clear"), ["done"])
        assert.deepStrictEqual(yield* ask(peer, `path ${root}/here data`), ["error not-found"])
      })
    )

    it.effect("is normalised: no `.`, no `..`, no repeated `/`, none at the end", () =>
      Effect.gen(function* () {
        const root = yield* place("sub/", "file", "..hidden")
        const same: ReadonlyArray<readonly [given: string, shown: string]> = [
          [`${root}/sub/`, `${root}/sub`],
          [`${root}//sub///`, `${root}/sub`],
          [`/${root}/sub`, `${root}/sub`],
          [`${root}/./sub/.`, `${root}/sub`],
          [`${root}/sub/../sub`, `${root}/sub`],
          [`${root}/nothing/../file`, `${root}/file`],
          [`${root}/sub/..`, root],
          [`${root}/..hidden`, `${root}/..hidden`],
          [`/../..${root}/file`, `${root}/file`],
          ["/", "/"],
          ["///", "/"],
          ["/..", "/"]
        ]
        for (const [given, shown] of same) {
          yield* converse(
            [`path ${given} data`, "done"],
            ["display", `string path ${shown} data`, "done"],
            [`path ${shown} conf`, "error already-set"]
          )
          yield* converse([`path ${shown} data`, "done"], [`path ${given} conf`, "error already-set"])
        }
      })
    )

    it.effect("must be absolute", () =>
      Effect.forEach(
        ["", ".", "..", "tmp", "./tmp", "../tmp", "~", "\\ /tmp"],
        (path) => converse([`path ${path} data`, "error invalid"]),
        { discard: true }
      )
    )

    it.effect("has 1023 bytes at most, normalised", () =>
      Effect.gen(function* () {
        const root = yield* place()
        const name = "n".repeat(200)
        let path = root
        while (path.length + name.length < 1022) path = join(path, name)
        mkdirSync(path, { recursive: true })
        path = join(path, "m".repeat(1022 - path.length))
        writeFileSync(path, "")
        assert.strictEqual(path.length, 1023)
        yield* converse([`path ${path} data`, "done"], ["display", `string path ${path} data`, "done"])
        // What normalising takes away does not count.
        yield* converse([`path ${path.replaceAll("/", "//./")} data`, "done"])
        // The limit comes before the look at the disk.
        yield* converse([`path ${path}m data`, "error invalid"])
        yield* converse([`path /${"é".repeat(511)} data`, "error not-found"])
        yield* converse([`path /${"é".repeat(511)}x data`, "error invalid"])
      })
    )

    it.effect("must lead to something that exists", () =>
      Effect.gen(function* () {
        const root = yield* place("file", "sub/")
        symlinkSync(join(root, "file"), join(root, "link"))
        symlinkSync(join(root, "nothing"), join(root, "dangling"))
        yield* converse(
          [`path ${root}/link data`, "done"],
          ["display", `string path ${root}/link data`, "done"]
        )
        const missing = [
          "nothing",
          "sub/nothing",
          "dangling",
          "file/below",
          "x".repeat(256),
          "nothing/../nothing"
        ]
        for (const name of missing) yield* converse([`path ${root}/${name} data`, "error not-found"])
      })
    )
  })

  describe("permission", () => {
    it.effect("has 2 to 1024 characters", () =>
      Effect.gen(function* () {
        for (const permission of ["ab", "x".repeat(1024), "é".repeat(1024), "\\ \\ "]) {
          yield* converse(
            [`permission ${permission}`, "done"],
            ["display", `string permission ${permission}`, "done"]
          )
        }
        for (const permission of ["", "a", "é", "\\ ", "\\\\", "x".repeat(1025), "é".repeat(1025)]) {
          yield* converse([`permission ${permission}`, "error invalid"])
        }
      })
    )

    it.effect("is measured in characters: beyond the first 65,536 they count one each, too", () =>
      Effect.gen(function* () {
        yield* converse([`permission ${"😀".repeat(1024)}`, "done"])
        yield* converse([`permission ${"😀".repeat(1025)}`, "error invalid"])
        yield* converse([`permission ${"😀".repeat(2)}`, "done"])
        yield* converse(["permission 😀", "error invalid"])
        yield* converse(["permission 😀x", "done"])
      })
    )

    it.effect("is added once", () =>
      converse(
        ["permission urn:p", "done"],
        ["permission urn:P", "done"],
        ["permission urn:p", "error already-set"],
        ["display", "string error on", "string permission urn:p", "string permission urn:P", "done"]
      )
    )
  })

  describe("plug", () => {
    it.effect("takes a directory of this application, an id, and a directory of that application", () =>
      Effect.gen(function* () {
        const root = yield* place("exp/", "imp/", "imp 2/")
        yield* converse(
          [`plug ${root}/exp/. demo-2 ${root}//imp/`, "done"],
          [`plug ${root}/exp demo-2 ${root}/imp\\ 2`, "done"],
          [
            "display",
            `string plug ${root}/exp demo-2 ${root}/imp`,
            `string plug ${root}/exp demo-2 ${root}/imp\\ 2`,
            "done"
          ]
        )
      })
    )

    it.effect("looks at the paths first, then at the session, the id, EXPDIR and IMPDIR", () =>
      Effect.gen(function* () {
        const root = yield* place("exp/", "imp/", "file")
        const fail = (line: string, error: string) => converse([line, `error ${error}`])
        const plugged: Exchange = [`plug ${root}/exp demo-2 ${root}/imp`, "done"]
        yield* fail(`plug exp demo-2 ${root}/imp`, "invalid")
        yield* fail(`plug ${root}/exp demo-2 imp`, "invalid")
        yield* fail(`plug /${"x".repeat(1023)} demo-2 ${root}/imp`, "invalid")
        yield* converse(plugged, [`plug exp demo-2 ${root}/imp`, "error invalid"])
        yield* converse(plugged, [`plug ${root}/exp ! ${root}/imp/.`, "error already-set"])
        yield* converse(plugged, [`plug ${root}/nothing demo-3 ${root}/imp`, "error already-set"])
        yield* fail(`plug ${root}/nothing ! ${root}/nothing`, "invalid")
        yield* fail(`plug ${root}/exp a ${root}/imp`, "invalid")
        yield* fail(`plug ${root}/exp ${"a".repeat(200)} ${root}/imp`, "invalid")
        yield* fail(`plug ${root}/nothing demo-2 ${root}/file`, "not-found")
        yield* fail(`plug ${root}/file/below demo-2 ${root}/file`, "not-found")
        yield* fail(`plug ${root}/file demo-2 ${root}/nothing`, "not-dir")
        yield* fail(`plug ${root}/exp demo-2 ${root}/nothing`, "not-found")
        yield* fail(`plug ${root}/exp demo-2 ${root}/file`, "not-dir")
      })
    )

    it.effect("may plug one directory into many, and into one only once", () =>
      Effect.gen(function* () {
        const root = yield* place("exp/", "imp/")
        yield* converse(
          [`plug ${root}/exp demo-2 ${root}/imp`, "done"],
          [`plug ${root}/exp demo-2 ${root}/exp`, "done"],
          [`plug ${root}/imp demo-3 ${root}/imp`, "error already-set"]
        )
      })
    )
  })

  describe("display", () => {
    it.effect("shows nothing of an empty session", () => converse(["display", "done"]))

    it.effect("shows the id, the paths, the permissions, the plugs, each group in the order given", () =>
      Effect.gen(function* () {
        const root = yield* place("b", "a", "c", "z/", "y/")
        yield* converse(
          [`plug ${root}/z demo-2 ${root}/z`, "done"],
          ["permission urn:z", "done"],
          [`path ${root}/b data`, "done"],
          ["permission 10", "done"],
          [`path ${root}/c conf`, "done"],
          [`plug ${root}/y demo-2 ${root}/y`, "done"],
          ["id demo", "done"],
          [`path ${root}/a default`, "done"],
          ["permission 02", "done"],
          [
            "display",
            "string id demo",
            `string path ${root}/b data`,
            `string path ${root}/c conf`,
            `string path ${root}/a default`,
            "string permission urn:z",
            "string permission 10",
            "string permission 02",
            `string plug ${root}/z demo-2 ${root}/z`,
            `string plug ${root}/y demo-2 ${root}/y`,
            "done"
          ]
        )
      })
    )
  })

  describe("install and uninstall", () => {
    it.effect(
      "are invalid without an id, once there is a permission, a plug or a path that is not `default`",
      () =>
        Effect.gen(function* () {
          const root = yield* place("exp/", "file")
          for (const message of ["install", "uninstall"]) {
            yield* converse(["permission urn:p", "done"], [message, "error invalid"])
            yield* converse([`plug ${root}/exp demo-2 ${root}/exp`, "done"], [message, "error invalid"])
            for (const type of ["conf", "data", "exec", "http", "icon", "id", "lib", "plug", "public"]) {
              yield* converse(
                [`path ${root}/exp default`, "done"],
                [`path ${root}/file ${type}`, "done"],
                [message, "error invalid"]
              )
            }
          }
        })
    )

    it.effect("need no id for nothing at all, and for paths of type `default`", () =>
      Effect.gen(function* () {
        const root = yield* place("file", "sub/")
        for (const message of ["install", "uninstall"]) {
          yield* converse([message, "done"], [message, "done"])
          yield* converse(
            [`path ${root}/file default`, "done"],
            [`path ${root}/sub default`, "done"],
            [message, "done"]
          )
        }
      })
    )

    it.effect("leave the session as it was", () =>
      converse(
        ["id demo", "done"],
        ["permission urn:p", "done"],
        ["install", "done"],
        ["display", "string id demo", "string permission urn:p", "done"],
        ["install", "done"],
        ["permission urn:q", "done"],
        ["uninstall", "done"],
        ["uninstall", "done"],
        ["display", "string id demo", "string permission urn:p", "string permission urn:q", "done"]
      )
    )

    it.effect(
      "forbid a plug without the permission for it, the one that the other application makes necessary",
      () =>
        Effect.gen(function* () {
          const root = yield* place("exp/", "imp/")
          const plug: Exchange = [`plug ${root}/exp host-1 ${root}/imp`, "done"]
          const permission = (name: string): Exchange => [`permission urn:redpesk:permission:${name}`, "done"]
          const guest = (expected: string, ...names: ReadonlyArray<string>) =>
            converse(["id guest", "done"], plug, ...names.map(permission), ["install", expected])
          const open = "host-1:public:export:plug"
          const partner = "host-1:partner:export:plug"
          const permissionOfHost = (...names: ReadonlyArray<string>) =>
            converse(["id host-1", "done"], ...names.map(permission), ["install", "done"])

          // An application that was never installed is closed to the public, and so is one without the permission.
          for (const prepare of [Effect.void, permissionOfHost("host-1:public:plugs", "public:plugs")]) {
            yield* prepare
            yield* guest("error forbidden")
            yield* guest("error forbidden", open, "host-2:partner:export:plug", ":public:plugs")
            yield* guest("done", partner)
          }
          yield* permissionOfHost(":public:plugs")
          yield* guest("error forbidden")
          yield* guest("error forbidden", partner, ":public:plugs")
          yield* guest("done", open)
          yield* permissionOfHost()
          yield* guest("error forbidden", open)
        })
    )

    it.effect("answer `forbidden` once, and then that the session is in error", () =>
      Effect.gen(function* () {
        const root = yield* place("exp/")
        yield* converse(
          ["id guest", "done"],
          [`plug ${root}/exp host-9 ${root}/exp`, "done"],
          ["install", "error forbidden"],
          ["install", "error not-recoverable"],
          ["uninstall", "error not-recoverable"],
          ["clear", "done"],
          ["id guest", "done"],
          ["uninstall", "done"]
        )
      })
    )

    it.effect("answer `internal` when a file has vanished, and install nothing of the application", () =>
      Effect.gen(function* () {
        const root = yield* place("file")
        const peer = yield* connect
        for (const line of ["id vanishing", `path ${root}/file data`]) {
          assert.deepStrictEqual(yield* ask(peer, line), ["done"])
        }
        rmSync(join(root, "file"))
        assert.deepStrictEqual(yield* ask(peer, "install"), ["error internal"])
        const { data, process } = yield* Served
        assert.deepStrictEqual(yield* ask(peer, "install"), ["error not-recoverable"])
        assert.isFalse(existsSync(join(data, "policies", "vanishing.smack")))
        yield* process.says(
          "stderr",
          /"level":"ERROR",.*"message":"cannot label [^\n]*\/file: no such file or directory"/
        )
      })
    )
  })

  describe("log", () => {
    it.effect(
      "is one switch for all clients, and prints what is said, a line a message, on standard error",
      () =>
        Effect.gen(function* () {
          const { process } = yield* Served
          const one = yield* connect
          const other = yield* connect
          const printed = (line: string) =>
            process.says("stderr", new RegExp(`"message":"${RegExp.escape(line)}",.*\n`))
          assert.deepStrictEqual(yield* ask(one, "log"), ["done off"])
          assert.deepStrictEqual(yield* ask(one, "permission before-it-was-on"), ["done"])
          assert.deepStrictEqual(yield* ask(one, "log on"), ["done on"])
          assert.deepStrictEqual(yield* ask(other, "log"), ["done on"])
          assert.deepStrictEqual(yield* ask(other, "permission from-the-other"), ["done"])
          assert.deepStrictEqual(yield* ask(one, "permission two\\\nlines"), ["done"])
          yield* printed("c->s permission from-the-other")
          yield* printed("s->c done on")
          yield* process.says("stderr", /c->s permission two\\+x0alines/)
          assert.deepStrictEqual(yield* ask(one, "log on"), ["done on"])
          assert.deepStrictEqual(yield* ask(other, "log off"), ["done off"])
          assert.deepStrictEqual(yield* ask(one, "log"), ["done off"])
          yield* printed("c->s log off")
          assert.deepStrictEqual(yield* ask(one, "permission after-it-was-off"), ["done"])
          // It is off for those who come, too, and what they say is printed after what went before, if at all.
          yield* converse(
            ["log", "done off"],
            ["log on", "done on"],
            ["id last-one", "done"],
            ["log off", "done off"]
          )
          yield* printed("c->s id last-one")
          const stderr = process.stderr()
          assert.notInclude(stderr, "before-it-was-on")
          assert.notInclude(stderr, "after-it-was-off")
          for (const line of stderr.split("\n").filter((line) => line.includes("->"))) {
            assert.match(
              line,
              /^\{"timestamp":"[^"]+","level":"INFO","message":"(?:c->s|s->c) [^"]+","protocol":"sec-lsm-manager","peer":"unix","request":"\d+-\d+"\}$/
            )
          }
        })
    )
  })
})

describe.skipIf(obstacle !== undefined)(
  `sec-lsm-manager without privilege${obstacle === undefined ? "" : ` (skipped: ${obstacle})`}`,
  () => {
    it.live(
      "answers `no-access` for what may not be reached, to `path` and to both directories of `plug`",
      () =>
        Effect.gen(function* () {
          const root = yield* temporaryDirectory
          const others = nobody
          if (others !== undefined) chownSync(root, others.uid, others.gid)
          mkdirSync(join(root, "free"))
          mkdirSync(join(root, "locked", "inside"), { recursive: true })
          writeFileSync(join(root, "free", "unreadable"), "", { mode: 0 })
          yield* Effect.addFinalizer(() => Effect.sync(() => chmodSync(join(root, "locked"), 0o700)))
          chmodSync(join(root, "locked"), 0)
          const served = yield* serve(root, [], others === undefined ? {} : { user: others })
          yield* Effect.gen(function* () {
            // The directory is there and can be seen; it is what is in it that cannot.
            yield* converse(
              [`path ${root}/locked data`, "done"],
              [`path ${root}/free/unreadable data`, "done"]
            )
            yield* converse([`path ${root}/locked/inside data`, "error no-access"])
            yield* converse([`path ${root}/locked/nothing data`, "error no-access"])
            yield* converse([`path ${root}/locked/inside nonsense`, "error invalid"])
            yield* converse([`plug ${root}/locked/inside demo-2 ${root}/nothing`, "error no-access"])
            yield* converse([`plug ${root}/free demo-2 ${root}/locked/inside`, "error no-access"])
            yield* converse([`plug ${root}/free demo-2 ${root}/locked`, "done"])
          }).pipe(Effect.provideService(Served, served))
        })
    )
  }
)
