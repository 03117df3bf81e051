import { expect } from 'aegir/chai'
import { contactOf } from '../../src/keyspace/contact.ts'
import { compareDistance } from '../../src/keyspace/distance.ts'
import { keyOf } from '../../src/keyspace/key.ts'
import { RoutingTable } from '../../src/routing/routing-table.ts'
import { findNode } from '../../src/rpc/handlers/find-node.ts'
import type { PeerInfo } from '../../src/keyspace/contact.ts'
import type { ResponseTo } from '../../src/wire/rpc.ts'

const K = 5

/** The peer of this number, with an address. */
function peer (number: number): PeerInfo {
  return { id: Uint8Array.from([0x12, 32, ...new Uint8Array(32).fill(number)]), addrs: [Uint8Array.of(number)] }
}

const SELF = peer(0)
/** More than a bucket has room for, had it not split. */
const CONTACTS = Array.from({ length: 2 * K }, (_, i) => peer(i + 1))
const ASKER = peer(100)
const CLIENT = peer(101)

describe('the answer to FIND_NODE', () => {
  let table: RoutingTable

  beforeEach(() => {
    table = new RoutingTable({ self: keyOf(SELF.id), k: K, prefixLength: 256 })
    CONTACTS.forEach(contact => { table.insert(contactOf(contact), 0) })
  })

  /** The numbers of the peers that are named to `asker`, who is asked about `target`. */
  function named (target: Uint8Array, asker = ASKER, connected: readonly PeerInfo[] = []): number[] {
    const [answer] = Array.from(findNode({
      table,
      k: K,
      self: () => SELF,
      connected: id => connected.find(other => other.id.join() === id.join())
    })({ type: 'find-node', target }, asker) as Iterable<ResponseTo<'find-node'>>)
    return answer.closer.map(({ id }) => id[2])
  }

  /** The numbers of the contacts closest to `target`, by brute force, without those of `but`. */
  function closest (target: Uint8Array, ...but: PeerInfo[]): number[] {
    return CONTACTS.filter(contact => !but.includes(contact))
      .sort((a, b) => compareDistance(keyOf(target), keyOf(a.id), keyOf(b.id)))
      .map(({ id }) => id[2])
  }

  it('has the k closest contacts, closest first, and not who asks', () => {
    for (const asker of [ASKER, ...CONTACTS]) {
      expect(named(Uint8Array.of(1, 2, 3), asker)).to.deep.equal(closest(Uint8Array.of(1, 2, 3), asker).slice(0, K))
    }
  })

  it('has a contact that is asked for first, and once, also if it is connected', () => {
    for (const contact of CONTACTS) {
      expect(named(contact.id, ASKER, [contact])).to.deep.equal(closest(contact.id).slice(0, K))
    }
  })

  it('has us if we are asked for, and only then', () => {
    expect(named(SELF.id)).to.deep.equal([0, ...closest(SELF.id)].slice(0, K))
  })

  it('has a peer that is connected and no contact if it is asked for and says where it is', () => {
    expect(named(CLIENT.id, ASKER, [CLIENT])).to.deep.equal([101, ...closest(CLIENT.id)].slice(0, K))
    expect(named(CLIENT.id, ASKER, [{ id: CLIENT.id, addrs: [] }])).to.deep.equal(closest(CLIENT.id).slice(0, K))
    expect(named(CLIENT.id, ASKER, [])).to.deep.equal(closest(CLIENT.id).slice(0, K))
    expect(named(CLIENT.id, CLIENT, [CLIENT]), 'it knows itself').to.deep.equal(closest(CLIENT.id).slice(0, K))
  })

  it('has all contacts where they are few, each once', () => {
    table = new RoutingTable({ self: keyOf(SELF.id), k: K })
    table.insert(contactOf(CONTACTS[0]), 0)
    expect(named(Uint8Array.of(1, 2, 3))).to.deep.equal([1])
    expect(named(CONTACTS[0].id, ASKER, CONTACTS)).to.deep.equal([1])
  })

  it('has who is asked for where nobody else is known', () => {
    table = new RoutingTable({ self: keyOf(SELF.id), k: K })
    expect([named(SELF.id), named(CLIENT.id, ASKER, [CLIENT]), named(CLIENT.id)]).to.deep.equal([[0], [101], []])
  })
})
