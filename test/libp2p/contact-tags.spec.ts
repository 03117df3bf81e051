import { generateKeyPair } from '@libp2p/crypto/keys'
import { defaultLogger } from '@libp2p/logger'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { expect } from 'aegir/chai'
import { VirtualClock } from '../../src/hosts/memory/virtual-clock.ts'
import { contactOf } from '../../src/keyspace/contact.ts'
import { ContactTags } from '../../src/libp2p/contact-tags.ts'
import type { Contact } from '../../src/keyspace/contact.ts'
import type { ContactTagsInit } from '../../src/libp2p/contact-tags.ts'
import type { PeerId } from '@libp2p/interface'

interface Bench {
  readonly clock: VirtualClock
  readonly peerStore: ContactTagsInit['peerStore']
  readonly tags: ContactTags
  /** The routing table, of which the first two are neighbours. */
  contacts: Contact[]
  /** What the peer store was told: a name, and the tags it has or has no longer. */
  readonly merges: string[]
}

async function randomPeer (): Promise<PeerId> {
  return peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
}

function contact (peerId: PeerId): Contact {
  return contactOf({ id: peerId.toMultihash().bytes, addrs: [] })
}

/** `beside`: another DHT of the same node. */
function bench (names: ReadonlyMap<string, string>, failures = 0, beside?: Bench): Bench {
  let left = failures
  const clock = beside?.clock ?? new VirtualClock()
  const merges: string[] = beside?.merges ?? []
  const peerStore: ContactTagsInit['peerStore'] = beside?.peerStore ?? {
    async all () {
      return []
    },
    async merge (peerId, { tags = {} }) {
      if (left-- > 0) {
        throw new Error('the disk is full')
      }
      const described = Object.entries(tags instanceof Map ? Object.fromEntries(tags) : tags).map(([tag, value]) => `${value == null ? '-' : '+'}${tag}`)
      merges.push(`${names.get(peerId.toString()) ?? '?'} ${described.join(' ')}`)
      return { id: peerId, addresses: [], protocols: [], metadata: new Map(), tags: new Map() }
    }
  }
  const made: Bench = {
    clock,
    peerStore,
    merges,
    contacts: [],
    tags: new ContactTags({ peerStore, clock, log: defaultLogger().forComponent('test'), contacts: () => made.contacts, neighbours: 2 })
  }
  return made
}

describe('tags of contacts', () => {
  let a: PeerId
  let b: PeerId
  let names: Map<string, string>

  before(async () => {
    [a, b] = await Promise.all([randomPeer(), randomPeer()])
    names = new Map([[a.toString(), 'a'], [b.toString(), 'b']])
  })

  it('are set a while after the table has changed, once', async () => {
    const made = bench(names)
    made.contacts = [contact(a)]
    made.tags.onChange()
    await made.clock.advance(900)
    made.tags.onChange()
    expect(made.merges).to.deep.equal([])
    await made.clock.advance(100)
    expect(made.merges).to.deep.equal(['a +kad-peer +kad-close +keep-alive-kad-dht'])
    await made.clock.advance(60_000)
    expect(made.merges).to.have.lengthOf(1)
    expect(made.clock.pending).to.equal(0)
  })

  it('are set anew on neighbours each hour, since the peer store forgets whom it is told nothing of', async () => {
    const made = bench(names)
    const strangers = await Promise.all([randomPeer(), randomPeer()])
    made.contacts = [a, ...strangers].map(contact)
    for (let minutes = 0; minutes < 120; minutes += 5) {
      made.tags.onChange()
      await made.clock.advance(5 * 60_000)
    }
    expect(made.merges.filter(merge => merge.startsWith('a'))).to.deep.equal(['a +kad-peer +kad-close +keep-alive-kad-dht', 'a +kad-peer +kad-close +keep-alive-kad-dht'])
    expect(made.merges, 'one of the others is no neighbour').to.have.lengthOf(5)
  })

  it('are taken from those who are contacts no longer, and left with those who are', async () => {
    const made = bench(names)
    made.contacts = [contact(a)]
    made.tags.onChange()
    await made.clock.advance(5000)
    made.contacts = [contact(b), contact(a)]
    made.tags.onChange()
    await made.clock.advance(5000)
    made.contacts = [contact(b)]
    made.tags.onChange()
    await made.clock.advance(5000)
    expect(made.merges).to.deep.equal(['a +kad-peer +kad-close +keep-alive-kad-dht', 'b +kad-peer +kad-close +keep-alive-kad-dht', 'a -kad-peer -kad-close -keep-alive-kad-dht'])
  })

  it('tell neighbours from contacts farther away', async () => {
    const made = bench(names)
    const filler = contactOf({ id: Uint8Array.of(1, 2, 3), addrs: [] })
    made.contacts = [contact(a), filler, contact(b)]
    made.tags.onChange()
    await made.clock.advance(5000)
    made.contacts = [filler, contact(b), contact(a)]
    made.tags.onChange()
    await made.clock.advance(5000)
    expect(made.merges.sort()).to.deep.equal([
      'a +kad-peer +kad-close +keep-alive-kad-dht',
      'a +kad-peer -kad-close -keep-alive-kad-dht',
      'b +kad-peer +kad-close +keep-alive-kad-dht',
      'b +kad-peer -kad-close -keep-alive-kad-dht'
    ])
  })

  it('are not taken while another DHT of the node wants them', async () => {
    const wan = bench(names)
    const lan = bench(names, 0, wan)
    const change = async (made: Bench, contacts: Contact[]): Promise<string[]> => {
      made.contacts = contacts
      made.tags.onChange()
      await made.clock.advance(5000)
      return made.merges.splice(0)
    }
    const filler = contactOf({ id: Uint8Array.of(1, 2, 3), addrs: [] })
    const [neighbour, farther, stranger] = ['+kad-peer +kad-close +keep-alive-kad-dht', '+kad-peer -kad-close -keep-alive-kad-dht', '-kad-peer -kad-close -keep-alive-kad-dht'].map(tags => `a ${tags}`)
    expect(await change(wan, [contact(a)])).to.deep.equal([neighbour])
    expect(await change(lan, [filler, filler, contact(a)])).to.deep.equal([neighbour])
    expect(await change(lan, [])).to.deep.equal([neighbour])
    expect(await change(lan, [filler, contactOf({ id: Uint8Array.of(4), addrs: [] }), contact(a)])).to.deep.equal([neighbour])
    expect(await change(wan, [])).to.deep.equal([farther])
    expect(await change(lan, [])).to.deep.equal([stranger])
    expect(await change(wan, [contact(a)])).to.deep.equal([neighbour])
    expect(await change(lan, [contact(a)])).to.deep.equal([neighbour])
    wan.tags.stop()
    expect(await change(lan, [])).to.deep.equal([stranger])
  })

  it('are those of the table as it is in the end, however slow the peer store is', async () => {
    const made = bench(names)
    const { merge } = made.peerStore
    let go = (): void => {}
    const slow = new Promise<void>(resolve => { go = resolve })
    made.peerStore.merge = async (peerId, data) => {
      await (peerId.equals(a) ? slow : undefined)
      return merge(peerId, data)
    }
    for (const contacts of [[contact(a)], [contact(b)]]) {
      made.contacts = contacts
      made.tags.onChange()
      await made.clock.advance(5000)
    }
    go()
    await made.clock.advance(5000)
    made.contacts = []
    made.tags.onChange()
    await made.clock.advance(5000)
    for (const name of ['a', 'b']) {
      expect(made.merges.findLast(merge => merge.startsWith(name)), name).to.equal(`${name} -kad-peer -kad-close -keep-alive-kad-dht`)
    }
  })

  it('are left alone after the stop', async () => {
    const made = bench(names)
    made.contacts = [contact(a)]
    made.tags.onChange()
    made.tags.stop()
    expect(made.clock.pending).to.equal(0)
    made.tags.onChange()
    expect(made.clock.pending).to.equal(0)
    await made.clock.advance(10_000)
    expect(made.merges).to.deep.equal([])
  })

  it('are left alone from a stop on that comes while they are set', async () => {
    const made = bench(names)
    made.contacts = [contact(a), contact(b)]
    made.tags.onChange()
    const { merge } = made.peerStore
    made.peerStore.merge = async (...args) => {
      const peer = await merge(...args)
      made.tags.stop()
      return peer
    }
    await made.clock.advance(60_000)
    expect(made.merges).to.deep.equal(['a +kad-peer +kad-close +keep-alive-kad-dht'])
  })

  it('are not set on who has no PeerId', async () => {
    const made = bench(names)
    made.contacts = [contactOf({ id: Uint8Array.of(1, 2, 3), addrs: [] }), contact(b)]
    made.tags.onChange()
    await made.clock.advance(5000)
    expect(made.merges).to.deep.equal(['b +kad-peer +kad-close +keep-alive-kad-dht'])
  })

  it('are taken from who had them before others failed to be set', async () => {
    const made = bench(names)
    const { merge } = made.peerStore
    made.peerStore.merge = async (peerId, data) => {
      if (peerId.equals(b)) {
        throw new Error('the disk is full')
      }
      return merge(peerId, data)
    }
    const filler = contactOf({ id: Uint8Array.of(1, 2, 3), addrs: [] })
    for (const contacts of [[filler], [contact(a), contact(b)], [filler]]) {
      made.contacts = contacts
      made.tags.onChange()
      await made.clock.advance(5000)
    }
    expect(made.merges).to.deep.equal(['a +kad-peer +kad-close +keep-alive-kad-dht', 'a -kad-peer -kad-close -keep-alive-kad-dht'])
  })

  it('may fail to be set: that is logged, and tried again with the next change', async () => {
    const made = bench(names, 1)
    made.contacts = [contact(a)]
    made.tags.onChange()
    await made.clock.advance(5000)
    expect(made.merges).to.deep.equal([])
    made.tags.onChange()
    await made.clock.advance(5000)
    expect(made.merges).to.deep.equal(['a +kad-peer +kad-close +keep-alive-kad-dht'])
  })
})
