import { startDeadline } from '../../clock/wait.ts'
import { refreshTargets } from '../../routing/refresh.ts'
import { asError, TimeoutError } from '../../rpc/errors.ts'
import { JOIN_DEADLINE_MS } from '../deadlines.ts'
import { NoPeersError } from '../errors.ts'
import { timeoutOf } from '../option-checks.ts'
import { Reporting } from '../reporting.ts'
import { Walks } from '../walks.ts'
import { lookUp } from './lookup.ts'
import type { LookupResult } from './lookup.ts'
import type { Cancel } from '../../clock/clock.ts'
import type { Deadline } from '../../clock/wait.ts'
import type { Contact } from '../../keyspace/contact.ts'
import type { DhtContext } from '../context.ts'
import type { OnProgress, OperationOptions } from '../events.ts'

/** How much longer others may take to answer than who was first; in milliseconds at the least. */
const GRACE_FACTOR = 3
const MIN_GRACE_MS = 500

/** Who let us in. */
export interface JoinResult {
  /** The nodes that answered: at the addresses given, and of the contacts that were lost before. */
  readonly answered: readonly Contact[]
  /** The addresses at which nobody did, or not by the time that we had joined through others, and why. */
  readonly failed: ReadonlyArray<{ readonly addr: Uint8Array, readonly error: Error }>
  /** Contacts in the routing table afterwards. */
  readonly contacts: number
  /** Milliseconds it took. */
  readonly ms: number
}

/**
 * Join the network through any number of its nodes (Kademlia paper, §2.3): ping
 * each address, enter those that answer, look ourselves up, then refresh the
 * buckets farther away. `known` are contacts of earlier that need no introduction.
 *
 * @throws {NoPeersError} nobody answered
 * @throws the signal's reason, when aborted
 */
export async function join (dht: DhtContext, addrs: readonly Uint8Array[], known: readonly Contact[], options: OperationOptions = {}): Promise<JoinResult> {
  const { config: { clock, refreshInterval }, peers: { table } } = dht
  const begun = clock.now()
  const ms = timeoutOf(options, JOIN_DEADLINE_MS)
  const deadline = deadlineOf(dht, 'joining', ms, options.signal)
  const reporting = new Reporting(options.onProgress, deadline)
  try {
    const greetings = new Greetings(dht, addrs, known, reporting.onProgress, deadlineOf(dht, 'joining', ms, options.signal, deadline.signal))
    const { answered, failed } = greetings
    await greetings.over
    reporting.check()
    options.signal?.throwIfAborted()
    if (answered.length === 0 && table.size === 0) {
      throw new NoPeersError(nobodyAnswered(failed), { cause: failed[0]?.error })
    }
    await fill(dht, refreshInterval, { ...options, signal: deadline.signal })
      .catch(err => { if (!deadline.expired) { throw err } })
    greetings.leave()
    reporting.check()
    return { answered: [...answered], failed: [...failed], contacts: table.size, ms: clock.now() - begun }
  } finally {
    deadline.clear()
  }
}

function deadlineOf ({ config: { clock }, tasks }: DhtContext, what: string, ms: number, ...signals: Array<AbortSignal | undefined>): Deadline {
  return startDeadline(clock, ms, () => new TimeoutError(`${what} took longer than ${ms} ms`), ...signals, tasks.signal)
}

/**
 * All are asked at once whether they are there. Once somebody is, the others have a few times as long; then the network
 * is looked through. Who is silent until then is asked on, and enters the table when it answers.
 */
class Greetings {
  readonly answered: Contact[] = []
  readonly failed: Array<{ readonly addr: Uint8Array, readonly error: Error }> = []
  /** Resolves when there is nobody to wait for any more. */
  readonly over: Promise<void>
  readonly #begun: number
  readonly #dht: DhtContext
  readonly #signal: AbortSignal
  readonly #waiting: Set<Uint8Array>
  #onProgress: OnProgress | undefined
  #onOver = (): void => {}
  /** Takes back that it will be over. */
  #cancel: Cancel | undefined

  /** `deadline` is cleared when nobody is asked any more. */
  constructor (dht: DhtContext, addrs: readonly Uint8Array[], known: readonly Contact[], onProgress: OnProgress | undefined, deadline: Deadline) {
    this.#dht = dht
    this.#begun = dht.config.clock.now()
    this.#signal = deadline.signal
    this.#waiting = new Set(addrs)
    this.#onProgress = onProgress
    const everybody = Promise.all([...addrs.map(async addr => this.#greet(addr)), ...known.map(async contact => this.#meetAgain(contact))])
      .finally(() => {
        deadline.clear()
        this.#cancel?.()
      })
    dht.tasks.run(async () => { await everybody })
    this.over = new Promise((resolve, reject) => {
      this.#onOver = resolve
      everybody.then(() => { resolve() }, reject)
    })
  }

  /** Nobody looks at this any more: who has not answered yet has failed, as far as one can tell. */
  leave (): void {
    for (const addr of this.#waiting) {
      this.#fail(addr, new TimeoutError('it has not answered yet, and is asked on in the background'))
    }
    this.#onProgress = undefined
  }

  async #greet (addr: Uint8Array): Promise<void> {
    const { peers } = this.#dht
    try {
      const peer = await peers.identify(addr, this.#signal)
      await peers.probe(peer, this.#signal)
      this.#onProgress?.({ type: 'bootstrapped', addr, peer })
      this.#welcome(peer)
      this.#waiting.delete(addr)
      this.#dht.unmet.delete(addr)
    } catch (err) {
      this.#fail(addr, asError(err))
    }
  }

  async #meetAgain (contact: Contact): Promise<void> {
    try {
      await this.#dht.peers.probe(contact, this.#signal)
      this.#welcome(contact)
    } catch (err) {
      this.#dht.log('remembered contact %b is still away: %e', contact.id, err)
    }
  }

  #welcome (peer: Contact): void {
    const { clock } = this.#dht.config
    this.answered.push(peer)
    this.#cancel ??= clock.schedule(Math.max(MIN_GRACE_MS, GRACE_FACTOR * (clock.now() - this.#begun)), this.#onOver)
  }

  #fail (addr: Uint8Array, error: Error): void {
    if (this.#waiting.delete(addr)) {
      this.failed.push({ addr, error })
      if (this.#dht.config.bootstrap.includes(addr)) {
        this.#dht.unmet.add(addr)
      }
      this.#onProgress?.({ type: 'bootstrap-failed', addr, error })
    }
  }
}

/** {@link fill} every bucket, however lately it was looked through. */
export async function refresh (dht: DhtContext, options: OperationOptions): Promise<void> {
  const ms = timeoutOf(options, JOIN_DEADLINE_MS)
  const deadline = deadlineOf(dht, 'refreshing', ms, options.signal)
  try {
    await fill(dht, 0, { ...options, signal: deadline.signal })
  } finally {
    deadline.clear()
  }
}

/** Look up ourselves, then a key in each bucket that no lookup went through for `interval` ms. Returns the former's result. */
export async function fill (dht: DhtContext, interval: number, options: OperationOptions): Promise<LookupResult> {
  const { config: { clock, random }, peers: { table }, self } = dht
  const eager: DhtContext = { ...dht, awaitContacts: async () => {}, walks: new Walks(clock) } // it is these lookups that others wait for
  const ourselves = await lookUp(eager, self.id, options)
  for (const target of refreshTargets(table.buckets(), { now: clock.now(), interval, random })) {
    const { key } = await lookUp(eager, target, options)
    options.onProgress?.({ type: 'refreshed', key, contacts: table.size })
  }
  return ourselves
}

function nobodyAnswered (failed: JoinResult['failed']): string {
  if (failed.length === 0) {
    return 'no peers: this node knows nobody, so give it the address of at least one running node (bootstrap)'
  }
  const causes = failed.map(({ error }) => error.message).join('; ')
  return `nobody answered at ${failed.length === 1 ? 'the bootstrap address' : `any of the ${failed.length} bootstrap addresses`}: ${causes}`
}
