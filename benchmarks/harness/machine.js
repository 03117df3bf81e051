import { readFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'

const PACKAGES = ['@libp2p/kad-dht', 'libp2p', '@libp2p/tcp', '@libp2p/noise', '@libp2p/yamux', '@libp2p/memory', '@libp2p/plaintext', 'dht-rpc', 'bittorrent-dht', 'k-bucket', 'it-pipe', 'it-length-prefixed']

/** What all of this ran on. */
export const machine = {
  cpu: cpus()[0].model,
  cores: cpus().length,
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  os: process.platform,
  node: process.version
}

/** What was compared. */
export const versions = Object.fromEntries([
  ['kadmium', versionIn('../..')],
  ...PACKAGES.map(name => [name, versionIn(`../../node_modules/${name}`)])
])

function versionIn (folder) {
  return JSON.parse(readFileSync(new URL(`${folder}/package.json`, import.meta.url), 'utf8')).version
}
