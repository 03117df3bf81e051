import { expect } from 'aegir/chai'
import { createNode } from '../../src/node.ts'
import { finished, killLeftovers, spawnKadmium } from './kadmium.ts'
import type { KadNode } from '../../src/node.ts'

const NODES = 24
const K = 20

/** Files that a process may open: Node.js itself takes some 20, which leaves fewer sockets than a lookup asks peers. */
const OPEN_FILES = 32

describe('a process that may open few files', () => {
  let nodes: KadNode[]

  before(async () => {
    nodes = [await createNode({ listen: ['127.0.0.1:0'] })]
    while (nodes.length < NODES) {
      nodes.push(await createNode({ listen: ['127.0.0.1:0'], bootstrap: [...nodes[0].addresses] }))
    }
  })

  after(async () => {
    await Promise.all(nodes.map(async node => node.stop()))
    killLeftovers()
  })

  it('finds all the closest', async () => {
    const { code, stdout, stderr } = await finished(spawnKadmium(['lookup', 'greeting', '-b', nodes[0].addresses[0]], { openFiles: OPEN_FILES }))
    expect({ code, failures: stderr.split('\n').filter(line => line.includes('failed at')) }).to.deep.equal({ code: 0, failures: [] })
    expect(String(stdout).match(/12D3Koo/g)).to.have.lengthOf(K)
  })
})
