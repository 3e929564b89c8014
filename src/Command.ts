/**
 * A command is the handler of one message, as a service with a Layer of its own. It is loaded at the first request
 * that needs it, kept in the `CommandCache`, and released when the cache is flushed.
 *
 * One file a command, its Layer the default export:
 *
 * ```ts
 * // Session.ts
 * export const command = Command.define(Kv, Session)
 *
 * // commands/get.ts
 * export default command(
 *   "get",
 *   Effect.gen(function* () {
 *     const store = yield* Store // built once, when the command is loaded
 *     return ({ key }, { session }) => ... // run for every request
 *   })
 * )
 * ```
 *
 * and one table of them, typed by the protocol: a message without a command does not compile. A command is loaded lazily,
 * or given as it is:
 *
 * ```ts
 * const commands = { get: () => import("./commands/get.ts"), put: command("put", ...) }
 * ```
 */
export * from "./command/definition.ts"
export { type CommandCache, type LoadedCommand, makeCache } from "./server/CommandCache.ts"
