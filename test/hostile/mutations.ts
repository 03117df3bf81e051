import { Random } from '../../src/hosts/memory/random.ts'
import { bytes, frame, message, peer, record, TYPE, utf8 } from '../helpers/protobuf.ts'

/** What mutations begin with: legal requests that change nothing, and refused ones that would change something. */
interface Material {
  readonly id: Uint8Array
  readonly target: Uint8Array
  readonly key: Uint8Array
}

/** `count` hostile byte strings, the same for the same seed. */
export function * mutatedFrames (seed: number, count: number, material: Material): Generator<Uint8Array> {
  const random = new Random(seed)
  const legal = requests(material)
  for (let i = 0; i < count; i++) {
    yield i % 4 === 0 ? noise(random) : mutate(legal[i % legal.length], random)
  }
}

function requests ({ id, target, key }: Material): Uint8Array[] {
  const stranger = bytes(id.subarray(0, -1), [id[id.byteLength - 1] ^ 1])
  return [
    bytes(message.type(TYPE.ping)),
    bytes(message.type(TYPE.findNode), message.key(target)),
    bytes(message.type(TYPE.getValue), message.key(key)),
    bytes(message.type(TYPE.getProviders), message.key(id)),
    bytes(message.type(TYPE.addProvider), message.key(id), message.provider(peer(stranger))),
    bytes(message.key(utf8('/pk/x')), message.record(record(utf8('/pk/x'), utf8('no key'))))
  ]
}

/** Random bytes, some behind a length that fits. */
function noise (random: Random): Uint8Array {
  const body = random.bytes(random.integer(0, 300))
  return random.fraction() < 0.5 ? body : frame(body)
}

/** One to four changes, in the body or in the frame around it. */
function mutate (body: Uint8Array, random: Random): Uint8Array {
  let changed = random.fraction() < 0.7 ? body : frame(body)
  const framed = changed === body
  for (let changes = random.integer(1, 4); changes > 0; changes--) {
    changed = change(changed, random)
  }
  return framed ? frame(changed) : changed
}

function change (input: Uint8Array, random: Random): Uint8Array {
  const at = random.integer(0, input.byteLength)
  switch (random.integer(0, 3)) {
    case 0: return bytes(input.subarray(0, at), input.subarray(at).map((byte, i) => i === 0 ? byte ^ (1 << random.integer(0, 7)) : byte))
    case 1: return input.subarray(0, at)
    case 2: return bytes(input.subarray(0, at), random.bytes(random.integer(1, 8)), input.subarray(at))
    default: return bytes(input.subarray(0, at), input.subarray(at), input.subarray(Math.min(at, 10)))
  }
}
