import { expect } from 'aegir/chai'
import { best, drain } from '../interop/ask.ts'
import { cidOf, utf8 } from './content.ts'
import { FROM_NODE } from './network.ts'
import { OpenHandles } from './open-handles.ts'
import { createPageNode, dial, serverOf, SERVERS } from './page-node.ts'

/** What remains of a node that was stopped: nothing, and it can be started again. Must be the only one of its page. */
export function endsClean (): void {
  let handles: OpenHandles

  beforeEach(() => { handles = new OpenHandles() })

  afterEach(() => { handles.restore() })

  it('leaves no socket and no timer', async () => {
    const node = await createPageNode({ server: serverOf('ours') })
    await drain(node.services.dht.put(utf8(`/v/${crypto.randomUUID()}`), utf8('value')))
    await drain(node.services.dht.provide(await cidOf('provided before the stop')))
    expect(handles.sockets).to.equal(SERVERS.length)
    expect(handles.timers).to.not.deep.equal([])
    await node.stop()
    expect(handles.timers).to.deep.equal([])
    expect(node.getConnections()).to.deep.equal([])
    await handles.socketsClosed()
  })

  it('ends the queries that run, without an error', async () => {
    const node = await createPageNode({ server: serverOf('theirs') })
    const events = node.services.dht.getClosestPeers(utf8('a key'))[Symbol.asyncIterator]()
    await events.next()
    await node.stop()
    await rest(events)
    expect(handles.timers).to.deep.equal([])
    await handles.socketsClosed()
  })

  it('can start again', async () => {
    const node = await createPageNode({ server: serverOf('ours') })
    await node.stop()
    await node.start()
    await dial(node, serverOf('theirs'))
    expect(best(await drain(node.services.dht.get(utf8(FROM_NODE.key))))).to.deep.equal(utf8(FROM_NODE.value))
    await node.stop()
    await handles.socketsClosed()
  })
}

/** Read what is still to come. */
async function rest (events: AsyncIterator<unknown>): Promise<void> {
  for (let next = await events.next(); next.done !== true;) {
    next = await events.next()
  }
}
