/**
 * What Exon is told on the command line.
 */
import { maxLength } from "../protocols/exon/Protocol.ts"
import * as Setting from "./Setting.ts"

export const defaultEndpoint = { _tag: "Tcp", host: "127.0.0.1", port: 8878 } as const

export const settings = {
  exon: Setting.endpoint("exon", "Where Exon is served", () => defaultEndpoint),
  exonMaxFrame: Setting.maxFrame("exon", "request of Exon", maxLength)
}
