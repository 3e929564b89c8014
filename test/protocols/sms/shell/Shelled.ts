/** A shell with the commands that ship, and those that a test declares. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect, Layer, Schema } from "effect"
import { Program } from "../../../../src/protocols/sms/Configuration.ts"
import type { Command } from "../../../../src/protocols/sms/shell/Command.ts"
import * as Programs from "../../../../src/protocols/sms/shell/Programs.ts"
import { type Limits, Shell } from "../../../../src/protocols/sms/shell/Shell.ts"
import * as Shipped from "../../../../src/protocols/sms/shell/Shipped.ts"
import type { Source } from "../../../../src/protocols/sms/shell/Source.ts"
import type { State } from "../../../../src/protocols/sms/State.ts"
import { type Happenings, withLogs } from "../../../support/Happenings.ts"
import { world } from "../World.ts"

export const ada = "+33612345678"

export const everyState: ReadonlyArray<State> = ["GUEST", "LOGININPROGRESS", "USER", "ADMIN"]

export interface Shelled extends Limits {
  readonly declared?: ReadonlyArray<Command>
  readonly programs?: ReadonlyArray<typeof Program.Encoded>
}

/** What a test has. */
export interface Here {
  /** What ada is answered, in this state if one is given. */
  readonly ask: (text: string, role?: State) => Effect.Effect<string>
  readonly shell: Shell["Service"]
  readonly logs: Happenings
}

/** Runs a test with a shell. */
export const withShell = <E>(
  { declared = [], programs = [], ...limits }: Shelled,
  test: (here: Here) => Effect.Effect<void, E>
) =>
  withLogs(
    Effect.fnUntraced(function* (logs) {
      const { services } = yield* world
      const own: Source = {
        description: "the commands of the test",
        entries: Effect.succeed(new Map(declared.map((command) => [command.name, Effect.succeed(command)])))
      }
      const sources = [
        Shipped.source,
        own,
        yield* Programs.source(Schema.decodeSync(Schema.Array(Program))(programs))
      ]
      const layer = Shell.layerOf<Shipped.Services | Programs.Services>(sources, limits)
      yield* Shell.use((shell) =>
        test({
          ask: (text, role) => Effect.map(shell.execute({ number: ada, text, role }), ({ output }) => output),
          shell,
          logs
        })
      ).pipe(
        Effect.provide(Layer.provideMerge(layer, services()).pipe(Layer.provide(NodeServices.layer)), {
          local: true
        })
      )
    })
  )
