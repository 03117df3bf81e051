import { readFile } from 'node:fs/promises'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { expect } from 'aegir/chai'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { lookupDump } from '../../src/dump/lookup.ts'
import { plantuml } from '../../src/dump/plantuml.ts'
import { stateDump } from '../../src/dump/state.ts'
import { mutableKeyOf } from '../../src/record/mutable-key.ts'
import { Simulation } from '../helpers/simulation.ts'
import type { StateDump } from '../../src/dump/state.ts'
import type { SimulatedNode } from '../helpers/simulation.ts'
import type { ValidateFunction } from 'ajv'

const NASTY_TEXTS = ['@endjson', '\n@endjson\n', '__proto__', '"; --', 'constructor', '\u0000\u001b[31m', '%getenv("HOME")']

async function schema (name: string): Promise<ValidateFunction> {
  const text = await readFile(new URL(`../../src/dump/${name}.schema.json`, import.meta.url), 'utf8')
  return new Ajv2020({ strict: true, allowUnionTypes: true }).compile(JSON.parse(text))
}

function expectValid (validate: ValidateFunction, dump: unknown): void {
  const document: unknown = JSON.parse(JSON.stringify(dump))
  expect(validate(document) ? [] : validate.errors).to.deep.equal([])
}

describe('dumps and their schemas', () => {
  let network: Simulation
  let nodes: SimulatedNode[]

  beforeEach(async () => {
    network = new Simulation({ seed: 1 })
    nodes = await network.nodesJoined(30, { k: 4 })
  })

  afterEach(async () => { await network.stop() })

  async function dumpOf ({ dht }: SimulatedNode): Promise<StateDump> {
    return stateDump(dht, network.clock.now())
  }

  it('describes the state of every node', async () => {
    const validate = await schema('state')
    for (const node of nodes) {
      expectValid(validate, await dumpOf(node))
    }
  })

  it('shows what is kept, and what was done for it', async () => {
    const validate = await schema('state')
    const { dht } = nodes[3]
    await network.clock.run(dht.put('key', 'value'))
    await network.clock.run(dht.provide(Uint8Array.of(0x12, 1, 1)))
    await network.clock.advance(30 * 3_600_000)
    const dump = await dumpOf(nodes[3])
    expectValid(validate, dump)
    const { counts: { published, providers, upkeep, reproviding } } = dump
    expect(published).to.have.property('values', 1)
    expect(published.next).to.be.a('string')
    expect(providers).to.have.property('own', 1)
    expect(upkeep.republished).to.be.at.least(1)
    expect(reproviding.round).to.have.property('sent', 1)
    expect(dump.store).to.have.length(1)
  })

  it('lists each contact of each bucket, under its own id', async () => {
    const { routes, node } = await dumpOf(nodes[7])
    const listed = routes.kbuckets.flatMap(bucket => bucket.nodes.map(({ id }) => id))
    expect(listed).to.have.length(nodes[7].dht.contacts)
    expect(new Set(listed).size).to.equal(listed.length)
    expect(listed).to.not.include(node.id)
    expect(routes.kbuckets.length).to.be.greaterThan(1)
    for (const { prefix, nodes, size } of routes.kbuckets) {
      expect(nodes).to.have.length(size)
      expect(nodes.filter(({ id }) => !bitsOf(id).startsWith(prefix))).to.deep.equal([])
    }
  })

  it('shows requests that wait for an answer', async () => {
    const [asker, asked] = nodes
    const pending = asker.dht.ping(asked.dht.self)
    const { rpc } = await dumpOf(asker)
    await network.clock.run(pending)
    expectValid(await schema('state'), await dumpOf(asker))
    expect(rpc.pending.map(({ request, peer }) => [request, peer.id])).to.deep.equal([['ping', (await dumpOf(asked)).node.id]])
    expect((await dumpOf(asker)).rpc.pending).to.deep.equal([])
  })

  async function expectWellFormedWith (text: string): Promise<void> {
    const [node] = nodes
    await network.clock.run(node.dht.put(text, text))
    const dump = await dumpOf(node)
    expectValid(await schema('state'), dump)
    const stored = dump.store.map(({ value, value_encoding: encoding }) => Buffer.from(value, encoding).toString())
    expect(stored).to.deep.equal([text])
    const diagram = plantuml(dump).split('\n')
    expect(JSON.parse(diagram.slice(1, -2).join('\n'))).to.deep.equal(dump)
    expect(diagram.filter(line => line.includes('@'))).to.deep.equal(['@startjson', '@endjson'])
  }

  for (const text of NASTY_TEXTS) {
    it(`stays well-formed with the key and value ${JSON.stringify(text)}`, async () => { await expectWellFormedWith(text) })
  }

  it('shows the keys of every kind as text', async () => {
    const [node] = nodes
    const privateKey = await generateKeyPair('Ed25519')
    await network.clock.run(node.dht.putImmutable('hello world'))
    await network.clock.run(node.dht.putMutable(privateKey, { value: 'new', salt: Uint8Array.of(0x61, 0xff) }))
    const dump = await dumpOf(node)
    expectValid(await schema('state'), dump)
    expect(dump.store.map(({ key, key_encoding: encoding, value }) => [key, encoding, value])).to.have.deep.members([
      ['/immutable/QmaozNR7DZHQK1ZcU9p7QdrshMvXqWK6gpu5rmrkPdT3L4', 'key-text', 'hello world'],
      [`/mutable/${privateKey.publicKey.toString()}/a%FF`, 'key-text', 'new']
    ])
    const lookup = lookupDump(await network.clock.run(node.dht.lookup(mutableKeyOf(privateKey.publicKey))))
    expectValid(await schema('lookup'), lookup)
    expect(lookup).to.include({ preimage: `/mutable/${privateKey.publicKey.toString()}/`, preimage_encoding: 'key-text' })
  })

  it('cuts long keys between characters', async () => {
    const [node] = nodes
    await network.clock.run(node.dht.put('é'.repeat(1000), 'x'))
    const dump = await dumpOf(node)
    expectValid(await schema('state'), dump)
    expect(dump.store[0]).to.include({ key: `/kv/${'é'.repeat(510)}`, key_encoding: 'utf-8', key_size: 2004 })
  })

  it('cuts long values, and says how long they are', async () => {
    const [node] = nodes
    await network.clock.run(node.dht.put('long', new Uint8Array(5000).fill(0x61)))
    const dump = await dumpOf(node)
    expectValid(await schema('state'), dump)
    const [{ value, size, sha256 }] = dump.store
    expect({ value, size, sha256 }).to.deep.equal({
      value: 'a'.repeat(1024),
      size: 5000,
      // sha256sum of five thousand letters a
      sha256: 'c526c6222044dab5674de9c4ac7f4566ebb5e4d8bf9d8ea34c9cc8a7cc3c869c'
    })
  })

  it('describes a lookup, closest first', async () => {
    const lookup = await network.clock.run(nodes[3].dht.lookup('@endjson'))
    const dump = lookupDump(lookup)
    expectValid(await schema('lookup'), dump)
    const distances = dump.found.map(({ distance }) => distance)
    expect(distances).to.have.length(4)
    expect(distances).to.deep.equal([...distances].sort())
    expect(distances[0]).to.equal(xor(dump.target, dump.found[0].node.id))
  })

  it('refuses what it does not describe', async () => {
    const validate = await schema('state')
    const dump = await dumpOf(nodes[0])
    expect(validate({ ...dump, surprise: 1 })).to.equal(false)
    expect(validate({ ...dump, node: { ...dump.node, id: dump.node.id.slice(1) } })).to.equal(false)
  })
})

function bitsOf (hex: string): string {
  return Array.from(Buffer.from(hex, 'hex'), byte => byte.toString(2).padStart(8, '0')).join('')
}

function xor (a: string, b: string): string {
  return (BigInt(`0x${a}`) ^ BigInt(`0x${b}`)).toString(16).padStart(64, '0')
}
