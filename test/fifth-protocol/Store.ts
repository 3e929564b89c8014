/** What Kv stores, of all connections: values by key, by namespace. */
import { Context, Effect, Layer } from "effect"

export class Store extends Context.Service<
  Store,
  {
    readonly get: (namespace: string, key: string) => string | undefined
    readonly put: (namespace: string, key: string, value: string) => Effect.Effect<void>
    readonly delete: (namespace: string, key: string) => Effect.Effect<boolean>
    readonly keys: (namespace: string) => ReadonlyArray<string>
  }
>()("fifth-protocol/Store") {
  /** Keeps them in memory. */
  static readonly layer = Layer.sync(Store, () => {
    const namespaces = new Map<string, Map<string, string>>()
    const namespace = (name: string) => {
      const values = namespaces.get(name) ?? new Map<string, string>()
      namespaces.set(name, values)
      return values
    }
    return {
      get: (name, key) => namespace(name).get(key),
      put: (name, key, value) => Effect.sync(() => void namespace(name).set(key, value)),
      delete: (name, key) => Effect.sync(() => namespace(name).delete(key)),
      keys: (name) => [...namespace(name).keys()].toSorted()
    }
  })
}
