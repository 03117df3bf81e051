/**
 * How many lookups a second do nodes on real sockets make, and do they find the true
 * k closest? 16 nodes in one process on loopback, networks built by real joins, one
 * lookup at a time and 16 at once, over plain TCP and over TLS.
 */
/* eslint-disable no-console -- a benchmark prints */
import { randomBytes } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import { compareDistance } from '../dist/src/index.js'
import { createNode } from '../dist/src/node.js'

const NODES = 16
const LOOKUPS = 400

for (const security of ['plain', 'tls']) {
  const nodes = [await createNode({ security, listen: ['/ip4/127.0.0.1/tcp/0'] })]
  while (nodes.length < NODES) {
    nodes.push(await createNode({ security, listen: ['/ip4/127.0.0.1/tcp/0'], bootstrap: nodes[0].addresses }))
  }
  await run(nodes, 1)
  for (const concurrency of [1, 16]) {
    const { rate, recall } = await run(nodes, concurrency)
    console.info(`${security.padEnd(5)} ${NODES} nodes, ${String(concurrency).padStart(2)} at once: ${rate.toFixed(0).padStart(6)} lookups/s, recall ${recall.toFixed(3)}`)
  }
  await Promise.all(nodes.map(node => node.stop()))
}

async function run (nodes, concurrency) {
  let found = 0
  let wanted = 0
  let next = 0
  const lane = async () => {
    while (next < LOOKUPS) {
      const node = nodes[next++ % nodes.length]
      const { closest, key } = await node.lookup(randomBytes(32))
      const truth = nodes
        .filter(other => other !== node)
        .map(({ self }) => self)
        .sort((a, b) => compareDistance(key, a.key, b.key))
        .slice(0, 20)
      const ids = new Set(closest.map(({ id }) => Buffer.from(id).toString('hex')))
      found += truth.filter(({ id }) => ids.has(Buffer.from(id).toString('hex'))).length
      wanted += truth.length
    }
  }
  const begun = performance.now()
  await Promise.all(Array.from({ length: concurrency }, lane))
  return { rate: LOOKUPS * 1000 / (performance.now() - begun), recall: found / wanted }
}
