import { inLanes } from '../harness/lanes.js'

/** Milliseconds in which everybody is to find its neighbours. */
const DEADLINE_MS = 300_000

/** How many look themselves up at once. */
const AT_ONCE = 8

/**
 * Have the nodes of `network` look themselves up, over and over, until each finds its true k closest.
 *
 * @param {object} network
 * @param {(i: number) => Uint8Array} selfOf - what node i looks up to find its neighbours
 * @param {number} [within] - milliseconds after which it goes on all the same: how many are found, the recall tells
 * @throws {Error} they do not within five minutes
 */
export async function settle (network, selfOf, within = Infinity) {
  const begun = performance.now()
  let unsettled = Array.from({ length: network.size }, (_, i) => i)
  while (unsettled.length > 0) {
    const settled = await inLanes(AT_ONCE, unsettled.map(i => async () => finds(network, i, selfOf(i))))
    const lost = unsettled.filter((_, n) => !settled[n])
    if (performance.now() - begun > within) {
      return
    }
    if (performance.now() - begun > DEADLINE_MS) {
      throw new Error(`after ${DEADLINE_MS / 1_000} s ${lost.length} of ${network.size} nodes do not find their neighbours`)
    }
    unsettled = lost
  }
}

async function finds (network, i, target) {
  const found = new Set(network.found(await network.lookup(i, target).catch(() => [])))
  return network.truth(i, target).every(name => found.has(name))
}
