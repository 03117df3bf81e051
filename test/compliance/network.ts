import { expect } from 'aegir/chai'
import type { PeerInfo } from '../../src/keyspace/contact.ts'
import type { Host, StreamHandler } from '../../src/rpc/connection.ts'

/** The protocol the checks speak. */
export const PROTOCOL = '/kadmium/compliance/1.0.0'

/** A running host under test. */
export interface TestHost {
  host: Host
  /** A binary multiaddr of it that the other hosts can dial, without `/p2p`. */
  addr: Uint8Array
  /** Stop it. Called a second time, it does nothing. */
  stop (): Promise<void>
  /** How many streams it holds that are not over. Where given, it must come down to 0. */
  openStreams? (): number
}

/** Makes hosts that can reach one another. */
export interface TestNetwork {
  host (): Promise<TestHost>
  /** Stop every host that still runs. */
  stop (): Promise<void>
  /**
   * Left out where a host knows where its dialler listens when it serves the first
   * stream. Otherwise: make `to` know it of `from`, for the streams that come after.
   */
  acquaint? (from: TestHost, to: TestHost): Promise<void>
  /** Make time pass until `task` settles. Left out where time passes by itself. */
  run? <T> (task: Promise<T>): Promise<T>
}

export interface HostSetup {
  create (): Promise<TestNetwork>
  /** How many bytes may be between a writer and a reader who does not read: buffers of the host and of the machine. Default: 16 MiB */
  maxInFlight?: number
}

/** What a check is given: hosts, made as needed and stopped after it. */
export interface Hosts {
  /** A host that serves nothing. */
  client (): Promise<TestHost>
  /** A host that serves {@link PROTOCOL}. */
  server (handler: StreamHandler): Promise<TestHost>
  /** See {@link TestNetwork.acquaint}. */
  acquaint (from: TestHost, to: TestHost): Promise<void>
}

/** Register one check as a test of its own, on a network of its own. */
export function check (setup: HostSetup, title: string, body: (hosts: Hosts) => Promise<void>): void {
  it(title, async () => {
    const network = await setup.create()
    const run = network.run?.bind(network) ?? (async task => task)
    const made: TestHost[] = []
    const client = async (): Promise<TestHost> => {
      const host = await network.host()
      made.push(host)
      return host
    }
    const server = async (handler: StreamHandler): Promise<TestHost> => {
      const test = await client()
      await test.host.handle(PROTOCOL, handler)
      return test
    }

    try {
      const acquaint = async (from: TestHost, to: TestHost): Promise<void> => network.acquaint?.(from, to)
      await run(body({ client, server, acquaint }))
    } finally {
      await run(network.stop())
    }
    for (const test of made) {
      expect(test.openStreams?.() ?? 0).to.equal(0, 'streams left open after stop')
    }
  })
}

/** Who `test` is, to be dialled. */
export function peerOf (test: TestHost): PeerInfo {
  return { id: test.host.self.id, addrs: [test.addr] }
}
