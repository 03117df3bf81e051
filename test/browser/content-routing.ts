import { expect } from 'aegir/chai'
import { best, drain, sameBytes } from '../interop/ask.ts'
import { cidOf, utf8 } from './content.ts'
import { FROM_NODE } from './network.ts'
import { createPageNode, serverOf, SERVERS } from './page-node.ts'
import type { PageNode } from './page-node.ts'
import type { Page } from './service.ts'
import type { Outcome } from '../interop/ask.ts'
import type { CID } from 'multiformats/cid'

const IDS = SERVERS.map(({ id }) => id)

/** Values and provider records go from the page to the servers, and back. */
export function findsContent (page: () => Page): void {
  it('gets the value that a server put', async () => {
    const found = await drain(page().node.services.dht.get(utf8(FROM_NODE.key)))
    expect(best(found)).to.deep.equal(utf8(FROM_NODE.value))
    expect(found.errors).to.deep.equal([])
  })

  it('puts a value at every server, of whom another node gets it', async () => {
    const { node, other } = page()
    const key = utf8(`/v/${crypto.randomUUID()}`)
    const value = crypto.getRandomValues(new Uint8Array(1000))
    const put = await drain(node.services.dht.put(key, value))
    const got = await drain(other.services.dht.get(key))
    expect(best(got)).to.deep.equal(value)
    expect([...got.answers].filter(([, answer]) => sameBytes(answer.value, value)).map(([id]) => id)).to.have.members(IDS)
    expect([...put.errors, ...got.errors]).to.deep.equal([])
  })

  it('finds the servers that provide a CID, and where they are', async () => {
    const { providers, errors } = await drain(page().node.services.dht.findProviders(await cidOf(FROM_NODE.provided)))
    expect(addrsOf(providers)).to.deep.equal(new Map(([serverOf('ours'), serverOf('theirs')]).map(({ id, addrs }) => [id, addrs])))
    expect(errors).to.deep.equal([])
  })

  it('provides a CID at the address of a relay: every server says so', async () => {
    const server = serverOf('ours')
    const relayed = `${server.addrs[0]}/p2p-circuit`
    const node = await createPageNode({ server, announce: [relayed] })
    const { found } = await provideAndFind(page(), node, IDS)
    const id = node.peerId.toString()
    expect(addrsOf(found.providers)).to.deep.equal(new Map([[id, [`${relayed}/p2p/${id}`]]]))
    expect(naming(found, id)).to.have.members(IDS)
    await node.stop()
  })

  it('provides a CID without an address: no server would keep that, and it says so', async () => {
    const { node } = page()
    const id = node.peerId.toString()
    const cid = await cidOf(crypto.randomUUID())
    const { errors, peers } = await drain(node.services.dht.provide(cid))
    expect(peers.map(({ id }) => id.toString())).to.have.members(IDS)
    expect(errors.map(({ name }) => name)).to.deep.equal(IDS.map(() => 'NoAddressError'))
    const found = await drain(node.services.dht.findProviders(cid))
    expect(naming(found, id), 'it knows itself, and nobody else does').to.deep.equal([id])
  })
}

/** `node` provides a CID, and the page's other node looks for its providers until all of `holders` name it: nobody confirms that he keeps a record. */
async function provideAndFind ({ other }: Page, node: PageNode, holders: readonly string[]): Promise<{ sentTo: string[], found: Outcome }> {
  const cid = await cidOf(crypto.randomUUID())
  const id = node.peerId.toString()
  const sentTo = await provide(node, cid)
  while (true) {
    const found = await drain(other.services.dht.findProviders(cid))
    expect(found.errors).to.deep.equal([])
    if (holders.every(holder => naming(found, id).includes(holder))) {
      return { sentTo, found }
    }
  }
}

/** Provide a CID: to whom was that told? */
async function provide (node: PageNode, cid: CID): Promise<string[]> {
  const sentTo: string[] = []
  for await (const event of node.services.dht.provide(cid)) {
    expect(event.name).to.not.equal('QUERY_ERROR')
    if (event.name === 'PEER_RESPONSE' && event.messageName === 'ADD_PROVIDER') {
      sentTo.push(event.from.toString())
    }
  }
  return sentTo
}

/** The servers that named `id` as a provider. */
function naming ({ answers }: Outcome, id: string): string[] {
  return [...answers].filter(([, { providers }]) => providers.includes(id)).map(([server]) => server)
}

/** Addresses by peer id, each ending in it. */
function addrsOf (providers: Outcome['providers']): Map<string, string[]> {
  return new Map([...providers].map(([id, { multiaddrs }]) => [id, multiaddrs.map(addr => `${addr}/p2p/${id}`)]))
}
