import { generateKeyPair } from '@libp2p/crypto/keys'
import { expect } from 'aegir/chai'
import { parseAddress } from '../../src/hosts/tcp/address.ts'
import { Mode } from '../../src/hosts/tcp/hello.ts'
import { RpcClient } from '../../src/rpc/client.ts'
import { UnsupportedProtocolError } from '../../src/rpc/errors.ts'
import { bytes, frame, message, TYPE } from '../helpers/protobuf.ts'
import { failureOf, helloOf, PROTOCOL, SECURITIES, Stage } from './tcp-hosts.ts'
import type { TcpHost } from '../../src/hosts/tcp/host.ts'

const PING = frame(message.type(TYPE.ping))

/** Milliseconds of a round trip. */
const ROUND_TRIP = 70

describe('requests that go before a stream over TCP is open', () => {
  let stage: Stage

  beforeEach(() => { stage = new Stage() })

  afterEach(async () => { await stage.stop() })

  function clientOf (host: TcpHost): RpcClient {
    return new RpcClient({ host, protocol: PROTOCOL, clock: stage.clock, maxRecordSize: 1000 })
  }

  it('come with the hello, and are timed from then on', async () => {
    const peer = (await generateKeyPair('Ed25519')).publicKey.toMultihash().bytes
    const addr = parseAddress(await stage.server(socket => {
      let received: Uint8Array = new Uint8Array(0)
      socket.on('end', () => { socket.end() })
      socket.on('data', chunk => {
        received = bytes(received, chunk)
        // no hello is written before both requests are there
        if (Buffer.from(received).includes(Buffer.from(bytes(PING, PING)))) {
          stage.clock.advance(ROUND_TRIP)
          socket.write(bytes(helloOf(peer, { mode: Mode.SERVER, addrs: [new Uint8Array(parseAddress('127.0.0.1:1'))] }), PING, PING))
        }
      })
    }))
    const client = clientOf(await stage.host({ security: 'plain' }))
    const to = { id: peer, addrs: [addr] }
    const answers = await Promise.all([client.request(to, { type: 'ping' }), client.request(to, { type: 'ping' })])

    expect(answers.map(({ type }) => type)).to.deep.equal(['ping', 'ping'])
    expect(client.expected(to)).to.be.within(ROUND_TRIP / 2, ROUND_TRIP)
    await client.close()
  })

  SECURITIES.forEach(security => {
    it(`are lost on a peer of another network, which is said (${security})`, async () => {
      const server = await stage.host({ security })
      await server.handle('/another/1.0.0', async () => { throw new Error('served') })
      const client = clientOf(await stage.host({ security }))

      expect(await failureOf(client.request(server.self, { type: 'ping' }))).to.be.an.instanceOf(UnsupportedProtocolError)
      await client.close()
    })

    it(`are answered by the address that serves, of many (${security})`, async () => {
      const server = await stage.echo({ security })
      const other = await stage.echo({ security })
      const silent = parseAddress(await stage.server(() => {}))
      const client = clientOf(await stage.host({ security }))
      const { id } = server.self
      const request = client.request({ id, addrs: [silent, ...other.self.addrs, ...server.self.addrs] }, { type: 'ping' })
      while (other.sockets.inbound === 0 && server.sockets.inbound === 0) {
        await new Promise(resolve => { setImmediate(resolve) })
        stage.clock.advance(1)
      }

      expect((await request).type).to.equal('ping')
      await client.close()
    })
  })
})
