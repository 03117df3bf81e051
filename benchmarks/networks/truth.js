/** How many a lookup is to find, in every implementation here. */
export const K = 20

/**
 * The true k closest by brute force.
 *
 * @param {Array<{ name: string, key: Uint8Array }>} nodes - all of the network, each with its place in the keyspace
 * @param {string} asker - whom a lookup does not find: it asks
 * @param {Uint8Array} target - a point of the keyspace
 * @returns {string[]} names
 */
export function trulyClosest (nodes, asker, target) {
  return nodes
    .filter(({ name }) => name !== asker)
    .map(({ name, key }) => ({ name, distance: key.map((byte, i) => byte ^ target[i]) }))
    .sort((a, b) => Buffer.compare(a.distance, b.distance))
    .slice(0, K)
    .map(({ name }) => name)
}
