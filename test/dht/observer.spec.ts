import { defaultLogger } from '@libp2p/logger'
import { expect } from 'aegir/chai'
import { Simulation } from '../helpers/simulation.ts'
import type { KademliaInit, Observer } from '../../src/dht/init.ts'
import type { SimulatedNode } from '../helpers/simulation.ts'
import type { ComponentLogger, Logger } from '@libp2p/interface'

const HOUR_MS = 3_600_000
const MULTIHASH = Uint8Array.from([0x12, 0x20, ...new Uint8Array(32)])

/** As programs write one that counts: its methods need their object. */
class Counting implements Observer {
  readonly #counts = new Map<string, number>()
  readonly client = { onRequest: (): () => void => { this.#count('asked'); return () => { this.#count('was answered') } } }
  readonly server = { onRequest: (): () => void => { this.#count('was asked'); return () => { this.#count('answered') } } }
  onContact (): void { this.#count('contact') }
  onContactGone (): void { this.#count('contact gone') }
  onProbe (): void { this.#count('probe') }
  onReprovide (): void { this.#count('reprovide') }
  onSelfLookup (): void { this.#count('self-lookup') }

  get seen (): string[] {
    return [...this.#counts.keys()].sort()
  }

  #count (what: string): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1)
  }
}

/** Throws whatever it is told. */
class Throwing extends Counting {
  override readonly client = { onRequest: refuse }
  override readonly server = { onRequest: () => refuse }
  override onContact (): void { super.onContact(); refuse() }
  override onContactGone (): void { super.onContactGone(); refuse() }
  override onProbe (): void { super.onProbe(); refuse() }
  override onReprovide (): void { super.onReprovide(); refuse() }
  override onSelfLookup (): void { super.onSelfLookup(); refuse() }
}

function refuse (): never {
  throw new Error('the metrics are gone')
}

describe('observer', () => {
  let simulation: Simulation

  beforeEach(() => { simulation = new Simulation({ seed: 61, latency: 10 }) })

  afterEach(async () => {
    expect(await simulation.stop(), 'timers left').to.equal(0)
  })

  /** A node that meets others, asks, is asked, provides for two days and loses them. */
  async function life (init: Partial<KademliaInit>): Promise<SimulatedNode> {
    const node = await simulation.node(init)
    const others: SimulatedNode[] = []
    for (let i = 0; i < 5; i++) {
      others.push(await simulation.node())
      await simulation.clock.run(others[i].dht.ping(node.dht.self))
    }
    await simulation.clock.advance(1000)
    expect(node.dht.contacts).to.equal(5)
    expect((await simulation.clock.run(node.dht.put('greeting', 'hello'))).storedAt).to.have.length(5)
    expect((await simulation.clock.run(node.dht.provide(MULTIHASH))).sentTo).to.have.length(5)
    await simulation.clock.advance(30 * HOUR_MS)
    expect(node.dht.counts.reproviding.round).to.include({ sent: 1, failed: 0 })
    await simulation.clock.run(Promise.all(others.map(async ({ dht }) => dht.stop())))
    await simulation.clock.advance(HOUR_MS)
    expect(node.dht.contacts).to.equal(0)
    return node
  }

  it('may be of a class', async () => {
    const observer = new Counting()
    await life({ observer })
    expect(observer.seen).to.deep.equal(['answered', 'asked', 'contact', 'contact gone', 'probe', 'reprovide', 'self-lookup', 'was answered', 'was asked'])
  })

  it('that throws changes nothing, and is logged', async () => {
    const { lines, logger } = noting()
    const observer = new Throwing()
    await life({ observer, logger })
    expect(observer.seen).to.deep.equal(['contact', 'contact gone', 'probe', 'reprovide', 'self-lookup'])
    expect(lines).to.include(LINE)
  })

  it('that throws when it is told of an answer is logged, and does not end the process', async () => {
    const { lines, logger } = noting()
    await life({ observer: { client: { onRequest: () => refuse } }, logger })
    expect(lines).to.include(LINE)
  })
})

const LINE = 'the observer threw: %e the metrics are gone'

/** A logger, and what it is told of errors. */
function noting (): { lines: string[], logger: ComponentLogger } {
  const lines: string[] = []
  const silent = defaultLogger()
  const forComponent = (name: string): Logger => Object.assign(silent.forComponent(name), {
    error: (line: string, err: Error) => { lines.push(`${line} ${err.message}`) }
  })
  return { lines, logger: { forComponent } }
}
