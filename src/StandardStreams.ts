import * as Stream from "node:stream"

/** Standard input and output as one stream. */
export class StandardStreams extends Stream.Duplex {
  constructor() {
    super({ decodeStrings: false })
    process.stdin.pause()
    process.stdin.on("data", (chunk) => {
      if (!this.push(chunk)) process.stdin.pause()
    })
    process.stdin.on("end", () => this.push(null))
    process.stdin.on("error", (cause) => this.destroy(cause))
    process.stdout.on("error", (cause) => this.destroy(cause))
  }

  override _read(): void {
    process.stdin.resume()
  }

  override _write(chunk: string, encoding: BufferEncoding, done: (cause?: Error | null) => void): void {
    process.stdout.write(chunk, encoding, done)
  }

  override _final(done: () => void): void {
    process.stdout.end(done)
  }

  override _destroy(cause: Error | null, done: (cause: Error | null) => void): void {
    process.stdin.destroy()
    done(cause)
  }
}
