/**
 * A protocol as the `wireline` command has it: what it is told, the Layer that serves it, how people talk to it, and the
 * subcommands of its own. Every protocol's folder has one in `cli/Service.ts`, and `main.ts` lists them.
 */
import type { NodeServices } from "@effect/platform-node/NodeServices"
import { Layer, Option } from "effect"
import type { Command } from "effect/cli"
import type * as SocketServer from "effect/socket/SocketServer"
import type * as SqlClient from "effect/sql/SqlClient"
import type { Accounts } from "../accounts/Accounts.ts"
import type * as Endpoint from "../Endpoint.ts"
import type * as Protocol from "../Protocol.ts"
import type * as Server from "../Server.ts"
import * as Connect from "./connect.ts"
import * as Logging from "./Logging.ts"
import type { Reachable } from "./Reachable.ts"
import { listening, type Serving } from "./Serving.ts"
import * as Setting from "./Setting.ts"
import type { Own, Settings } from "./Settings.ts"

/** What a protocol is served with: the database and the people of all protocols, and the machine. */
export type Foundation = SqlClient.SqlClient | Accounts | NodeServices

/** Why it cannot be served, in a line that says what to do. */
export interface Problem {
  readonly message: string
}

/** A subcommand of any kind. */
// oxlint-disable-next-line typescript/no-explicit-any -- the name of a command is invariant
export type Subcommand = Command.Command<any, never, {}, Problem, NodeServices>

/** A protocol of the command. Make one with `make`. */
export interface Service {
  /** The protocol's name: that of its flag, of its table in the file, and in the log. */
  readonly name: string
  readonly settings: Own
  /** What the file has on it besides settings. */
  readonly table: Setting.Table<unknown> | undefined
  /** Whether people log in to it, with accounts of the realm of its name. */
  readonly hasAccounts: boolean
  /** Serves it, or nothing where it is off. */
  readonly layer: (settings: Settings) => Layer.Layer<never, Problem, Foundation | Serving>
  /** Whether it is told to be served anywhere. */
  readonly isOn: (settings: Settings) => boolean
  /** The endpoint that it was told, if any; with its default, nothing can be wrong. */
  readonly given: (settings: Settings) => Endpoint.Endpoint | undefined
  /** The flag for which standard output is its own, if it was given. */
  readonly takesOutput: (settings: Settings) => string | undefined
  /** Whether it loads modules of the operator's own. */
  readonly loadsModules: (settings: Settings) => boolean
  /** The subcommand of `connect`. */
  readonly connect: Subcommand
  /** Its own subcommands. */
  readonly commands: ReadonlyArray<Subcommand>
}

/** The protocols of a command; one at least. */
export type Services = readonly [Service, ...ReadonlyArray<Service>]

/** What a protocol is told: its own settings, and those of all. */
export type Told<O extends Own> = Command.Command.Config.Infer<O> &
  Pick<Settings, "data" | "config"> & { readonly limits: Server.Limits }

/** Puts a protocol on the endpoint that it was given; nothing where that is off. */
export type On = <E, R>(
  layer: Layer.Layer<never, E, R | SocketServer.SocketServer>
) => Layer.Layer<never, E | Endpoint.ListenError, Exclude<R, SocketServer.SocketServer> | Serving>

/** Defines a service. */
export const make = <P extends Protocol.Any, const O extends Own, Flags extends Connect.Flags = {}>(
  protocol: P,
  definition: {
    readonly endpoint: {
      /** What it is for. */
      readonly description: string
      /** Where it is served unless told, with this data directory. */
      readonly byDefault: (data: string) => Reachable
    }
    readonly frame: {
      /** What a frame is, such as `request of Exon`. */
      readonly description: string
      /** The longest in bytes, unless told. */
      readonly longest: number
    }
    /** Its own settings: flags that begin with its name, keys of its table. */
    readonly settings: O
    /** What its table in the file has besides settings. */
    readonly table?: Setting.Table<unknown>
    /** Whether people log in to it; they do not unless told. */
    readonly hasAccounts?: boolean
    /** Serves it `on` its endpoint. */
    readonly layer: (told: Told<O>, on: On) => Layer.Layer<never, Problem, Foundation | Serving>
    /** Whether there is something to serve even where its endpoint is off. */
    readonly isOnBesides?: (told: Told<O>) => boolean
    /** The flag for which standard output is its own, if it was given. */
    readonly takesOutput?: (told: Told<O>) => string | undefined
    /** Whether it loads modules of the operator's own; it does not unless told. */
    readonly loadsModules?: (told: Told<O>) => boolean
    /** How people talk to it. */
    readonly connect: Connect.How<P, Flags>
    /** Its own subcommands. */
    readonly commands?: ReadonlyArray<Subcommand>
  }
): Service => {
  const { name } = protocol
  const settings = {
    endpoint: Setting.endpoint(name, definition.endpoint.description, definition.endpoint.byDefault),
    maxFrame: Setting.maxFrame(name, definition.frame.description, definition.frame.longest)
  }
  const read = ({ config, data, idleTimeout, maxConnections, protocols }: Settings) => {
    // What is parsed with these settings is told of them.
    const own = protocols[name] as Command.Command.Config.Infer<O> &
      Command.Command.Config.Infer<typeof settings>
    const idle = Option.isSome(idleTimeout) ? { idleTimeout: idleTimeout.value } : {}
    const limits = { maxConnections, maxFrame: own.maxFrame, ...idle }
    const told: Told<O> = { ...own, config, data, limits }
    const endpoint = Option.getOrElse(own.endpoint, () => definition.endpoint.byDefault(data))
    return {
      told,
      endpoint: endpoint === "off" ? undefined : endpoint,
      isDefault: Option.isNone(own.endpoint),
      isOn: endpoint !== "off" || definition.isOnBesides?.(told) === true
    }
  }
  return {
    name,
    settings: { ...settings, ...definition.settings },
    table: definition.table,
    hasAccounts: definition.hasAccounts ?? false,
    isOn: (all) => read(all).isOn,
    given: (all) => {
      const { endpoint, isDefault } = read(all)
      return isDefault ? undefined : endpoint
    },
    takesOutput: (all) => definition.takesOutput?.(read(all).told),
    loadsModules: (all) => {
      const { isOn, told } = read(all)
      return isOn && definition.loadsModules?.(told) === true
    },
    layer: (all) => {
      const { endpoint, isOn, told } = read(all)
      if (!isOn) return Layer.empty
      const on: On = (layer) =>
        endpoint === undefined ? Layer.empty : Layer.provide(layer, listening(name, endpoint))
      return Layer.provide(definition.layer(told, on), Logging.about(name))
    },
    connect: Connect.to(name, definition.endpoint.byDefault, definition.connect),
    commands: definition.commands ?? []
  }
}

/** All of them. */
export const layer = (
  services: ReadonlyArray<Service>,
  settings: Settings
): Layer.Layer<never, Problem, Foundation | Serving> =>
  services.map(({ layer }) => layer(settings)).reduce((all, layer) => Layer.merge(all, layer), Layer.empty)
