import { expect } from 'aegir/chai'
import { MAX_PAUSED_BYTES, MAX_UNREAD_BYTES } from '../../src/hosts/libp2p/limits.ts'
import { PROTOCOL } from '../compliance/network.ts'
import { connect, countBytes, defer, echo, expectBytes, pattern, roundTrip } from '../compliance/streams.ts'
import { createLibp2pNode } from '../helpers/libp2p-tcp.ts'
import { asTestHost, hostNode, stopNode } from './libp2p-hosts.ts'
import type { HostNode, NodeOptions } from './libp2p-hosts.ts'
import type { Stream } from '../../src/rpc/connection.ts'
import type { Uint8ArrayList } from 'uint8arraylist'

const MIB = 1024 * 1024
const CHUNK = pattern(65_536)

/** Bytes that may be neither read nor still with the writer beside the window: in the kernel and on the way. */
const SLACK = 2 * MIB

describe('backpressure of the libp2p host over TCP, noise and yamux', () => {
  let nodes: HostNode[] = []

  async function node (options?: NodeOptions): Promise<HostNode> {
    const made = await hostNode(createLibp2pNode, {}, options)
    nodes.push(made)
    return made
  }

  /** Round trips on another connection, until `pulled` has not changed for 20 of them. */
  async function untilHeldBack (pulled: () => number): Promise<void> {
    const [from, to] = [await node(), await node()]
    await to.services.host.handle(PROTOCOL, echo)
    let seen = 0
    for (let quiet = 0; quiet < 20; quiet++) {
      await roundTrip(asTestHost(from), asTestHost(to))
      if (pulled() !== seen) {
        seen = pulled()
        quiet = 0
      }
    }
  }

  /** Let a reader take `fast` bytes at once, for which yamux widens its window, and then none. How many more are taken from the writer? */
  async function takenUnread (options: NodeOptions, fast: number): Promise<number> {
    const mayRead = defer()
    const read = defer<number>()
    const server = await node(options)
    await server.services.host.handle(PROTOCOL, async (stream: Stream) => {
      let bytes = 0
      while (bytes < fast) {
        const { value } = await stream.source.next()
        bytes += value.byteLength
      }
      read.resolve(bytes)
      await mayRead.promise
      await countBytes(stream.source)
      await stream.sink([])
    })
    let pulled = 0
    const stream = await connect(asTestHost(await node()), asTestHost(server))
    const sent = stream.sink((async function * () {
      while (pulled < 128 * MIB) {
        pulled += CHUNK.byteLength
        yield CHUNK
      }
    })())
    const before = await read.promise
    await untilHeldBack(() => pulled)
    const taken = pulled - before
    mayRead.resolve()
    await sent

    expect(await countBytes(stream.source)).to.equal(0)
    return taken
  }

  afterEach(async () => {
    await Promise.all(nodes.map(stopNode))
    nodes = []
  })

  it('takes no more than yamux\' largest window from a writer who had been fast', async () => {
    expect(await takenUnread({}, 40 * MIB)).to.be.at.most(MAX_PAUSED_BYTES + MAX_UNREAD_BYTES + SLACK)
  })

  it('takes less where the node keeps the window small', async () => {
    const window = 256 * 1024
    expect(await takenUnread({ maxStreamWindowSize: window }, MIB)).to.be.at.most(2 * window + MAX_UNREAD_BYTES + SLACK)
  })

  it('carries eight messages of 4 MiB each way, whole, to readers who stop between them', async () => {
    const messages = Array.from({ length: 8 }, (_, i) => pattern(4 * MIB, i))
    const [client, server] = [await node(), await node()]
    const received = defer<Uint8Array[]>()
    await server.services.host.handle(PROTOCOL, async stream => {
      const [bytes] = await Promise.all([readMessages(stream, 8, server, client), stream.sink(messages)])
      received.resolve(bytes)
    })
    const stream = await connect(asTestHost(client), asTestHost(server))
    const [answers] = await Promise.all([readMessages(stream, 8, client, server), stream.sink(messages)])

    answers.forEach((answer, i) => { expectBytes(answer, messages[i]) })
    ;(await received.promise).forEach((message, i) => { expectBytes(message, messages[i]) })
  })
})

/** Reads messages of 4 MiB, with some identify pushes between them: time for libp2p to fill what is paused. */
async function readMessages (stream: Stream, count: number, ...nodes: HostNode[]): Promise<Uint8Array[]> {
  const messages: Uint8Array[] = []
  let unread: Uint8ArrayList | undefined
  while (messages.length < count) {
    const { value, done } = await stream.source.next()
    if (done === true) {
      throw new Error(`the stream ended after ${messages.length} messages`)
    }
    unread = unread ?? value.sublist(0, 0)
    unread.append(value)
    while (unread.byteLength >= 4 * MIB) {
      messages.push(unread.slice(0, 4 * MIB))
      unread.consume(4 * MIB)
      await pause(nodes)
    }
  }
  expect((await stream.source.next()).done).to.equal(true)
  return messages
}

async function pause ([from, to]: HostNode[]): Promise<void> {
  const [connection] = from.getConnections(to.peerId)
  for (let turns = 0; turns < 10; turns++) {
    await from.services.identify.identify(connection)
  }
}
