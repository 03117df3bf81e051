/** Somewhere between `from` and `to`, so that nodes that did something together do not do it together again. */
export function randomBetween (from: number, to: number, random: (n: number) => Uint8Array): number {
  const [high, low] = random(2)
  return from + (to - from) * (high * 256 + low) / 65_535
}
