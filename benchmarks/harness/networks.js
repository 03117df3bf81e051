import { startChild } from './child.js'

/** Those that nobody uses now, by what they were made with. */
const idle = new Map()

/**
 * A network that has joined: as another benchmark of this run left it, if one did, since to join takes minutes.
 *
 * @param {object} init - for `networks/driver`
 */
export async function takeNetwork (init) {
  const key = keyOf(init)
  const left = idle.get(key)
  idle.delete(key)
  return left?.isRunning === true ? left : startChild('networks/driver', init)
}

// Leave a network to whoever takes one that is made with the same.
export function leaveNetwork (init, child) {
  idle.set(keyOf(init), child)
}

function keyOf (init) {
  return JSON.stringify(Object.entries(init).sort())
}
