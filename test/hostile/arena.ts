import { pipe } from 'it-pipe'
import { bytes } from '../helpers/protobuf.ts'
import type { KademliaInit } from '../../src/dht/init.ts'
import type { Kademlia } from '../../src/dht/kademlia.ts'
import type { PeerInfo } from '../../src/keyspace/contact.ts'
import type { Host } from '../../src/rpc/connection.ts'

export const NETWORK = '/hostile/1.0.0'

/** A host of some kind, and what it takes to run it. */
export interface ArenaHost {
  readonly host: Host
  stop (): Promise<void>
}

/** Where hostile input meets a node: one kind of host, real or virtual time. */
export interface Arena {
  /** A host that listens. */
  host (): Promise<ArenaHost>
  /** Make a DHT on a host, on this arena's clock. */
  dht (host: Host, init?: Partial<KademliaInit>): Kademlia
  /** Wait for `task`, letting virtual time pass if that is what the host runs on. */
  run<T> (task: Promise<T>): Promise<T>
  /** Let `ms` milliseconds pass on the clock of the nodes. */
  advance (ms: number): Promise<void>
  /** Stop all hosts, and throw if anything is left running. */
  stop (): Promise<void>
}

/** How a stream ended for who opened it, and what came before. */
export interface Outcome {
  readonly received: Uint8Array
  readonly ended: 'closed' | 'reset'
}

/** Write `chunks` to a new stream to `victim`, end our half, read to the end. */
export async function attack (attacker: Host, victim: PeerInfo, ...chunks: Uint8Array[]): Promise<Outcome> {
  const stream = await attacker.openStream(victim, NETWORK)
  const received: Uint8Array[] = []
  try {
    // a reset may be seen by the writing half first, the reading half, or both
    const written = stream.sink(chunks)
    written.catch(() => {})
    await pipe(stream.source, async source => {
      for await (const chunk of source) {
        received.push(chunk.subarray())
      }
    })
    await written
    return { received: bytes(...received), ended: 'closed' }
  } catch {
    return { received: bytes(...received), ended: 'reset' }
  }
}

/** Have `host` answer each stream with `answer`, whatever is asked, once the question has come. */
export async function answerWith (host: Host, ...answer: Uint8Array[]): Promise<void> {
  await host.handle(NETWORK, async stream => {
    await stream.source.next()
    await stream.sink(answer)
  })
}
