import { expect } from 'aegir/chai'
import { check, PROTOCOL } from './network.ts'
import { connect, defer, echo, pattern, roundTrip, thenSilence } from './streams.ts'
import type { HostSetup, TestHost } from './network.ts'
import type { Deferred } from './streams.ts'
import type { PeerInfo } from '../../src/keyspace/contact.ts'
import type { Stream, Topology } from '../../src/rpc/connection.ts'

/** Keeps what a host told, and lets a check wait for it. */
class Witness implements Topology {
  readonly told: string[] = []
  readonly #awaited = new Map<string, Deferred<PeerInfo>>()

  onConnect (peer: PeerInfo): void {
    this.#tell(`connect ${peer.id.join()}`, peer)
  }

  onDisconnect (peer: PeerInfo): void {
    this.#tell(`disconnect ${peer.id.join()}`, peer)
  }

  async connected (test: TestHost): Promise<PeerInfo> {
    return this.#event(`connect ${test.host.self.id.join()}`).promise
  }

  async disconnected (test: TestHost): Promise<PeerInfo> {
    return this.#event(`disconnect ${test.host.self.id.join()}`).promise
  }

  #tell (event: string, peer: PeerInfo): void {
    this.told.push(event)
    this.#event(event).resolve(peer)
  }

  #event (event: string): Deferred<PeerInfo> {
    const awaited = this.#awaited.get(event) ?? defer<PeerInfo>()
    this.#awaited.set(event, awaited)
    return awaited
  }
}

/** A stream that stays open until somebody ends it. */
async function holdOpen (from: TestHost, to: TestHost): Promise<Stream> {
  const stream = await connect(from, to)
  stream.sink(thenSilence(pattern(1))).catch((err: unknown) => {
    // it ends by the reset of one of the two hosts, when the check is over
    expect(err).to.be.an.instanceOf(Error)
  })
  await stream.source.next()
  return stream
}

/** A host tells of the peers that connect to it and serve the protocol themselves. */
export function watchingCompliance (setup: HostSetup): void {
  describe('watching', () => {
    check(setup, 'tells of a peer that connects, and of its leaving', async hosts => {
      const server = await hosts.server(echo)
      const peer = await hosts.server(echo)
      const witness = new Witness()
      server.host.watch(PROTOCOL, witness)
      await holdOpen(peer, server)
      const connected = await witness.connected(peer)

      expect(connected.addrs.map(addr => addr.join())).to.include(peer.addr.join())
      await peer.stop()
      expect((await witness.disconnected(peer)).id).to.equalBytes(peer.host.self.id)
      expect(witness.told).to.have.lengthOf(2)
    })

    check(setup, 'tells of a peer once while it is connected', async hosts => {
      const server = await hosts.server(echo)
      const peer = await hosts.server(echo)
      const witness = new Witness()
      server.host.watch(PROTOCOL, witness)
      await holdOpen(peer, server)
      await holdOpen(peer, server)
      await roundTrip(peer, server)
      await witness.connected(peer)
      await peer.stop()
      await witness.disconnected(peer)

      expect(witness.told).to.have.lengthOf(2)
    })

    check(setup, 'does not tell of a peer that serves nothing', async hosts => {
      const server = await hosts.server(echo)
      const client = await hosts.client()
      const peer = await hosts.server(echo)
      const witness = new Witness()
      server.host.watch(PROTOCOL, witness)
      await holdOpen(client, server)
      await client.stop()
      // a peer that connects later is told of: by then the client would have been
      await holdOpen(peer, server)
      await witness.connected(peer)
      await peer.stop()
      await witness.disconnected(peer)

      expect(witness.told).to.deep.equal([
        `connect ${peer.host.self.id.join()}`,
        `disconnect ${peer.host.self.id.join()}`
      ])
    })

    check(setup, 'tells nobody who has stopped watching', async hosts => {
      const server = await hosts.server(echo)
      const peer = await hosts.server(echo)
      const gone = new Witness()
      const staying = new Witness()
      const unwatch = server.host.watch(PROTOCOL, gone)
      server.host.watch(PROTOCOL, staying)
      unwatch()
      unwatch()
      await holdOpen(peer, server)
      await staying.connected(peer)

      expect(gone.told).to.be.empty()
    })

    check(setup, 'does not tell of the leaving of a peer to who stopped watching meanwhile', async hosts => {
      const server = await hosts.server(echo)
      const peer = await hosts.server(echo)
      const gone = new Witness()
      const staying = new Witness()
      const unwatch = server.host.watch(PROTOCOL, gone)
      server.host.watch(PROTOCOL, staying)
      await holdOpen(peer, server)
      await gone.connected(peer)
      unwatch()
      await peer.stop()
      await staying.disconnected(peer)

      expect(gone.told).to.deep.equal([`connect ${peer.host.self.id.join()}`])
    })

    check(setup, 'tells only who watches the protocol that is served', async hosts => {
      const server = await hosts.server(echo)
      const peer = await hosts.server(echo)
      const another = new Witness()
      const witness = new Witness()
      server.host.watch('/kadmium/another/1.0.0', another)
      server.host.watch(PROTOCOL, witness)
      await holdOpen(peer, server)
      await witness.connected(peer)

      expect(another.told).to.be.empty()
    })
  })
}
