import { parseArgs } from 'node:util'

/** Whom kadmium is compared with. */
const PEERS = ['@libp2p/kad-dht', 'dht-rpc', 'bittorrent-dht', 'k-bucket']

export const USAGE = `usage: npm run bench -- [name …] [options]
  --impl a,b     only these implementations, or all (the default); kadmium is always there
  --nodes 16,64  only networks of so many nodes
  --rounds N     default: 3
  --seed N       default: 1
  --quick        small, one short round: to see that it works
  --out DIR      where results go; default: benchmarks/results when nothing is narrowed, else nowhere`

/**
 * @param {string[]} args - those after the name of the script
 * @param {string[]} known - names of benchmarks
 * @returns {object | string} a string says what is wrong
 */
export function readOptions (args, known) {
  const text = { type: 'string' }
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { impl: text, nodes: text, rounds: text, seed: text, out: text, quick: { type: 'boolean' } }
    })
    const unknown = positionals.find(name => !known.includes(name))
    if (unknown != null) {
      return `there is no benchmark ${unknown}: there are ${known.join(', ')}`
    }
    const quick = values.quick ?? false
    return {
      names: positionals.length > 0 ? positionals : known,
      impl: values.impl == null || values.impl === 'all' ? undefined : values.impl.split(',').map(peer),
      nodes: values.nodes?.split(',').map(number => whole('nodes', number, 2)),
      rounds: whole('rounds', values.rounds ?? (quick ? '1' : '3'), 1),
      seed: whole('seed', values.seed ?? '1', 0),
      quick,
      out: values.out
    }
  } catch (err) {
    return err.message
  }
}

// Does this run answer less than the whole question? Then it does not replace what is there.
export function isNarrowed ({ impl, nodes, rounds, quick }) {
  return impl != null || nodes != null || quick || rounds < 3
}

// Those of `all` that `--impl` asks for, and kadmium's own.
export function chosen (all, { impl }) {
  return all.filter(name => name.startsWith('kadmium') || impl == null || impl.includes(name))
}

// Is any of the peers in `impls` asked for, or none in particular?
export function isAskedFor (impls, { impl }) {
  return impl == null || Object.keys(impls).some(name => impl.includes(name)) || impl.every(name => name === 'kadmium')
}

function peer (name) {
  if (name !== 'kadmium' && !PEERS.includes(name)) {
    throw new Error(`--impl is ${name}: there are all, kadmium, ${PEERS.join(', ')}`)
  }
  return name
}

function whole (name, text, min) {
  const number = Number(text)
  if (!Number.isInteger(number) || number < min) {
    throw new Error(`--${name} is ${text}: give a whole number from ${min}`)
  }
  return number
}
