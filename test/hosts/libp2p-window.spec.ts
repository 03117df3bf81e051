import { expect } from 'aegir/chai'
import { grantWindow } from '../../src/hosts/libp2p/window.ts'
import { PROTOCOL } from '../compliance/network.ts'
import { connect, pattern } from '../compliance/streams.ts'
import { createLibp2pNode } from '../helpers/libp2p.ts'
import { asTestHost, componentsOf, hostNode, stopNode } from './libp2p-hosts.ts'
import type { HostNode } from './libp2p-hosts.ts'
import type { Stream as HostStream } from '../../src/rpc/connection.ts'
import type { Connection, MultiaddrConnection, Stream } from '@libp2p/interface'

const KIB = 1024

/** yamux' initial window: https://github.com/hashicorp/yamux/blob/master/spec.md#flow-control */
const WINDOW = 256 * KIB

/** More than libp2p's interface has: what it may still send, and what the other end may. */
interface YamuxStream extends Stream {
  readonly sendWindowCapacity: number
  readonly recvWindow: number
  readonly recvWindowCapacity: number
  sendPause (): void
}

describe('the window that the libp2p host grants', () => {
  let nodes: HostNode[] = []
  let ours: HostStream
  let theirs: YamuxStream

  /** They send `count` messages of 1 KiB, each of which we read before the next is sent. */
  async function exchange (count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      theirs.send(pattern(KIB))
      for (let bytes = 0; bytes < KIB;) {
        const { value } = await ours.source.next()
        bytes += value.byteLength
      }
    }
  }

  beforeEach(async () => {
    nodes = [await hostNode(createLibp2pNode), await hostNode(createLibp2pNode)]
    const [asker, server] = nodes
    const opened = new Promise<Stream>(resolve => {
      componentsOf(server).registrar.handle(PROTOCOL, stream => { resolve(stream) }).catch(() => {})
    })
    ours = await connect(asTestHost(asker), asTestHost(server))
    theirs = await opened as YamuxStream
  })

  afterEach(async () => {
    ours.abort(new Error('the check is over'))
    await Promise.all(nodes.map(stopNode))
  })

  it('is not granted anew for each message', async () => {
    const before = theirs.sendWindowCapacity
    await exchange(100)

    expect(theirs.sendWindowCapacity).to.equal(before - 100 * KIB)
  })

  it('is granted anew when half of it is used', async () => {
    await exchange(130)

    expect(theirs.sendWindowCapacity).to.be.above(WINDOW - 10 * KIB)
  })

  it('is granted to a sender whose reader has left', async () => {
    await ours.source.return(undefined)
    const chunk = pattern(16 * KIB)
    let sent = 0
    while (sent < 4 * WINDOW) {
      if (!theirs.send(chunk)) {
        await theirs.onDrain()
      }
      sent += chunk.byteLength
    }

    expect(theirs.writeBufferLength).to.equal(0)
  })

  it('cannot be granted when the connection is going down: the stream hears of that by itself', async () => {
    theirs.sendPause()
    const used = new Promise<void>(resolve => {
      theirs.addEventListener('message', () => {
        if (theirs.recvWindowCapacity < theirs.recvWindow / 2) {
          resolve()
        }
      })
    })
    ours.sink([pattern(WINDOW / 2 + KIB)]).catch(() => { /* the connection goes down */ })
    await used
    nodes[1].getConnections().forEach(connection => { transportOf(connection).close().catch(() => {}) })

    expect(() => { grantWindow(theirs) }).to.not.throw()
    expect(theirs.recvWindowCapacity).to.equal(theirs.recvWindow)
  })
})

/** What a connection of libp2p writes to. */
function transportOf (connection: Connection): MultiaddrConnection {
  return (connection as Connection & { maConn: MultiaddrConnection }).maConn
}
