#!/usr/bin/env node
// Starts the `wireline` command: the sources in a checkout, the bundle of the package elsewhere.
import { existsSync } from "node:fs"

const [major, minor] = process.versions.node.split(".").map(Number)
if (major < 24 || (major === 24 && minor < 7)) {
  console.error(
    `wireline: Node.js 24.7 or later is needed, this is ${process.versions.node}; in a checkout, run it as "npx wireline"`
  )
  process.exit(1)
}

const source = new URL("../src/main.ts", import.meta.url)
await import(existsSync(source) ? source.href : new URL("../dist/bundle/main.js", import.meta.url).href)
