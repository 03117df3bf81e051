/**
 * How fast is the wire codec? An answer that names 20 peers of 3 addresses, encoded
 * and decoded, beside the codec of @libp2p/kad-dht on the same message in the same
 * run. Decoding reads the ids; addresses are read when somebody needs them, and the
 * second row reads them all.
 */
import { randomBytes } from 'node:crypto'
import { multiaddr } from '@multiformats/multiaddr'
import { decodeResponse, encodeResponse } from '../dist/src/index.js'
import { Message, MessageType } from '../node_modules/@libp2p/kad-dht/dist/src/message/dht.js'
import { compare } from './compare.js'

const addrs = ['/ip4/203.0.113.7/tcp/4001', '/ip4/203.0.113.7/udp/4001/quic-v1', '/ip6/2001:db8::7/tcp/4001'].map(text => multiaddr(text).bytes)
const peers = Array.from({ length: 20 }, () => ({ id: Buffer.concat([Uint8Array.of(0, 36, 8, 1, 18, 32), randomBytes(32)]), addrs }))

const response = { type: 'find-node', closer: peers }
const request = { type: 'find-node', target: randomBytes(32) }
const limits = { maxRecordSize: 65_536 }
const theirs = { type: MessageType.FIND_NODE, closer: peers.map(({ id, addrs }) => ({ id, multiaddrs: addrs })), providers: [] }
const frame = encodeResponse(response)

if (Buffer.compare(frame, Message.encode(theirs)) !== 0) {
  throw new Error('the two codecs do not agree on the bytes of this message')
}

compare('encode 20 peers', {
  kadmium: () => encodeResponse(response),
  '@libp2p/kad-dht': () => Message.encode(theirs)
})
compare('decode 20 peers', {
  kadmium: () => decodeResponse(frame, request, limits),
  '@libp2p/kad-dht': () => Message.decode(frame)
})
compare('decode 20 peers and their addresses', {
  kadmium: () => decodeResponse(frame, request, limits).closer.reduce((count, { addrs }) => count + addrs.length, 0),
  '@libp2p/kad-dht': () => Message.decode(frame).closer.reduce((count, { multiaddrs }) => count + multiaddrs.length, 0)
})
