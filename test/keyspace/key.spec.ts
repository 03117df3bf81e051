import { peerIdFromString } from '@libp2p/peer-id'
import { expect } from 'aegir/chai'
import { toString } from 'uint8arrays/to-string'
import { contactOf } from '../../src/keyspace/contact.ts'
import { keyFromBytes, keyOf } from '../../src/keyspace/key.ts'

const PEER = '12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq'
const PEER_KEY = 'dfd53212a4bd2beda3ea8e82d08285370c70a70cfe9c588e28754b23c8033121'

describe('keyOf', () => {
  it('hashes the multihash of a peer id to the key that other implementations give it', () => {
    expect(toString(keyOf(peerIdFromString(PEER).toMultihash().bytes), 'hex')).to.equal(PEER_KEY)
  })

  it('is SHA-256', () => {
    // FIPS 180-4, example of one block
    expect(toString(keyOf(new TextEncoder().encode('abc')), 'hex'))
      .to.equal('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  })
})

describe('keyFromBytes', () => {
  it('takes the bytes as they are', () => {
    expect(keyFromBytes(Uint8Array.of(7))).to.deep.equal(Uint8Array.of(7))
  })
})

describe('contactOf', () => {
  const id = peerIdFromString(PEER).toMultihash().bytes

  it('places a peer at the key of its id', () => {
    const contact = contactOf({ id, addrs: [Uint8Array.of(1)] })

    expect(toString(contact.key, 'hex')).to.equal(PEER_KEY)
    expect(contact.id).to.equalBytes(id)
    expect(contact.addrs).to.deep.equal([Uint8Array.of(1)])
  })

  it('leaves the addresses unread until somebody asks for them', () => {
    let read = 0
    const contact = contactOf({
      id,
      get addrs () {
        read++
        return []
      }
    })

    expect(read).to.equal(0)
    expect(contact.addrs).to.deep.equal([])
    expect(read).to.equal(1)
  })
})
