import { sharedController } from '../clock/shared-controller.ts'
import type { QueryEvent } from './events.ts'

/** What a query does: it tells events as they happen, and ends when it is over or `signal` is aborted. */
export type QueryBody = (tell: (event: QueryEvent) => void, signal: AbortSignal) => Promise<void>

/** Why a query ends whose consumer has left. */
const NOBODY_LISTENS = new Error('nobody reads the events of this query any more')

/**
 * The events of `body` as a sequence, which begins when it is read. Leaving the loop
 * aborts the query, and waits until it is over.
 *
 * @throws whatever `body` throws; the reason of `signal`, when that is aborted
 */
export async function * query (body: QueryBody, signal: AbortSignal | undefined): AsyncGenerator<QueryEvent, void, undefined> {
  signal?.throwIfAborted()
  const controller = sharedController()
  const onAbort = (): void => { controller.abort(signal?.reason) }
  signal?.addEventListener('abort', onAbort, { once: true })
  const mailbox = new Mailbox()
  const running = body(event => { mailbox.put(event) }, controller.signal)
    .then(() => { mailbox.end(undefined) }, err => { mailbox.end({ err }) })
  try {
    yield * mailbox.events()
  } finally {
    signal?.removeEventListener('abort', onAbort)
    controller.abort(NOBODY_LISTENS)
    await running
  }
}

/** Events that wait to be read. There are never more than one query makes, which its lookup bounds. */
class Mailbox {
  #events: QueryEvent[] = []
  #end: { readonly failed: { readonly err: unknown } | undefined } | undefined
  #wake = (): void => {}

  put (event: QueryEvent): void {
    this.#events.push(event)
    this.#wake()
  }

  end (failed: { readonly err: unknown } | undefined): void {
    this.#end = { failed }
    this.#wake()
  }

  async * events (): AsyncGenerator<QueryEvent, void, undefined> {
    while (true) {
      while (this.#events.length > 0) {
        const events = this.#events
        this.#events = []
        yield * events
      }
      if (this.#end?.failed != null) {
        throw this.#end.failed.err
      }
      if (this.#end != null) {
        return
      }
      await new Promise<void>(resolve => { this.#wake = resolve })
    }
  }
}
