/**
 * How much of the truth does the other implementation's lookup find among nodes of its
 * own? The answer is the bar that `lookups.ts` sets for it in mixed networks.
 *
 * Takes the number of nodes and of lookups, and prints a line:
 * npx -c 'node --experimental-transform-types test/interop/their-recall.ts 40 200'
 */
import { argv } from 'node:process'
import { say } from '../helpers/say.ts'
import { closestPeers } from './ask.ts'
import { InteropNetwork } from './network.ts'
import { trulyClosest } from './truth.ts'

const [nodes = 20, lookups = 100] = argv.slice(2).map(Number)

const network = new InteropNetwork()
await network.grow({ ours: 0, theirs: nodes })

let exact = 0
let hits = 0
let wanted = 0
let worst = 1
let errors = 0
for (let i = 0; i < lookups; i++) {
  const asker = network.nodes[i % nodes]
  const target = crypto.getRandomValues(new Uint8Array(32))
  const outcome = await closestPeers(asker, target)
  const found = outcome.peers.map(({ id }) => id.toString())
  const truth = trulyClosest(network.nodes, asker, target)
  const here = truth.filter(id => found.includes(id)).length
  exact += String(found) === String(truth) ? 1 : 0
  hits += here
  wanted += truth.length
  worst = Math.min(worst, here / truth.length)
  errors += outcome.errors.length
}
await network.stop()

say(`${nodes} nodes, ${lookups} lookups: ${exact} exact, recall ${(hits / wanted).toFixed(4)}, worst ${worst.toFixed(2)}, ${errors} query errors`)
