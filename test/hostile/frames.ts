import { bytes, field, frame, message, peer, record, scalar, tag, TYPE, utf8, varint } from '../helpers/protobuf.ts'

/** A value cap small enough to test beyond it. */
export const MAX_VALUE_SIZE = 100_000

/** What an attacker sends in place of requests: row of the table, what it is, the bytes. Each resets its stream. */
export interface HostileRequest {
  readonly row: number
  readonly what: string
  readonly chunks: readonly Uint8Array[]
}

const KEY = utf8('/kv/key')
const someone = bytes([0x00, 0x24, 0x08, 0x01, 0x12, 0x20], new Uint8Array(32).fill(7))

function findNode (target: Uint8Array): Uint8Array {
  return bytes(message.type(TYPE.findNode), message.key(target))
}

/** A PUT_VALUE that would be legal but for its key. */
function put (key: Uint8Array, value: Uint8Array = bytes(scalar(1, 1), field(2, utf8('x')))): Uint8Array {
  return bytes(message.key(key), message.record(record(key, value)))
}

/** A FIND_NODE whose whole body has `size` bytes. */
function findNodeOf (size: number): Uint8Array {
  const overhead = findNode(new Uint8Array(size)).byteLength - size
  return findNode(new Uint8Array(size - overhead))
}

const rows: Array<[row: number, what: string, ...chunks: Uint8Array[]]> = [
  [1, 'a length prefix of eleven 0x80 bytes', new Uint8Array(11).fill(0x80)],
  [2, 'the overlong prefix 80 00', bytes([0x80, 0x00])],
  [3, 'length 2^40', varint(2n ** 40n)],
  [4, 'length 2^53', varint(2n ** 53n)],
  [5, 'a request of 64 KiB + 1', frame(findNodeOf(65_537))],
  [6, 'the end inside the prefix', bytes([0x80])],
  [7, 'the end inside the body', frame(findNode(KEY)).subarray(0, 4)],
  [7, 'the end right after the prefix', bytes([0x05])],
  [9, 'a field that ends past the message', frame(message.type(TYPE.findNode), tag(2, 2), varint(100), utf8('short'))],
  [10, 'a nested field past its parent (record)', frame(message.key(KEY), message.record(bytes(tag(1, 2), varint(100), KEY)))],
  [10, 'a nested field past its parent (peer)', frame(findNode(KEY), message.closer(bytes(tag(1, 2), varint(100), someone)))],
  [11, 'field number 0', frame(findNode(KEY), bytes([0x00, 0x00]))],
  [12, 'wire type 6', frame(findNode(KEY), tag(15, 6), [0])],
  [12, 'wire type 7', frame(findNode(KEY), tag(15, 7), [0])],
  [13, 'a known field with the wrong wire type', frame(message.type(TYPE.findNode), scalar(2, 5))],
  [14, 'a lone end-group', frame(findNode(KEY), tag(15, 4))],
  [15, '200 kB of nested groups', frame(new Uint8Array(200_000).fill(tag(15, 3)[0]))],
  [15, '60 kB of nested groups', frame(findNode(KEY), new Uint8Array(60_000).fill(tag(15, 3)[0]))],
  [16, 'message type 7', frame(message.type(7), message.key(KEY))],
  [17, 'message type -1', frame(message.type(-1n), message.key(KEY))],
  [18, 'an empty frame', frame()],
  [19, 'FIND_NODE with an empty key', frame(findNode(new Uint8Array()))],
  [20, 'a provider key of 81 bytes', frame(message.type(TYPE.getProviders), message.key(new Uint8Array(81).fill(1)))],
  [20, 'a provider key of 81 bytes, provided', frame(message.type(TYPE.addProvider), message.key(new Uint8Array(81).fill(1)), message.provider(peer(someone)))],
  [21, 'PUT_VALUE without record', frame(message.key(KEY))],
  [22, 'a record key other than the message key', frame(message.key(KEY), message.record(record(utf8('/kv/other'), utf8('x'))))],
  ...Object.getOwnPropertyNames(Object.prototype).map((name): [number, string, Uint8Array] =>
    [23, `namespace ${name}`, frame(put(utf8(`/${name}/x`)))]),
  [24, '/__proto__/x', frame(put(utf8('/__proto__/x')))],
  ...['x', '//', '/pk'].map((key): [number, string, Uint8Array] => [25, `key ${key}`, frame(put(utf8(key)))]),
  [25, 'a key of a value that is too long to be looked for', frame(put(bytes(utf8('/kv/'), new Uint8Array(15 * 1024))))],
  [26, '/pk/ with another peer\'s key', frame(put(bytes(utf8('/pk/'), someone), bytes([0x08, 0x01, 0x12, 0x20], new Uint8Array(32).fill(9))))],
  [27, 'a value one byte over the cap', frame(put(KEY, bytes(scalar(1, 1), field(2, new Uint8Array(MAX_VALUE_SIZE + 1)))))],
  [27, 'a value far over the cap', frame(put(KEY, bytes(scalar(1, 1), field(2, new Uint8Array(MAX_VALUE_SIZE + 200_000)))))],
  [28, 'a namespace that is no UTF-8', frame(put(bytes(utf8('/'), [0xff, 0xfe], utf8('/x'))))],
  [46, 'a provider who is not the sender', frame(message.type(TYPE.addProvider), message.key(new Uint8Array(34).fill(1)), message.provider(peer(someone)))]
]

export const hostileRequests: readonly HostileRequest[] = rows.map(([row, what, ...chunks]) => ({ row, what, chunks }))
