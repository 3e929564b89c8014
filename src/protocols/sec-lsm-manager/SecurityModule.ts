/**
 * Installs and uninstalls applications: labels, plugs' links, policy and grants, all or nothing.
 *
 * Two back ends do the work. `record`, the default, needs no privilege and leaves the application's files alone: it
 * writes the policy file, and what the kernel would have been told can be read in the database. `smack` sets extended
 * attributes, makes the links and loads the rules.
 *
 * Operations are done one at a time. One that has begun ends, whether or not its client is still there; one that fails
 * leaves everything as it was, and so does one that is cut short by `kill -9`, once the server is up again (see
 * `UndoLog.ts`). When it returns, the result survives a power cut.
 *
 * Reinstalling an id replaces its policy and its grants, and labels and links what the session says. Links made
 * earlier that it does not mention stay until the application is uninstalled.
 */
import { Context, Effect, Layer, Semaphore } from "effect"
import type * as ChildProcessSpawner from "effect/process/ChildProcessSpawner"
import type * as SqlClient from "effect/sql/SqlClient"
import type { Application } from "./Application.ts"
import type { Backend } from "./Backend.ts"
import * as Label from "./Label.ts"
import * as Plan from "./Plan.ts"
import * as Policy from "./Policy.ts"
import * as PolicyFile from "./PolicyFile.ts"
import * as Record from "./Record.ts"
import * as Registry from "./Registry.ts"
import { Forbidden, type SecurityError, whileDoing } from "./SecurityError.ts"
import * as Smack from "./Smack.ts"
import { migrate } from "./Tables.ts"
import * as UndoLog from "./UndoLog.ts"

/** What both back ends are told. */
export interface SecurityModuleOptions {
  /** The directory that `ID.smack` is written into; created when it is missing. */
  readonly policies: string
  /** The text of the policy template, in place of `Policy.defaultTemplate`. */
  readonly template?: string | undefined
}

/** What the `smack` back end is told. */
export interface SmackOptions extends Smack.SmackOptions {
  /** `/etc/smack/accesses.d` unless told. */
  readonly policies?: string | undefined
  readonly template?: string | undefined
}

export class SecurityModule extends Context.Service<
  SecurityModule,
  {
    /** Installs an application. Without an id, only takes the labels off its `default` paths. */
    readonly install: (application: Application) => Effect.Effect<void, Forbidden | SecurityError>
    /** Uninstalls an application; one that was never installed is not an error. */
    readonly uninstall: (application: Application) => Effect.Effect<void, SecurityError>
  }
>()("wireline/sec-lsm-manager/SecurityModule") {
  /** Over any back end. Building it migrates the tables and undoes what a killed server has left half-done. */
  static readonly layer = (
    options: SecurityModuleOptions
  ): Layer.Layer<SecurityModule, SecurityError, Backend | SqlClient.SqlClient> =>
    Layer.effect(SecurityModule, make(options))

  /** Only policy files and the database. */
  static readonly layerRecord = (
    options: SecurityModuleOptions
  ): Layer.Layer<SecurityModule, SecurityError, SqlClient.SqlClient> =>
    SecurityModule.layer(options).pipe(Layer.provide(Record.layer))

  /** The SMACK of this machine. Fails when the programs or the privilege for it are missing. */
  static readonly layerSmack = ({
    policies = "/etc/smack/accesses.d",
    smackfs,
    template
  }: SmackOptions = {}): Layer.Layer<
    SecurityModule,
    SecurityError,
    SqlClient.SqlClient | ChildProcessSpawner.ChildProcessSpawner
  > => SecurityModule.layer({ policies, template }).pipe(Layer.provide(Smack.layer({ smackfs })))
}

const make = Effect.fnUntraced(function* ({
  policies,
  template = Policy.defaultTemplate
}: SecurityModuleOptions) {
  const services = yield* Effect.context<Backend | SqlClient.SqlClient>()
  const semaphore = yield* Semaphore.make(1)
  const render = yield* Effect.fromResult(Policy.compile(template)).pipe(
    Effect.mapError(whileDoing("read the policy template"))
  )
  yield* PolicyFile.prepare(policies)
  yield* migrate.pipe(Effect.mapError(whileDoing("prepare the tables of sec-lsm-manager")))
  yield* UndoLog.recover

  const install = Effect.fn("SecurityModule.install")(function* (application: Application) {
    const { id, permissions, plugs } = application
    if (id !== undefined) yield* checkPlugs(id, application)
    const labels = yield* Plan.labels(application)
    const text =
      id === undefined
        ? undefined
        : yield* Effect.fromResult(render({ id, permissions, plugs })).pipe(
            Effect.mapError(whileDoing(`make the policy of ${id}`))
          )
    const changes = [
      ...Plan.relabelling(labels),
      ...(id === undefined ? [] : yield* Plan.links(id, plugs)),
      ...(id === undefined ? [] : yield* Plan.policy(PolicyFile.fileOf(policies, id), text))
    ]
    const links = plugs.map((plug) => ({ path: Plan.linkPath(id ?? "", plug), target: plug.expdir }))
    yield* UndoLog.execute(
      { operation: "install", application: id ?? "", changes },
      Effect.andThen(
        Registry.writeLabels(id ?? "", labels),
        id === undefined ? Effect.void : Registry.writeApplication(id, permissions, links)
      )
    )
  })

  const uninstall = Effect.fn("SecurityModule.uninstall")(function* (application: Application) {
    const { id, plugs } = application
    const labels = yield* Plan.noLabels(application)
    const links = id === undefined ? [] : yield* linksToRemove(id, plugs)
    const changes = [
      ...Plan.relabelling(labels),
      ...(yield* Plan.noLinks(links)),
      ...(id === undefined ? [] : yield* Plan.policy(PolicyFile.fileOf(policies, id), undefined))
    ]
    yield* UndoLog.execute(
      { operation: "uninstall", application: id ?? "", changes },
      Effect.andThen(
        Registry.writeLabels(
          id ?? "",
          application.paths.map(({ path }) => ({ path, after: {} }))
        ),
        id === undefined ? Effect.void : Registry.deleteApplication(id, links)
      )
    )
  })

  // A client that hangs up may give up its place in the queue, but not an operation that has begun.
  const oneAtATime = <E>(effect: Effect.Effect<void, E, Backend | SqlClient.SqlClient>) =>
    Effect.andThen(UndoLog.ready, effect).pipe(
      Effect.provideContext(services),
      Effect.uninterruptible,
      Semaphore.withPermit(semaphore)
    )

  return SecurityModule.of({
    install: (application) => oneAtATime(install(application)),
    uninstall: (application) => oneAtATime(uninstall(application))
  })
})

/** A plug needs a permission that depends on whether the application plugged into is open to the public. */
const checkPlugs = Effect.fnUntraced(function* (id: string, { permissions, plugs }: Application) {
  for (const { impid } of plugs) {
    const open = yield* Registry.holds(
      Label.ofApplication(impid),
      "urn:redpesk:permission::public:plugs"
    ).pipe(Effect.mapError(whileDoing(`read the grants of ${impid}`)))
    const permission = `urn:redpesk:permission:${impid}:${open ? "public" : "partner"}:export:plug`
    if (!permissions.includes(permission)) return yield* new Forbidden({ id, impid, permission })
  }
})

/** The session's links and those recorded when the application was installed. */
const linksToRemove = Effect.fnUntraced(function* (id: string, plugs: Application["plugs"]) {
  const recorded = yield* Registry.linksOf(id).pipe(Effect.mapError(whileDoing(`read the links of ${id}`)))
  return [...new Set([...plugs.map((plug) => Plan.linkPath(id, plug)), ...recorded])]
})
