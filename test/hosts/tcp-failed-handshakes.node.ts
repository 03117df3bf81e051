import { connect, Socket } from 'node:net'
import { connect as connectTls, TLSSocket } from 'node:tls'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { expect } from 'aegir/chai'
import { Acceptor } from '../../src/hosts/tcp/acceptor.ts'
import { parseAddress, parseEndpoint } from '../../src/hosts/tcp/address.ts'
import { Admission } from '../../src/hosts/tcp/admission.ts'
import { Dialler } from '../../src/hosts/tcp/dialler.ts'
import { LibP2PTls } from '../../src/hosts/tcp/tls.ts'
import { Visitors } from '../../src/hosts/tcp/visitors.ts'
import { certificate, extension } from './tcp-certificates.ts'
import { closed, failureOf, PROTOCOL, Stage } from './tcp-hosts.ts'
import type { Hello } from '../../src/hosts/tcp/hello.ts'
import type { ConnectionOptions } from 'node:tls'

const ATTACKER = '192.0.2.1'
const OTHER = '192.0.2.2'

/** A chain of some 90 KB: OpenSSL takes 100 KB of a peer. */
async function chain (): Promise<ConnectionOptions> {
  const long = await certificate(await generateKeyPair('Ed25519'), { others: [extension('1.2.3.4', false, new Uint8Array(8_000))] })
  return { ...long, cert: long.cert.repeat(11), ALPNProtocols: ['libp2p'], rejectUnauthorized: false }
}

describe('handshakes over TCP that come to nothing', () => {
  let stage: Stage
  let admission: Admission
  let tls: LibP2PTls

  beforeEach(async () => {
    stage = new Stage()
    admission = new Admission(stage.clock)
    tls = await LibP2PTls.create(await generateKeyPair('Ed25519'), stage.clock)
  })

  afterEach(async () => { await stage.stop() })

  const hello = (): Hello => { throw new Error('nobody has proven who it is') }

  it('have all of a remote reset that are under way, and keep it out for a while, if it sent much', async () => {
    const acceptor = new Acceptor({ self: Uint8Array.from([1]), clock: stage.clock, tls, admission, visitors: new Visitors(), hello, onConnection: () => {} })
    const ips: string[] = []
    const inbound: Socket[] = []
    const addr = parseEndpoint(parseAddress(await stage.server(socket => {
      inbound.push(socket)
      acceptor.accept(Object.defineProperty(socket, 'remoteAddress', { value: ips.shift() }))
    })))
    const visit = async (ip: string): Promise<Socket> => {
      const count = inbound.length
      ips.push(ip)
      const socket = connect({ ...addr, allowHalfOpen: true })
      stage.keep(socket)
      while (inbound.length === count) {
        await new Promise(resolve => { setImmediate(resolve) })
      }
      return socket
    }

    const [silent, other] = [await visit(ATTACKER), await visit(OTHER)]
    const attacking = connectTls({ ...await chain(), socket: await visit(ATTACKER) })
    stage.keep(attacking)
    await closed(silent)
    await closed(attacking)
    await closed(await visit(ATTACKER))
    expect(other.closed).to.equal(false)
    expect([OTHER, '127.0.0.1', ATTACKER].map(ip => admission.isKeptOut(ip))).to.deep.equal([false, false, true])

    stage.clock.advance(30_000)
    expect(admission.isKeptOut(ATTACKER), 'a byte is forgiven each millisecond').to.equal(false)
    inbound.forEach(socket => { socket.destroy() })
    await Promise.all(inbound.map(closed))
  })

  it('have whom we dialled left alone for a while, if it sent much', async () => {
    let dials = 0
    const options = { ...await chain(), isServer: true, requestCert: true }
    const addr = parseAddress(await stage.server(raw => {
      dials++
      stage.keep(new TLSSocket(raw, options))
    }))
    const dialler = new Dialler({
      self: Uint8Array.from([1]),
      clock: stage.clock,
      tls,
      allowRemotePlain: false,
      admission,
      hello,
      onConnection: ({ raw }) => { Object.defineProperty(raw, 'remoteAddress', { value: ATTACKER }) }
    })
    const dial = async (): Promise<string> => (await failureOf(dialler.dial({ addrs: [addr], protocol: PROTOCOL }))).message
    expect(await dial()).to.include('more than one certificate')
    expect(await dial()).to.include('left alone for a while')
    stage.clock.advance(30_000)
    expect(await dial()).to.include('more than one certificate')
    expect(dials).to.equal(3)
  })

  it('cost an honest remote nothing, nor one on this machine', () => {
    for (let i = 0; i < 1_000; i++) {
      admission.handshakeFailed(OTHER, 4_096)
      admission.handshakeFailed('127.0.0.1', 100_000)
    }
    admission.handshakeFailed(ATTACKER, 60_000)
    expect([OTHER, '127.0.0.1', ATTACKER].map(ip => admission.isKeptOut(ip))).to.deep.equal([false, false, false])
    admission.handshakeFailed(ATTACKER, 60_000)
    expect([ATTACKER, `::ffff:${ATTACKER}`].map(ip => admission.isKeptOut(ip))).to.deep.equal([true, true])
    expect(admission.admit(ATTACKER, () => {})).to.equal(undefined)
  })
})
