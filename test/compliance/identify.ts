import { expect } from 'aegir/chai'
import { DialError, UnsupportedProtocolError } from '../../src/rpc/errors.ts'
import { check, PROTOCOL } from './network.ts'
import { echo, failureOf, roundTrip } from './streams.ts'
import type { HostSetup, TestHost } from './network.ts'
import type { PeerInfo } from '../../src/keyspace/contact.ts'

/** Varint of 421, the code of `/p2p` in the multiaddr protocol table. */
const P2P = [0xa5, 0x03]

/** `addr/p2p/<id>`, for an id of less than 128 bytes. */
function withPeerId (addr: Uint8Array, id: Uint8Array): Uint8Array {
  return Uint8Array.from([...addr, ...P2P, id.byteLength, ...id])
}

function expectToBe (peer: PeerInfo, test: TestHost): void {
  expect(peer.id).to.equalBytes(test.host.self.id)
  expect(peer.addrs.map(addr => addr.join())).to.include(test.addr.join())
}

/** Who is at an address? */
export function identifyCompliance (setup: HostSetup): void {
  describe('identify', () => {
    check(setup, 'finds out who serves at an address', async hosts => {
      const server = await hosts.server(echo)
      const client = await hosts.client()

      expectToBe(await client.host.identify(server.addr, PROTOCOL), server)
      await roundTrip(client, server)
    })

    check(setup, 'takes an address that names the peer', async hosts => {
      const server = await hosts.server(echo)
      const client = await hosts.client()

      expectToBe(await client.host.identify(withPeerId(server.addr, server.host.self.id), PROTOCOL), server)
    })

    check(setup, 'fails for an address that names another peer', async hosts => {
      const server = await hosts.server(echo)
      const other = await hosts.server(echo)
      const client = await hosts.client()
      const identifying = client.host.identify(withPeerId(server.addr, other.host.self.id), PROTOCOL)

      expect(await failureOf(identifying)).to.be.an.instanceOf(DialError)
    })

    check(setup, 'fails at our own address', async hosts => {
      const server = await hosts.server(echo)

      expect(await failureOf(server.host.identify(server.addr, PROTOCOL))).to.be.an.instanceOf(DialError)
    })

    check(setup, 'fails where nobody is, and for an address that is none', async hosts => {
      const server = await hosts.server(echo)
      const client = await hosts.client()
      await server.stop()

      expect(await failureOf(client.host.identify(server.addr, PROTOCOL))).to.be.an.instanceOf(DialError)
      expect(await failureOf(client.host.identify(Uint8Array.from([0xff, 0xff]), PROTOCOL))).to.be.an.instanceOf(DialError)
    })

    check(setup, 'says so when the peer does not serve the protocol', async hosts => {
      const nobody = await hosts.client()
      const client = await hosts.client()

      expect(await failureOf(client.host.identify(nobody.addr, PROTOCOL))).to.be.an.instanceOf(UnsupportedProtocolError)
    })

    check(setup, 'stops when aborted, before and while it dials', async hosts => {
      const server = await hosts.server(echo)
      const client = await hosts.client()
      const reason = new Error('never mind')
      const controller = new AbortController()
      const identifying = client.host.identify(server.addr, PROTOCOL, { signal: controller.signal })
      controller.abort(reason)

      expect(await failureOf(identifying)).to.equal(reason)
      const again = client.host.identify(server.addr, PROTOCOL, { signal: AbortSignal.abort(reason) })
      expect(await failureOf(again)).to.equal(reason)
    })
  })
}
