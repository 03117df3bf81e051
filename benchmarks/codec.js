import { multiaddr } from '@multiformats/multiaddr'
import { decodeRequest, decodeResponse, encodeRequest, encodeResponse } from '../dist/src/engine.js'
import { Message, MessageType, Record } from '../node_modules/@libp2p/kad-dht/dist/src/message/dht.js'
import { opsPerSecond } from './harness/operations.js'
import { chosen } from './harness/options.js'
import { seededBytes } from './harness/seeded.js'
import { inTurns } from './harness/statistics.js'

/** Milliseconds of a round, after one that does not count. */
const ROUND_MS = 300
const QUICK_MS = 20

/** Messages of each kind that take turns. */
const MESSAGES = 64

const PEERS = 20
const RECORD_BYTES = 1024
const LIMITS = { maxRecordSize: 65_536 }
const TARGET = { of: 'kadmium', must: 3, aim: 5 }

/** What comes before the bytes of a key in the ids of peers: an Ed25519 key, or the hash of any other. */
const ID_HEADS = [[0, 36, 8, 1, 18, 32], [0, 36, 8, 1, 18, 32], [0, 36, 8, 1, 18, 32], [18, 32]]

export const benchmark = {
  question: 'how fast are messages encoded and decoded?',
  about: [
    `${MESSAGES} different messages of each kind take turns: an answer to FIND_NODE names ${PEERS} peers by ids of 34 or 38 bytes, with three addresses each.`,
    '@libp2p/kad-dht is its generated protobuf codec alone, on the same bytes; what it leaves to others to check (wire types, ids, repetitions, lengths, whether it answers the request) kadmium has checked when it is done.',
    'Both leave addresses as bytes. kadmium finds their places when somebody asks for them: one row decodes and asks for all of them.',
    'Answers with a record carry a value of 1 KiB and the 20 peers; the record, a message in the message, is encoded and decoded by both.'
  ],
  async run (options) {
    const corpus = Array.from({ length: MESSAGES }, messagesFrom(seededBytes(options.seed)))
    corpus.forEach(assertAgreement)
    const cases = []
    for (const [name, { target, ...operations }] of Object.entries(QUESTIONS)) {
      options.signal.throwIfAborted()
      options.progress(name)
      cases.push(await compare(name, operations, corpus, target, options))
    }
    return cases
  }
}

/** One operation of each on one element of the corpus. */
const QUESTIONS = {
  'encode an answer with 20 peers': {
    kadmium: ({ answer }) => encodeResponse(answer.ours),
    '@libp2p/kad-dht': ({ answer }) => Message.encode(answer.theirs),
    target: TARGET
  },
  'decode an answer with 20 peers': {
    kadmium: ({ answer, request }) => decodeResponse(answer.frame, request.ours),
    '@libp2p/kad-dht': ({ answer }) => Message.decode(answer.frame),
    target: TARGET
  },
  '… and ask for all addresses': {
    kadmium: ({ answer, request }) => countOf(decodeResponse(answer.frame, request.ours).closer, ({ addrs }) => addrs),
    '@libp2p/kad-dht': ({ answer }) => countOf(Message.decode(answer.frame).closer, ({ multiaddrs }) => multiaddrs)
  },
  'encode a request': {
    kadmium: ({ request }) => encodeRequest(request.ours),
    '@libp2p/kad-dht': ({ request }) => Message.encode(request.theirs)
  },
  'decode a request': {
    kadmium: ({ request, from }) => decodeRequest(request.frame, from, LIMITS),
    '@libp2p/kad-dht': ({ request }) => Message.decode(request.frame)
  },
  'encode an answer with a record': {
    kadmium: ({ valueAnswer }) => encodeResponse(valueAnswer.ours),
    '@libp2p/kad-dht': ({ valueAnswer }) => Message.encode({ ...valueAnswer.theirs, record: Record.encode(valueAnswer.record) })
  },
  'decode an answer with a record': {
    kadmium: ({ valueAnswer, valueRequest }) => decodeResponse(valueAnswer.frame, valueRequest),
    '@libp2p/kad-dht': ({ valueAnswer }) => Record.decode(Message.decode(valueAnswer.frame).record)
  }
}

async function compare (name, operations, corpus, target, options) {
  const { rounds, quick } = options
  const ms = quick ? QUICK_MS : ROUND_MS
  const measure = async impl => opsPerSecond(i => operations[impl](corpus[i % MESSAGES]), ms)
  const names = chosen(Object.keys(operations), options)
  await inTurns(1, names, measure)
  const measured = await inTurns(rounds, names, measure)
  return {
    name,
    unit: 'ops/s',
    better: 'higher',
    results: Object.fromEntries(Object.entries(measured).map(([impl, values]) => [impl, { values }])),
    reference: '@libp2p/kad-dht',
    target
  }
}

// the same messages for both: each as they take it, and as bytes
function messagesFrom (random) {
  const idOf = (_, i) => Uint8Array.from([...ID_HEADS[i % ID_HEADS.length], ...random()])
  return () => {
    const peers = Array.from({ length: PEERS }, idOf).map(id => ({ id, addrs: addrsFrom(random(18)) }))
    const theirPeers = peers.map(({ id, addrs }) => ({ id, multiaddrs: addrs }))
    const target = idOf(undefined, 0)
    const key = Uint8Array.from([...Buffer.from('/kv/'), ...random()])
    const record = { key, value: random(RECORD_BYTES), timeReceived: Date.UTC(2025, 1, 3) }
    const messages = {
      request: {
        ours: { type: 'find-node', target },
        theirs: { type: MessageType.FIND_NODE, key: target, closer: [], providers: [] }
      },
      answer: {
        ours: { type: 'find-node', closer: peers },
        theirs: { type: MessageType.FIND_NODE, closer: theirPeers, providers: [] }
      },
      valueAnswer: {
        ours: { type: 'get-value', key, record, closer: peers },
        theirs: { type: MessageType.GET_VALUE, key, closer: theirPeers, providers: [] },
        record: { key, value: record.value, timeReceived: '2025-02-03T00:00:00.000000000Z' }
      }
    }
    messages.request.frame = encodeRequest(messages.request.ours)
    messages.answer.frame = encodeResponse(messages.answer.ours)
    messages.valueAnswer.frame = encodeResponse(messages.valueAnswer.ours)
    return { ...messages, valueRequest: { type: 'get-value', key }, from: idOf(undefined, 0) }
  }
}

// of 8 to 20 bytes
function addrsFrom (bytes) {
  const ip4 = bytes.subarray(0, 4).join('.')
  const ip6 = `2001:db8::${Buffer.from(bytes.subarray(4, 6)).toString('hex')}:${Buffer.from(bytes.subarray(6, 8)).toString('hex')}`
  return [`/ip4/${ip4}/tcp/4001`, `/ip4/${ip4}/udp/4001/quic-v1`, `/ip6/${ip6}/tcp/4001`].map(text => multiaddr(text).bytes)
}

function assertAgreement ({ request, answer, valueAnswer }) {
  const theirs = [Message.encode(request.theirs), Message.encode(answer.theirs), Message.encode({ ...valueAnswer.theirs, record: Record.encode(valueAnswer.record) })]
  for (const [i, { frame }] of [request, answer, valueAnswer].entries()) {
    if (Buffer.compare(frame, theirs[i]) !== 0) {
      throw new Error('the two codecs do not agree on the bytes of a message')
    }
  }
}

function countOf (peers, addrsOf) {
  let bytes = 0
  for (const peer of peers) {
    for (const addr of addrsOf(peer)) {
      bytes += addr.byteLength
    }
  }
  return bytes
}
