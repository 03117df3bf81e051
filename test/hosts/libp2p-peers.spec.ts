import { peerRoutingSymbol } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'aegir/chai'
import { createLibp2pHost } from '../../src/hosts/libp2p/host.ts'
import { PeerIds } from '../../src/hosts/libp2p/peer-ids.ts'
import { DialError } from '../../src/rpc/errors.ts'
import { PROTOCOL, peerOf } from '../compliance/network.ts'
import { connect, echo, failureOf, roundTrip } from '../compliance/streams.ts'
import { createLibp2pNode } from '../helpers/libp2p.ts'
import { asTestHost, componentsOf, connectAndIdentify, hostNode, stopNode } from './libp2p-hosts.ts'
import type { HostNode } from './libp2p-hosts.ts'
import type { Libp2pHostComponents, Libp2pHostOptions } from '../../src/hosts/libp2p/host.ts'
import type { PeerInfo } from '../../src/keyspace/contact.ts'
import type { Stream, Topology } from '../../src/rpc/connection.ts'
import type { Connection, Libp2pEvents } from '@libp2p/interface'

/** An identity multihash of `bytes`, shorter than 128 of them. */
function identity (bytes: Uint8Array): Uint8Array {
  return Uint8Array.from([0x00, bytes.byteLength, ...bytes])
}

/** The protobuf of a secp256k1 public key whose x is on no point of the curve. */
const OFF_CURVE = Uint8Array.from([0x08, 0x02, 0x12, 33, 0x02, ...new Uint8Array(31), 5])

/** What libp2p's relay transport sets on a connection that a relay will cut off. */
const LIMITS = { seconds: 120, bytes: 131_072n }

/** What a host listens to. */
const EVENTS = ['peer:identify', 'peer:disconnect', 'self:peer:update', 'transport:listening', 'transport:close', 'connection:prune']

/** Have `node` listen at one more address. */
async function listenAt (node: HostNode, addr: string): Promise<void> {
  await componentsOf(node).transportManager.listen([multiaddr(addr)])
}

type What = 'connect' | 'disconnect' | 'unsupported'

/** Lets a spec wait for the next thing it is told. */
class Told implements Topology {
  readonly #queue: Array<[what: What, peer: PeerInfo]> = []
  #wake: () => void = () => {}
  /** Whom the last thing that was waited for is about. */
  peer: PeerInfo | undefined

  onConnect (peer: PeerInfo): void {
    this.#tell('connect', peer)
  }

  onDisconnect (peer: PeerInfo): void {
    this.#tell('disconnect', peer)
  }

  onUnsupported (peer: PeerInfo): void {
    this.#tell('unsupported', peer)
  }

  get untold (): number {
    return this.#queue.length
  }

  async next (): Promise<What> {
    for (;;) {
      const next = this.#queue.shift()
      if (next != null) {
        this.peer = next[1]
        return next[0]
      }
      await new Promise<void>(resolve => { this.#wake = resolve })
    }
  }

  #tell (what: What, peer: PeerInfo): void {
    this.#queue.push([what, peer])
    this.#wake()
  }
}

describe('peers of the libp2p host', () => {
  let nodes: HostNode[] = []

  async function node (options?: Libp2pHostOptions): Promise<HostNode> {
    const made = await hostNode(createLibp2pNode, options)
    nodes.push(made)
    return made
  }

  async function server (options?: Libp2pHostOptions): Promise<HostNode> {
    const made = await node(options)
    await made.services.host.handle(PROTOCOL, echo)
    return made
  }

  function connectionsTo (from: HostNode, to: HostNode): Connection[] {
    return from.getConnections(to.peerId)
  }

  /** Make every connection that there is between two nodes a limited one. */
  function limit (a: HostNode, b: HostNode): void {
    for (const connection of [...connectionsTo(a, b), ...connectionsTo(b, a)]) {
      connection.limits = LIMITS
    }
  }

  afterEach(async () => {
    await Promise.all(nodes.map(stopNode))
    nodes = []
  })

  describe('connections', () => {
    it('makes one for streams opened at the same time, and uses it again', async () => {
      const [from, to] = [await node(), await server()]
      await Promise.all(Array.from({ length: 20 }, async () => roundTrip(asTestHost(from), asTestHost(to))))
      await roundTrip(asTestHost(from), asTestHost(to))

      expect(connectionsTo(from, to)).to.have.lengthOf(1)
      expect(connectionsTo(to, from)).to.have.lengthOf(1)
    })

    it('uses one that the peer has made', async () => {
      const [from, to] = [await node(), await server()]
      await to.dial(from.getMultiaddrs())
      const stream = await from.services.host.openStream({ id: to.services.host.self.id, addrs: [] }, PROTOCOL)
      await stream.sink([])

      expect(connectionsTo(from, to)).to.have.lengthOf(1)
    })

    it('dials anew when the open one turns out to be dead', async () => {
      const [from, to] = [await node(), await server()]
      await roundTrip(asTestHost(from), asTestHost(to))
      const [dead] = connectionsTo(from, to)
      connectionsTo(to, from).forEach(connection => { connection.abort(new Error('gone')) })
      expect(dead.status).to.equal('open')
      await roundTrip(asTestHost(from), asTestHost(to))

      expect(dead.status).to.not.equal('open')
      expect(connectionsTo(from, to).filter(({ status }) => status === 'open')).to.have.lengthOf(1)
    })

    it('dials anew when the open one takes no more streams, and leaves that to nobody', async () => {
      const [from, to] = [await node(), await server()]
      await roundTrip(asTestHost(from), asTestHost(to))
      const [dead] = connectionsTo(from, to)
      dead.newStream = async () => { throw Object.assign(new Error('its muxer is closed'), { name: 'MuxerClosedError' }) }
      await roundTrip(asTestHost(from), asTestHost(to))

      expect(dead.status).to.not.equal('open')
    })

    it('uses the latest, since a peer that has moved leaves one that is dead, as nobody knows yet', async () => {
      const [from, to] = [await node(), await server()]
      await to.dial(from.getMultiaddrs())
      await to.dial(from.getMultiaddrs(), { force: true })
      const stream = await from.services.host.openStream({ id: to.services.host.self.id, addrs: [] }, PROTOCOL)
      const used = connectionsTo(from, to).map(({ streams }) => streams.some(({ protocol }) => protocol === PROTOCOL))
      await stream.sink([])

      expect(used).to.deep.equal([false, true])
    })

    it('does not use one that a relay limits, unless told to', async () => {
      const [from, to] = [await node(), await server({ runOnLimitedConnection: true })]
      await connectAndIdentify(to, from)
      limit(from, to)
      await from.peerStore.delete(to.peerId)
      const withoutAddrs = { id: to.services.host.self.id, addrs: [new Uint8Array(0)] }
      expect(await failureOf(from.services.host.openStream(withoutAddrs, PROTOCOL))).to.be.an.instanceOf(DialError)
      await roundTrip(asTestHost(from), asTestHost(to))
      expect(connectionsTo(from, to).map(({ limits }) => limits == null)).to.have.members([false, true])

      const willing = await node({ runOnLimitedConnection: true })
      await connectAndIdentify(to, willing)
      limit(willing, to)
      await roundTrip(asTestHost(willing), asTestHost(to))
      expect(connectionsTo(willing, to)).to.have.lengthOf(1)

      // libp2p itself goes past a limited connection: now there is a better one
      const better = await willing.dial(to.getMultiaddrs())
      await connect(asTestHost(willing), asTestHost(to))
      expect(connectionsTo(willing, to)).to.have.lengthOf(2)
      expect(better.streams.map(({ protocol }) => protocol)).to.include(PROTOCOL)
    })

    it('serves nobody on one that a relay limits, unless told to', async () => {
      const from = await node({ runOnLimitedConnection: true })
      const to = await server()
      await connectAndIdentify(from, to)
      limit(from, to)
      const stream = await connect(asTestHost(from), asTestHost(to))

      expect(await failureOf(stream.source.next())).to.be.an.instanceOf(Error)
    })
  })

  describe('connections that are too many', () => {
    async function nextOf (node: HostNode, event: keyof Libp2pEvents): Promise<void> {
      await new Promise<void>(resolve => { node.addEventListener(event, () => { resolve() }, { once: true }) })
    }

    it('are closed when their streams are over, until they are few enough', async () => {
      const from = await node()
      const { connectionManager } = componentsOf(from)
      const streams: Stream[] = []
      for (let i = 0; i < 4; i++) {
        streams.push(await connect(asTestHost(from), asTestHost(await server())))
      }
      const pruned = nextOf(from, 'connection:prune')
      connectionManager.setMaxConnections(2)
      await pruned
      expect(from.getConnections(), 'all are in use').to.have.lengthOf(4)

      connectionManager.setMaxConnections(3)
      const closed = nextOf(from, 'connection:close')
      streams.forEach(stream => { stream.abort(new Error('that was all')) })
      await closed
      expect(from.getConnections().map(({ status }) => status)).to.deep.equal(['open', 'open', 'open'])
    })
  })

  describe('addresses', () => {
    it('dials a peer without any at those that libp2p knows', async () => {
      const [from, to] = [await node(), await server()]
      await from.peerStore.patch(to.peerId, { multiaddrs: to.getMultiaddrs() })
      const stream = await from.services.host.openStream({ id: to.services.host.self.id, addrs: [] }, PROTOCOL)
      await stream.sink([])

      expect(connectionsTo(from, to)).to.have.lengthOf(1)
    })

    it('dials a peer that is not where it was named at those that libp2p knows', async () => {
      const [from, to] = [await node(), await server()]
      const { id } = to.services.host.self
      const named = { id, addrs: [multiaddr('/memory/not-from-here').bytes] }
      expect(await failureOf(from.services.host.openStream(named, PROTOCOL))).to.be.an.instanceOf(DialError)
      await from.peerStore.patch(to.peerId, { multiaddrs: to.getMultiaddrs() })
      const stream = await from.services.host.openStream(named, PROTOCOL)
      await stream.sink([])

      expect(connectionsTo(from, to).map(({ remoteAddr }) => remoteAddr.toString())).to.deep.equal(to.getMultiaddrs().map(String))
    })

    it('does not look for them in the peer routing, which may be the DHT that asks', async () => {
      const to = await server()
      let asked = 0
      const from = await createLibp2pNode({
        services: {
          host: (components: Libp2pHostComponents) => createLibp2pHost(components),
          routing: () => ({
            [peerRoutingSymbol]: {
              async findPeer () {
                asked++
                return { id: to.peerId, multiaddrs: to.getMultiaddrs() }
              }
            }
          })
        }
      })
      const { id } = to.services.host.self
      const nowhere = [[], [multiaddr(`/p2p/${to.peerId}`).bytes]]
      for (const addrs of nowhere) {
        expect(await failureOf(from.services.host.openStream({ id, addrs }, PROTOCOL))).to.be.an.instanceOf(DialError)
      }
      expect(asked).to.equal(0)
      await from.stop()
    })

    it('names the peer and what to do when it cannot be reached', async () => {
      const [from, to] = [await node(), await server()]
      const peer = peerOf(asTestHost(to))
      await stopNode(to)
      const failure = await failureOf(from.services.host.openStream(peer, PROTOCOL))

      expect(failure).to.be.an.instanceOf(DialError)
        .with.property('message').that.includes(to.peerId.toString()).and.includes('Check that it runs')
      expect(failure).to.have.property('cause').that.is.an('error')
    })

    it('dials the last of many, for which alone there is a transport', async () => {
      const [from, to] = [await node(), await server()]
      const { id, addrs } = to.services.host.self
      const others = Array.from({ length: 40 }, (_, i) => multiaddr(`/ip4/127.0.0.1/tcp/${i + 1}`).bytes)
      const stream = await from.services.host.openStream({ id, addrs: [...others, ...addrs] }, PROTOCOL)
      await stream.sink([])

      expect(connectionsTo(from, to)).to.have.lengthOf(1)
    })

    it('knows all of the many of a connected peer', async () => {
      const [from, to] = [await node(), await server()]
      for (let i = 0; i < 40; i++) {
        await listenAt(to, `/memory/one-of-many-${i}`)
      }
      await connectAndIdentify(to, from)

      expect(from.services.host.addrsOf(to.services.host.self.id)).to.have.lengthOf(41)
    })

    it('tells of new addresses of its own, until told not to', async () => {
      const it = await node()
      const { host } = it.services
      const told: number[] = []
      const unwatch = host.watchAddrs(() => { told.push(host.self.addrs.length) })
      await listenAt(it, '/memory/one-more')
      expect(told).to.deep.equal([2])
      it.services.inside.components.events.safeDispatchEvent('self:peer:update')
      expect(told, 'these are the same').to.deep.equal([2])
      unwatch()
      await listenAt(it, '/memory/and-another')
      expect([told, host.self.addrs.length]).to.deep.equal([[2], 3])
    })

    it('gives those of an identified peer: as it was dialled, then where else it listens', async () => {
      const [from, to] = [await node(), await server()]
      await listenAt(to, '/memory/elsewhere')
      await connectAndIdentify(to, from)
      const { id, addrs } = await from.services.host.identify(asTestHost(to).addr, PROTOCOL)

      expect(id).to.equalBytes(to.services.host.self.id)
      expect(addrs.map(addr => multiaddr(addr).toString())).to.deep.equal([multiaddr(asTestHost(to).addr).toString(), '/memory/elsewhere'])
      expect(from.services.host.openStreams + to.services.host.openStreams).to.equal(0)
    })

    it('follows our own', async () => {
      const to = await server()
      const before = to.services.host.self
      expect(to.services.host.self).to.equal(before)
      await listenAt(to, '/memory/one-more')

      expect(to.services.host.self.addrs.map(addr => multiaddr(addr).toString())).to.include('/memory/one-more')
      expect(to.services.host.self.id).to.equalBytes(to.peerId.toMultihash().bytes)
    })
  })

  describe('ids', () => {
    it('fails to dial those that nobody can have', async () => {
      const [from, to] = [await node(), await server()]
      const ids = [identity(OFF_CURVE), identity(new TextEncoder().encode('https://localhost')), identity(new Uint8Array(4)), Uint8Array.from([0x12, 0x20, 1]), new Uint8Array(0)]
      for (const id of ids) {
        expect(await failureOf(from.services.host.openStream({ id, addrs: [asTestHost(to).addr] }, PROTOCOL))).to.be.an.instanceOf(DialError)
      }
      expect(from.getConnections()).to.have.lengthOf(0)
    })

    it('keeps them decoded, the latest', async () => {
      const ids = new PeerIds()
      const sha256 = (n: number): Uint8Array => Uint8Array.from([0x12, 0x20, ...new Uint8Array(30), n >> 8, n & 255])
      const first = ids.of(sha256(0))
      expect(ids.of(sha256(0))).to.equal(first)
      for (let n = 1; n <= 2000; n++) {
        ids.of(sha256(n))
      }
      expect(ids.of(sha256(0))).to.not.equal(first)
    })
  })

  describe('watching', () => {
    it('tells of those that are connected already', async () => {
      const [from, to] = [await server(), await server()]
      await connectAndIdentify(from, to)
      const told = new Told()
      to.services.host.watch(PROTOCOL, told)

      expect(await told.next()).to.equal('connect')
      expect(told.peer?.id).to.equalBytes(from.services.host.self.id)
    })

    it('tells of those that were connected before there was a host', async () => {
      const [from, to] = [await server(), await node()]
      await connectAndIdentify(from, to)
      const told = new Told()
      const late = createLibp2pHost(componentsOf(to))
      late.watch(PROTOCOL, told)

      expect(await told.next()).to.equal('connect')
      expect(told.peer?.addrs.map(addr => addr.join())).to.include(asTestHost(from).addr.join())
      await late.stop()
    })

    it('tells when a connected peer takes the protocol back, and serves it again', async () => {
      const [from, to] = [await server(), await server()]
      const told = new Told()
      to.services.host.watch(PROTOCOL, told)
      await connectAndIdentify(from, to)
      expect(await told.next()).to.equal('connect')
      await from.services.host.unhandle(PROTOCOL)
      expect(await told.next()).to.equal('unsupported')
      await from.services.host.handle(PROTOCOL, echo)
      expect(await told.next()).to.equal('connect')
      await stopNode(from)
      expect(await told.next()).to.equal('disconnect')
    })

    it('tells nothing of a client that takes back what it never served', async () => {
      const [client, to] = [await node(), await server()]
      const told = new Told()
      to.services.host.watch(PROTOCOL, told)
      await connectAndIdentify(client, to)
      // libp2p notes in its peer store that the client serves what it opens a stream of
      await roundTrip(asTestHost(client), asTestHost(to))
      expect((await to.peerStore.get(client.peerId)).protocols).to.include(PROTOCOL)
      const pushed = new Promise(resolve => { to.addEventListener('peer:identify', resolve, { once: true }) })
      await client.services.host.handle('/another/1', echo)
      await pushed
      expect((await to.peerStore.get(client.peerId)).protocols).to.not.include(PROTOCOL)
      await stopNode(client)
      const [last] = [await server()]
      await connectAndIdentify(last, to)

      expect(await told.next()).to.equal('connect')
      expect(told.peer?.id).to.equalBytes(last.services.host.self.id)
    })

    it('knows where a connected peer listens, and forgets it, also when identify ends after the connection', async () => {
      const [from, to] = [await server(), await server()]
      const identified = new Promise<CustomEvent>(resolve => { to.addEventListener('peer:identify', resolve, { once: true }) })
      await connectAndIdentify(from, to)
      const { id } = from.services.host.self
      expect(to.services.host.addrsOf(id)).to.have.lengthOf.at.least(1)
      const gone = new Promise(resolve => { to.addEventListener('peer:disconnect', resolve, { once: true }) })
      await stopNode(from)
      await gone
      expect(to.services.host.addrsOf(id)).to.deep.equal([])
      componentsOf(to).events.dispatchEvent(new CustomEvent('peer:identify', { detail: (await identified).detail }))
      expect(to.services.host.addrsOf(id)).to.deep.equal([])
    })

    it('tells nothing of a peer whose identify ends after the connection: nobody would tell that it is gone', async () => {
      const [from, to] = [await server(), await server()]
      const identified = new Promise<CustomEvent>(resolve => { to.addEventListener('peer:identify', resolve, { once: true }) })
      await connectAndIdentify(from, to)
      const { detail } = await identified
      const gone = new Promise(resolve => { to.addEventListener('peer:disconnect', resolve, { once: true }) })
      await stopNode(from)
      await gone
      const told = new Told()
      to.services.host.watch(PROTOCOL, told)
      componentsOf(to).events.dispatchEvent(new CustomEvent('peer:identify', { detail }))
      await connectAndIdentify(await server(), to)

      expect(await told.next()).to.equal('connect')
      expect(told.peer?.id).to.not.equalBytes(from.services.host.self.id)
    })

    it('looks at the first of the thousands of addresses and protocols that a peer says it has, and keeps no others', async () => {
      const [from, to] = [await server(), await server()]
      const identified = new Promise<CustomEvent>(resolve => { to.addEventListener('peer:identify', resolve, { once: true }) })
      await connectAndIdentify(from, to)
      const { detail } = await identified
      const addrs = Array.from({ length: 8_000 }, (_, i) => multiaddr(`/ip4/127.0.0.1/tcp/${Math.max(1, i - 60)}`))
      const protocols = Array.from({ length: 8_000 }, (_, i) => `/${i}`)
      componentsOf(to).events.dispatchEvent(new CustomEvent('peer:identify', { detail: { ...detail, listenAddrs: addrs, signedPeerRecord: undefined, protocols: [...protocols, PROTOCOL] } }))
      const told = new Told()
      to.services.host.watch(PROTOCOL, told)
      const other = await server()
      await connectAndIdentify(other, to)

      expect(to.services.host.addrsOf(from.services.host.self.id).map(addr => multiaddr(addr).toString())).to.deep.equal(['/ip4/127.0.0.1/tcp/1', '/ip4/127.0.0.1/tcp/2', '/ip4/127.0.0.1/tcp/3'])
      expect(await told.next()).to.equal('connect')
      expect(told.peer?.id).to.equalBytes(other.services.host.self.id)
    })

    it('knows where a peer listens that says only what has changed', async () => {
      const [from, to] = [await server(), await server()]
      const identified = new Promise<CustomEvent>(resolve => { to.addEventListener('peer:identify', resolve, { once: true }) })
      await connectAndIdentify(from, to)
      const { detail } = await identified
      const { id } = from.services.host.self
      const before = to.services.host.addrsOf(id)
      expect(before).to.have.lengthOf.at.least(1)
      componentsOf(to).events.dispatchEvent(new CustomEvent('peer:identify', { detail: { ...detail, listenAddrs: [], signedPeerRecord: undefined } }))
      expect(to.services.host.addrsOf(id)).to.deep.equal(before)
    })

    it('tells again of a peer that names a new address', async () => {
      const [from, to] = [await server(), await server()]
      const told = new Told()
      to.services.host.watch(PROTOCOL, told)
      await connectAndIdentify(from, to)
      expect(await told.next()).to.equal('connect')
      await listenAt(from, '/memory/moved-here')
      await from.services.identifyPush.push()

      expect(await told.next()).to.equal('connect')
      expect(told.peer?.addrs.map(addr => multiaddr(addr).toString())).to.include('/memory/moved-here')
      expect(told.untold).to.equal(0)
    })

    it('tells again of a peer that connects once more: it may have been lost over a connection that is dead, as nobody knows yet', async () => {
      const [from, to] = [await server(), await server()]
      const told = new Told()
      to.services.host.watch(PROTOCOL, told)
      await connectAndIdentify(from, to)
      expect(await told.next()).to.equal('connect')
      await from.dial(to.getMultiaddrs(), { force: true })

      expect(await told.next()).to.equal('connect')
      expect(connectionsTo(to, from)).to.have.lengthOf(2)
      await from.services.identifyPush.push()
      await stopNode(from)
      expect(await told.next()).to.equal('disconnect')
    })

    it('does not tell of a peer behind a relay with limits', async () => {
      const [from, to] = [await server(), await node()]
      await connectAndIdentify(from, to)
      limit(from, to)
      const told = new Told()
      to.services.host.watch(PROTOCOL, told)
      const other = await server()
      await connectAndIdentify(other, to)

      expect(await told.next()).to.equal('connect')
      expect(told.peer?.id).to.equalBytes(other.services.host.self.id)
    })
  })

  describe('stop', () => {
    it('leaves nothing at the node, which goes on', async () => {
      const [from, to] = [await node(), await node()]
      const { events, registrar } = componentsOf(to)
      const listeners = (): number[] => EVENTS.map(event => events.listenerCount(event))
      const before = listeners()
      const host = createLibp2pHost(componentsOf(to))
      await host.handle(PROTOCOL, echo)
      host.watch(PROTOCOL, new Told())
      const stream = await connect(asTestHost(from), asTestHost(to))
      expect(listeners()).to.not.deep.equal(before)
      expect(host.openStreams).to.equal(1)
      await host.stop()
      await host.stop()

      expect(listeners()).to.deep.equal(before)
      expect(host.openStreams).to.equal(0)
      expect(registrar.getProtocols()).to.not.include(PROTOCOL)
      expect(await failureOf(stream.source.next())).to.be.an.instanceOf(Error)
      expect(await failureOf(host.openStream(peerOf(asTestHost(from)), PROTOCOL))).to.be.an.instanceOf(DialError)
      await to.services.host.handle(PROTOCOL, echo)
      await roundTrip(asTestHost(from), asTestHost(to))
    })

    it('leaves a protocol alone that somebody else of the node serves', async () => {
      const [from, to] = [await node(), await server()]
      const other = createLibp2pHost(componentsOf(to))
      await other.unhandle(PROTOCOL)
      await other.stop()

      await roundTrip(asTestHost(from), asTestHost(to))
    })

    it('resets a stream that opens while it stops', async () => {
      const [from, to] = [await node(), await server()]
      const opening = failureOf(connect(asTestHost(from), asTestHost(to)))
      await from.services.host.stop()

      expect(await opening).to.be.an.instanceOf(DialError)
      expect(from.services.host.openStreams).to.equal(0)
      const streams = connectionsTo(from, to).flatMap(({ streams }) => streams)
      expect(streams.map(({ protocol }) => protocol)).to.not.include(PROTOCOL)
    })
  })
})
