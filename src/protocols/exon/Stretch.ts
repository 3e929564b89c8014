/**
 * Cuts a batch of requests into stretches of neighbours, each of which `StoreBatch.ts` performs with few statements.
 */
import type { Add, Comment, Get, List, Read, Remove, Search, StoreRequest } from "./StoreRequest.ts"

/** Neighbouring requests that are performed together. */
export type Stretch =
  | { readonly kind: "addsAndGets"; readonly requests: Array<Add | Get> }
  | { readonly kind: "comments"; readonly requests: Array<Comment> }
  | { readonly kind: "removals"; readonly requests: Array<Remove> }
  | { readonly kind: "read"; readonly request: Read }
  | { readonly kind: "list"; readonly request: List }
  | { readonly kind: "search"; readonly request: Search }

/** Cuts requests into stretches, in their order. */
export const stretchesOf = (requests: ReadonlyArray<StoreRequest>): Array<Stretch> => {
  const stretches: Array<Stretch> = []
  for (const request of requests) {
    const last = stretches.at(-1)
    switch (request._tag) {
      case "Add":
      case "Get":
        if (last?.kind === "addsAndGets") last.requests.push(request)
        else stretches.push({ kind: "addsAndGets", requests: [request] })
        break
      case "Comment":
        if (last?.kind === "comments") last.requests.push(request)
        else stretches.push({ kind: "comments", requests: [request] })
        break
      case "Remove":
        if (last?.kind === "removals") last.requests.push(request)
        else stretches.push({ kind: "removals", requests: [request] })
        break
      case "Read":
        stretches.push({ kind: "read", request })
        break
      case "List":
        stretches.push({ kind: "list", request })
        break
      case "Search":
        stretches.push({ kind: "search", request })
    }
  }
  return stretches
}
