/** `SIMULATIONS=quick`: smaller networks, or for less time, with the same to be seen. */
export const QUICK = process.env.SIMULATIONS === 'quick'
