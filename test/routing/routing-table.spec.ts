import { expect } from 'aegir/chai'
import { contactOf } from '../../src/keyspace/contact.ts'
import { RoutingTable } from '../../src/routing/routing-table.ts'
import { numbers, showBucket, tinyContact, tinyKey } from '../helpers/tiny.ts'
import type { Contact } from '../../src/keyspace/contact.ts'
import type { RoutingTableInit } from '../../src/routing/routing-table.ts'

/** A table of 8-bit keys around `00000000`, into which these contacts answered at 1, 2, 3 … ms. */
function tableOf (k: number, contacts: number[], shape: Pick<RoutingTableInit, 'prefixLength' | 'splitThreshold'> = {}): RoutingTable {
  const table = new RoutingTable({ self: tinyKey(0), k, ...shape })
  contacts.forEach((byte, i) => { table.insert(tinyContact(byte), i + 1) })
  return table
}

function show (table: RoutingTable): string[] {
  return [...table.buckets()].map(showBucket)
}

function replacements (table: RoutingTable): number[] {
  return [...table.buckets()].flatMap(bucket => numbers(bucket.replacements))
}

describe('RoutingTable: what it holds', () => {
  it('begins as one empty bucket over the whole keyspace', () => {
    expect(show(tableOf(2, []))).to.deep.equal(['*:'])
    expect(tableOf(2, []).closest(tinyKey(1), 20)).to.deep.equal([])
  })

  it('never holds ourselves', () => {
    const table = tableOf(2, [])

    expect(table.insert(tinyContact(0), 1)).to.deep.equal({ type: 'self' })
    expect(table.size).to.equal(0)
  })

  it('finds a contact by its key, with the time it answered', () => {
    const table = tableOf(2, [0b10000001, 0b01000001])

    expect(table.get(tinyKey(0b01000001))).to.deep.equal({ ...tinyContact(0b01000001), identity: undefined, whereabouts: undefined, lastSeen: 2 })
    expect(table.get(tinyKey(0b01000000))).to.equal(undefined)
  })

  it('says what became of each contact', () => {
    const table = tableOf(1, [])

    expect(table.insert(tinyContact(0b10000001), 1)).to.deep.equal({ type: 'inserted' })
    expect(table.insert(tinyContact(0b10000001), 2)).to.deep.equal({ type: 'updated' })
    expect(table.size).to.equal(1)
  })

  it('refuses a shape that no table can have', () => {
    for (const wrong of [0, -1, 1.5, NaN, -Infinity]) {
      expect(() => new RoutingTable({ self: tinyKey(0), k: wrong })).to.throw(RangeError, `k is ${wrong}`)
      expect(() => new RoutingTable({ self: tinyKey(0), splitThreshold: wrong })).to.throw(RangeError, `splitThreshold is ${wrong}`)
    }
    for (const prefixLength of [-1, 0.5, 257, NaN]) {
      expect(() => new RoutingTable({ self: tinyKey(0), prefixLength })).to.throw(RangeError, `prefixLength is ${prefixLength}: give a whole number from 0 to 256, or Infinity`)
    }
    expect(() => new RoutingTable({ self: tinyKey(0), prefixLength: 256 })).to.not.throw()
  })
})

describe('RoutingTable: split', () => {
  it('splits the bucket our own key lies in when it is full', () => {
    const table = tableOf(2, [0b10000001, 0b01000001])
    expect(show(table)).to.deep.equal(['*: 129 65'])

    table.insert(tinyContact(0b00100001), 3)
    expect(show(table)).to.deep.equal(['0*: 65 33', '1*: 129'])
  })

  it('splits on until the newcomer has room, or lies where we do not', () => {
    const table = tableOf(2, [0b00000100, 0b00000101])

    expect(table.insert(tinyContact(0b00000110), 3).type).to.equal('full')
    expect(show(table)).to.deep.equal(['000000*:', '000001*: 4 5', '00001*:', '0001*:', '001*:', '01*:', '1*:'])
  })

  it('leaves a full bucket elsewhere as it is', () => {
    const table = tableOf(2, [0b10000001, 0b11000001, 0b00000001])

    expect(table.insert(tinyContact(0b11100001), 4).type).to.equal('full')
    expect(show(table)).to.deep.equal(['0*: 1', '1*: 129 193'])
    expect(table.size).to.equal(3)
  })

  it('keeps everybody when every bucket splits', () => {
    const everybody = Array.from({ length: 255 }, (_, i) => i + 1)
    const table = tableOf(1, everybody, { prefixLength: Infinity })

    expect(table.size).to.equal(255)
    expect(numbers(table.closest(tinyKey(0), 255))).to.deep.equal(everybody)
    expect(replacements(table)).to.deep.equal([])
  })

  it('splits every bucket down to the prefix length, and beyond it only ours', () => {
    const table = tableOf(1, [0b10000001, 0b11000001, 0b01000001, 0b00100001], { prefixLength: 2 })
    expect(show(table)).to.deep.equal(['00*: 33', '01*: 65', '10*: 129', '11*: 193'])

    expect(table.insert(tinyContact(0b11100001), 5).type).to.equal('full')
    expect(table.insert(tinyContact(0b00010001), 6).type).to.equal('inserted')
    expect(show(table)).to.deep.equal(['000*: 17', '001*: 33', '01*: 65', '10*: 129', '11*: 193'])
  })

  it('splits at the threshold where it may, and holds k where it may not', () => {
    const table = tableOf(3, [0b10000001, 0b10000010, 0b10000011, 0b00000001], { splitThreshold: 1 })
    expect(show(table)).to.deep.equal(['0*: 1', '1*: 129 130 131'])

    expect(table.insert(tinyContact(0b10000100), 5).type).to.equal('full')
    expect(table.insert(tinyContact(0b01000000), 6).type).to.equal('inserted')
    expect(show(table)).to.deep.equal(['00*: 1', '01*: 64', '1*: 129 130 131'])
  })

  it('splits at k when the threshold is more', () => {
    expect(show(tableOf(2, [0b10000001, 0b01000001, 0b00100001], { splitThreshold: 5 }))).to.deep.equal(['0*: 65 33', '1*: 129'])
  })

  it('keeps everybody when k is infinite, and replaces none', () => {
    const everybody = Array.from({ length: 255 }, (_, i) => i + 1)
    const table = tableOf(Infinity, everybody, { prefixLength: 1, splitThreshold: 20 })

    expect(table.size).to.equal(255)
    // 1* may not split, ours may
    expect([...table.buckets()].map(({ contacts }) => contacts.length)).to.deep.equal([15, 16, 32, 64, 128])
    expect(numbers(table.closest(tinyKey(0b11111111), 255))).to.deep.equal(everybody.toReversed())
    expect(table.remove(tinyKey(0b10000001))).to.deep.equal({ removed: true, replacement: undefined })
    expect(replacements(table)).to.deep.equal([])
  })

  it('knows which bucket is ours', () => {
    const table = tableOf(1, [0b10000001, 0b01000001, 0b00100001])

    expect([...table.buckets()].map(bucket => [bucket.prefixLength, bucket.containsSelf])).to.deep.equal([[2, true], [2, false], [1, false]])
  })
})

describe('RoutingTable: least recently seen first', () => {
  it('moves a contact that answers to the tail', () => {
    const table = tableOf(4, [1, 2, 3, 4])

    table.insert(tinyContact(2), 5)
    expect(show(table)).to.deep.equal(['*: 1 3 4 2'])

    expect(table.seen(tinyKey(1), 6)).to.equal(true)
    expect(show(table)).to.deep.equal(['*: 3 4 2 1'])
    expect(table.get(tinyKey(1))?.lastSeen).to.equal(6)
    expect(table.get(tinyKey(2))?.lastSeen).to.equal(5)
  })

  it('does not take in who is only seen', () => {
    const table = tableOf(4, [1])

    expect(table.seen(tinyKey(9), 2)).to.equal(false)
    expect(show(table)).to.deep.equal(['*: 1'])
  })

  it('keeps the order in both halves of a split', () => {
    const table = tableOf(4, [0b10000001, 0b00000001, 0b10000010, 0b00000010])
    table.seen(tinyKey(0b00000001), 5)
    table.insert(tinyContact(0b00000011), 6)

    expect(show(table)).to.deep.equal(['0*: 2 1 3', '1*: 129 130'])
  })
})

describe('RoutingTable: addresses', () => {
  const [home, away] = [Uint8Array.of(4, 1), Uint8Array.of(4, 2)]

  it('takes the addresses that a peer answered at last', () => {
    const table = tableOf(2, [])
    table.insert(tinyContact(1, [home]), 1)
    table.insert(tinyContact(1, [away]), 2)

    expect(table.get(tinyKey(1))?.addrs).to.deep.equal([away])
  })

  it('keeps the known ones when a peer answers that was named without any', () => {
    const table = tableOf(2, [])
    table.insert(tinyContact(1, [home]), 1)
    table.insert(tinyContact(1, []), 2)

    expect(table.get(tinyKey(1))?.addrs).to.deep.equal([home])
  })

  it('tells who writes a contact where it is now, and shares that with other tables', () => {
    const contact = (addrs: readonly Uint8Array[]): Contact => contactOf({ id: Uint8Array.of(9, 9, 9, 9), addrs })
    const [one, other] = [tableOf(2, []), tableOf(2, [])]
    one.insert(contact([home]), 1)
    other.insert(contact([home.slice()]), 1)
    const first = one.get(contact([]).key)?.whereabouts
    expect(first?.addrs).to.deep.equal([home])
    expect(other.get(contact([]).key)?.whereabouts).to.equal(first)

    one.insert(contact([away]), 2)
    expect(one.get(contact([]).key)?.whereabouts?.addrs).to.deep.equal([away])
    expect(other.get(contact([]).key)?.whereabouts).to.equal(first)
  })

  it('keeps no view of the message that a contact came in', () => {
    const message = new Uint8Array(16_384)
    const table = tableOf(2, [])
    table.insert({ id: message.subarray(0, 34), key: tinyKey(1), addrs: [message.subarray(34, 42)] }, 1)
    table.insert({ id: message.subarray(0, 34), key: tinyKey(1), addrs: [message.subarray(34, 43)] }, 2)

    const entry = table.get(tinyKey(1))
    expect(entry?.id.buffer.byteLength).to.equal(34)
    expect(entry?.addrs.map(addr => addr.buffer.byteLength)).to.deep.equal([9])
  })
})

describe('RoutingTable: liveness checks of a full bucket', () => {
  // 1*: 129 130, full; 131 and more are newcomers
  const full = (): RoutingTable => {
    const table = new RoutingTable({ self: tinyKey(0), k: 2 })
    ;[1, 129, 130].forEach((byte, i) => { table.insert(tinyContact(byte), i + 1) })
    return table
  }

  it('asks for a check of the least recently seen, once', () => {
    const table = full()
    const result = table.insert(tinyContact(131), 4)

    expect(result.type === 'full' && result.leastRecentlySeen.key).to.deep.equal(tinyKey(129))
    expect(table.insert(tinyContact(132), 5)).to.deep.equal({ type: 'cached' })
  })

  it('keeps the old contact when it answers, and asks for the next one when somebody comes', () => {
    const table = full()
    table.insert(tinyContact(131), 4)
    table.seen(tinyKey(129), 5)
    const result = table.insert(tinyContact(132), 6)

    expect(show(table)).to.deep.equal(['0*: 1', '1*: 130 129'])
    expect(result.type === 'full' && result.leastRecentlySeen.key).to.deep.equal(tinyKey(130))
  })

  it('takes any answer of the checked contact as the end of the check', () => {
    const table = full()
    table.insert(tinyContact(131), 4)
    table.insert(tinyContact(129), 5)

    expect(table.insert(tinyContact(131), 6).type).to.equal('full')
  })

  it('replaces the old contact when it fails, and asks for the next one when somebody comes', () => {
    const table = full()
    table.insert(tinyContact(131), 4)
    const { removed, replacement } = table.remove(tinyKey(129))
    const result = table.insert(tinyContact(132), 6)

    expect([removed, replacement?.key]).to.deep.equal([true, tinyKey(131)])
    expect(show(table)).to.deep.equal(['0*: 1', '1*: 130 131'])
    expect(result.type === 'full' && result.leastRecentlySeen.key).to.deep.equal(tinyKey(130))
  })

  it('goes on with a check while others of the bucket come and go', () => {
    const table = full()
    table.insert(tinyContact(131), 4)
    table.seen(tinyKey(130), 5)
    table.remove(tinyKey(130))

    expect(table.insert(tinyContact(132), 6)).to.deep.equal({ type: 'cached' })
  })

  it('checks each bucket by itself', () => {
    const table = full()
    for (const byte of [0b01000001, 0b01000010, 0b00100001]) {
      table.insert(tinyContact(byte), 4)
    }
    expect(table.insert(tinyContact(131), 5).type).to.equal('full')
    expect(table.insert(tinyContact(0b01000011), 5).type).to.equal('full')
  })
})

describe('RoutingTable: replacements', () => {
  it('keeps the newest k who came to a full bucket', () => {
    const table = tableOf(2, [1, 129, 130, 131, 132, 133])
    expect(replacements(table)).to.deep.equal([132, 133])

    table.insert(tinyContact(132), 7)
    table.insert(tinyContact(134), 8)
    expect(replacements(table)).to.deep.equal([132, 134])
  })

  it('does not take them for contacts', () => {
    const table = tableOf(2, [1, 129, 130, 131])

    expect(table.get(tinyKey(131))).to.equal(undefined)
    expect(numbers(table.closest(tinyKey(131), 20))).to.deep.equal([130, 129, 1])
    expect(table.size).to.equal(3)
  })

  it('puts the one seen last into the room of a contact that failed', () => {
    const table = tableOf(2, [1, 129, 130, 131, 132])

    expect(table.remove(tinyKey(130)).replacement).to.deep.equal({ ...tinyContact(132), identity: undefined, whereabouts: undefined, lastSeen: 5 })
    expect(show(table)).to.deep.equal(['0*: 1', '1*: 129 132'])
    expect(replacements(table)).to.deep.equal([131])
    expect(table.size).to.equal(3)
  })

  it('puts it where its last answer belongs, not at the tail', () => {
    const table = tableOf(3, [1, 129, 130, 131, 132])
    table.seen(tinyKey(131), 6)
    table.remove(tinyKey(129))

    expect(show(table)).to.deep.equal(['0*: 1', '1*: 130 132 131'])
  })

  it('drops one that fails', () => {
    const table = tableOf(2, [1, 129, 130, 131])

    expect(table.remove(tinyKey(131))).to.deep.equal({ removed: false })
    expect(replacements(table)).to.deep.equal([])
    expect(table.remove(tinyKey(129))).to.deep.equal({ removed: true, replacement: undefined })
    expect(table.size).to.equal(2)
  })

  it('knows nothing of a peer that it does not know', () => {
    expect(tableOf(2, [1]).remove(tinyKey(2))).to.deep.equal({ removed: false })
  })
})

describe('RoutingTable: lookups made', () => {
  it('remembers when a lookup last went through a bucket, and both halves inherit it', () => {
    const table = tableOf(2, [129, 1])
    table.touched(tinyKey(0b11110000), 7)
    table.insert(tinyContact(2), 8)
    table.touched(tinyKey(200), 9)

    expect([...table.buckets()].map(bucket => bucket.lastLookup)).to.deep.equal([7, 9])
  })
})
