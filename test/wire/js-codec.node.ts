import { expect } from 'aegir/chai'
// not exported, yet the encoder that runs on the network
import { Message, MessageType } from '../../node_modules/@libp2p/kad-dht/dist/src/message/dht.js'
import { decodeRequest, decodeResponse, encodeRequest, encodeResponse } from '../../src/wire/codec.ts'
import { encodeRecord } from '../../src/wire/wire-record.ts'
import fc from '../helpers/fast-check.ts'
import { exchanges, MAX_RECORD_SIZE, requests, SEED } from './arbitraries.ts'
import { peerA } from './fixtures.ts'
import { plain } from './plain.ts'
import type { PeerInfo } from '../../src/keyspace/contact.ts'
import type { Request, Response } from '../../src/wire/rpc.ts'

const limits = { maxRecordSize: MAX_RECORD_SIZE }
const TYPES = {
  ping: MessageType.PING,
  'find-node': MessageType.FIND_NODE,
  'get-value': MessageType.GET_VALUE,
  'put-value': MessageType.PUT_VALUE,
  'get-providers': MessageType.GET_PROVIDERS,
  'add-provider': MessageType.ADD_PROVIDER
}

function keyOf (message: Request | Response): Uint8Array | undefined {
  if ('target' in message) {
    return message.target
  }
  if (message.type === 'put-value') {
    return message.record.key
  }
  return 'key' in message ? message.key : undefined
}

/** The message as js encodes it. */
function encodeAsJs (message: Request | Response): Uint8Array {
  const pbPeers = (list: readonly PeerInfo[]): Message['closer'] => list.map(({ id, addrs }) => ({ id, multiaddrs: [...addrs] }))
  return Message.encode({
    type: TYPES[message.type],
    key: keyOf(message),
    record: 'record' in message && message.record != null ? encodeRecord(message.record) : undefined,
    closer: 'closer' in message ? pbPeers(message.closer) : [],
    providers: 'providers' in message ? pbPeers(message.providers) : []
  })
}

describe('wire/codec beside @libp2p/kad-dht', () => {
  it('writes and reads requests as js does', () => {
    fc.assert(fc.property(requests, request => {
      const from = request.type === 'add-provider' ? request.providers[0].id : peerA.id
      const bytes = encodeAsJs(request)
      expect(encodeRequest(request)).to.equalBytes(bytes)
      expect(plain(decodeRequest(bytes, from, limits))).to.deep.equal(request)
    }), { seed: SEED, numRuns: 500 })
  })

  it('writes and reads answers as js does', () => {
    fc.assert(fc.property(exchanges, ([request, response]) => {
      const bytes = encodeAsJs(response)
      expect(encodeResponse(response)).to.equalBytes(bytes)
      expect(plain(decodeResponse(bytes, request))).to.deep.equal(response)
    }), { seed: SEED, numRuns: 500 })
  })
})
