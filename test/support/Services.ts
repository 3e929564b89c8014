/** The protocols of the `wireline` command, for tests of it in this process. */
import { Effect } from "effect"
import * as Setting from "../../src/cli/Setting.ts"
import { of, vocabularyOf } from "../../src/cli/Settings.ts"
import { exon } from "../../src/protocols/exon/cli/Service.ts"
import { rscp } from "../../src/protocols/rscp/cli/Service.ts"
import { secLsmManager } from "../../src/protocols/sec-lsm-manager/cli/Service.ts"
import { sms } from "../../src/protocols/sms/cli/Service.ts"

export const services = [secLsmManager, exon, rscp, sms] as const

/** What `serve` is told, as its settings are nested. */
export const settings = of(services)

const { protocols, ...ofNone } = settings

/** All settings. */
export const everySetting: ReadonlyArray<Setting.Setting<unknown>> = [
  ofNone,
  ...Object.values(protocols)
].flatMap((settings): Array<Setting.Setting<unknown>> => Object.values(settings))

export const vocabulary = vocabularyOf(services)

/** Provides what a configuration file may tell. */
export const withVocabulary = Effect.provideService(Setting.Vocabulary, vocabulary)
