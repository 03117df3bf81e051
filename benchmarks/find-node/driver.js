import { drive } from '../harness/drive.js'

/**
 * One who asks over one connection, in a process of its own.
 *
 * @param {object} init
 * @param {'kadmium' | 'echo'} init.subject - a module beside this one
 * @param {number} init.seed
 */
export async function create ({ subject, seed, ...init }) {
  const { open } = await import(`./${subject}.js`)
  const { asks, request, answer } = await open({ seed, ...init })
  const targets = randomTargets(seed)
  return {
    frames: () => ({ request, answer }),

    // requests by `call`, one of the subject's, for `ms` milliseconds, `atOnce` at once
    requests: async ({ call, ms, atOnce }) => drive({ ms, atOnce }, async () => asks[call](targets()))
  }
}

// 32 bytes that never come again, at next to no cost: a linear congruential generator of 32 bits
function randomTargets (seed) {
  let state = seed >>> 0
  return () => {
    const words = new Uint32Array(8)
    for (let i = 0; i < words.length; i++) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      words[i] = state
    }
    return new Uint8Array(words.buffer)
  }
}
