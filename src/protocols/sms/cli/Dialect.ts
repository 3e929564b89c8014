import * as Framing from "../../../Framing.ts"
import { isError, type Reply, SmsShell, Text } from "../Protocol.ts"
import { names } from "../shell/Shipped.ts"
import * as Dialect from "../../../cli/connect/Dialect.ts"
import * as Grammar from "../../../cli/connect/Grammar.ts"
import * as Notation from "../../../cli/connect/Notation.ts"
import * as View from "../../../cli/connect/View.ts"

const show = (reply: Reply): ReadonlyArray<View.Part> => [
  View.text(reply._tag === "Answer" ? reply.output : reply.error, isError(reply) ? "bad" : "plain")
]

/** A gateway's token, or a text to the command that takes passwords and codes. */
const holdsSecret = (request: Text): boolean =>
  Dialect.hasRedacted(request) || /^\s*['"]?login\b/i.test(request.sms_text)

const message = Grammar.typed(Text)

/** The SMS shell as its gateways speak to it: the JSON objects of the protocol. */
export const documents = Dialect.make(SmsShell, {
  notation: Notation.json,
  // What the message has beside these it gets from whatever else is in the object.
  requests: [
    { ...message, fields: message.fields.filter(({ name }) => name !== "attributes" && name !== "length") }
  ],
  show: (replies) => replies.flatMap(show),
  holdsSecret
})

/** The SMS shell as the person with this number does: texts. No answer is sent out, for it is read here. */
export const textsOf = (number: string): Dialect.Dialect<typeof SmsShell> => ({
  ...documents,
  prompt: `${number}> `,
  framing: Framing.lines({ maxLength: Dialect.longest }),
  read: (sms_text) => ({
    _tag: "Read",
    request: { _tag: "text", sms_number: number, sms_text, transmit: false }
  }),
  complete: (line) => ({ candidates: names.filter((name) => name.startsWith(line)), end: line })
})
