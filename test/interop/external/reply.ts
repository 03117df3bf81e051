import { fromString } from 'uint8arrays/from-string'

/** Who a node is and where it listens. */
export interface Whereabouts {
  readonly peer: string
  /** Multiaddrs that end in `/p2p/<peer>`. */
  readonly addrs: readonly string[]
}

/** The answer of a program to one request: a JSON object whose fields are checked as they are read. */
export class Reply {
  readonly #fields: ReadonlyMap<string, unknown>

  constructor (answer: unknown) {
    this.#fields = new Map(Object.entries(answer ?? {}))
  }

  text (name: string): string {
    return textOf(name, this.#fields.get(name))
  }

  texts (name: string): string[] {
    return this.#list(name).map(item => textOf(name, item))
  }

  number (name: string): number {
    return numberOf(name, this.#fields.get(name))
  }

  /** Undefined: there are none. */
  bytes (name: string): Uint8Array | undefined {
    const value = this.#fields.get(name)
    return value == null ? undefined : fromString(textOf(name, value), 'base64pad')
  }

  /** Numbers by name. */
  numbers (name: string): Map<string, number> {
    return new Map(Object.entries(this.#fields.get(name) ?? {}).map(([key, value]) => [key, numberOf(name, value)]))
  }

  peers (name: string): Whereabouts[] {
    return this.#list(name).map(item => {
      const reply = new Reply(item)
      return { peer: reply.text('peer'), addrs: reply.texts('addrs') }
    })
  }

  #list (name: string): unknown[] {
    const value = this.#fields.get(name)
    if (!Array.isArray(value)) {
      throw new TypeError(`${name} is no list: ${JSON.stringify(value)}`)
    }
    return value
  }
}

function textOf (name: string, value: unknown): string {
  if (typeof value !== 'string') {
    throw new TypeError(`${name} is no text: ${JSON.stringify(value)}`)
  }
  return value
}

function numberOf (name: string, value: unknown): number {
  if (typeof value !== 'number') {
    throw new TypeError(`${name} is no number: ${JSON.stringify(value)}`)
  }
  return value
}
