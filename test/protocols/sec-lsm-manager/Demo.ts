/** A small application on the disk: one file of each sort, odd names among them, and two applications to plug into. */
import { chmodSync, mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { Application } from "../../../src/protocols/sec-lsm-manager/Application.ts"

/** File names that programs like to misread. */
export const oddNames = [
  "-n",
  "a b",
  "back\\slash",
  "quo\"te's",
  "new\nline",
  "cr\rthere",
  "naïve €",
  "# file: x",
  "a=0x00",
  "\\012"
]

export interface Demo {
  /** Installs with two plugs. */
  readonly first: Application
  /** The same id, with other types, another target for a link, other permissions. */
  readonly second: Application
  readonly policies: string
  readonly plugDirectory: (impid: string) => string
  readonly path: (name: string) => string
}

export const partner = (impid: string) => `urn:redpesk:permission:${impid}:partner:export:plug`
export const open = (impid: string) => `urn:redpesk:permission:${impid}:public:export:plug`

/** Makes the files and describes them. */
export const make = (root: string): Demo => {
  const demo = describe(root)
  mkdirSync(demo.path("data"), { recursive: true })
  for (const name of ["exp", "exp2"]) mkdirSync(demo.path(name))
  for (const impid of ["host-1", "host-2"]) mkdirSync(demo.plugDirectory(impid))
  for (const name of ["conf", "plain", "program", ...oddNames]) writeFileSync(demo.path(name), name)
  chmodSync(demo.path("program"), 0o755)
  return demo
}

export const describe = (root: string): Demo => {
  const path = (name: string) => join(root, "app", name)
  const plugDirectory = (impid: string) => join(root, impid)
  const policies = join(root, "policies")
  const plug = (expdir: string, impid: string) => ({
    expdir: path(expdir),
    impid,
    impdir: plugDirectory(impid)
  })
  return {
    policies,
    plugDirectory,
    path,
    first: {
      id: "demo-1",
      paths: [
        { path: path("conf"), type: "conf" },
        { path: path("data"), type: "data" },
        { path: path("program"), type: "exec" },
        { path: path("plain"), type: "lib" },
        ...oddNames.map((name) => ({ path: path(name), type: "http" as const }))
      ],
      permissions: ["urn:one", partner("host-1"), partner("host-2")],
      plugs: [plug("exp", "host-1"), plug("exp", "host-2")]
    },
    second: {
      id: "demo-1",
      paths: [
        { path: path("conf"), type: "exec" },
        { path: path("data"), type: "public" },
        { path: path("program"), type: "default" },
        { path: path("exp2"), type: "plug" },
        { path: path("-n"), type: "id" }
      ],
      permissions: ["urn:two", partner("host-1")],
      plugs: [plug("exp2", "host-1")]
    }
  }
}
