import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import type { Whereabouts } from './reply.ts'
import type { ChildProcessByStdio } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'

const execute = promisify(execFile)

/** What a command may take, in Kubo's words. */
const TIMEOUT = '30s'

/** Runs Kubo until the input ends, as it does, too, when the tests are killed. */
const KEEPER = 'trap "" INT; "$0" daemon & exec >/dev/null 2>&1; cat; kill $!; wait $!'

/** The number of a query event that names a provider. */
const PROVIDER = 4

/** Beyond its profile `test`, which listens on free ports of the loopback interface only and asks no other service for anything. */
const ALONE = {
  AutoNAT: { ServiceMode: 'disabled' },
  HTTPRetrieval: { Enabled: false },
  Version: { SwarmCheckEnabled: false },
  // what is not pinned is not provided, unless it is asked for
  Provide: { Strategy: 'pinned' }
}

export interface KuboInit {
  /** With `dhtclient` it only asks, with `dht` it serves on local networks, too. */
  readonly routing: 'dht' | 'dhtclient'
  /** The addresses of all peers that it is told of. */
  readonly bootstrap: readonly string[]
}

/** A Kubo node, with a repository of its own, told by its commands what to do. */
export class KuboNode {
  readonly #program: string
  readonly #repo: string
  #id = ''
  #keeper: ChildProcessByStdio<Writable, Readable, Readable> | undefined

  private constructor (program: string, repo: string) {
    this.#program = program
    this.#repo = repo
  }

  /** Resolves when it is ready for commands. */
  static async start (program: string, init: KuboInit): Promise<KuboNode> {
    const node = new KuboNode(program, await mkdtemp(join(tmpdir(), 'kadmium-kubo-')))
    try {
      await node.#configure(init)
      await node.#begin()
    } catch (err) {
      await node.stop()
      throw err
    }
    return node
  }

  /** Its peer id, which is the name that it publishes, too. */
  get id (): string {
    return this.#id
  }

  /** Where it listens. */
  async addrs (): Promise<string[]> {
    return this.#lines('swarm', 'addrs', 'local')
  }

  /** The peers that it is connected with. */
  async peers (): Promise<string[]> {
    const addrs = await this.#lines('swarm', 'peers')
    return addrs.map(addr => addr.replace(/.*\/p2p\//, ''))
  }

  /** The peer ids in its routing table of the local network. */
  async table (): Promise<string[]> {
    const { Buckets } = JSON.parse(await this.#text('stats', 'dht', 'lan', '--enc=json'))
    return Buckets.flatMap(({ Peers }: { Peers: ReadonlyArray<{ ID: string }> | null }) => Peers ?? []).map(({ ID }: { ID: string }) => ID)
  }

  /** Have it hold a block; returns its CID. */
  async hold (block: Uint8Array): Promise<string> {
    return (await this.#run(['block', 'put'], block)).toString().trim()
  }

  async provide (cid: string): Promise<void> {
    await this.#run(['routing', 'provide', cid])
  }

  async findProviders (cid: string): Promise<Whereabouts[]> {
    const events = await this.#lines('routing', 'findprovs', '--enc=json', cid)
    return events.map(line => JSON.parse(line))
      .filter(({ Type }) => Type === PROVIDER)
      .flatMap(({ Responses }: { Responses: ReadonlyArray<{ ID: string, Addrs: string[] }> }) => Responses)
      .map(({ ID, Addrs }) => ({ peer: ID, addrs: Addrs }))
  }

  /** The addresses at which a peer is found. */
  async findPeer (id: string): Promise<string[]> {
    return this.#lines('routing', 'findpeer', id)
  }

  /** Publish `path` at its own name. */
  async publish (path: string): Promise<void> {
    await this.#run(['name', 'publish', '--allow-offline=false', '--resolve=false', path])
  }

  /** Where a name leads. */
  async resolve (name: string): Promise<string> {
    return (await this.#text('name', 'resolve', '--nocache', name)).trim()
  }

  /** Put an IPNS record. */
  async put (name: string, record: Uint8Array): Promise<void> {
    await this.#run(['routing', 'put', `/ipns/${name}`], record)
  }

  /** Get an IPNS record. */
  async get (name: string): Promise<Uint8Array> {
    return this.#run(['routing', 'get', `/ipns/${name}`])
  }

  /** Resolves when its process and its repository are gone. */
  async stop (): Promise<void> {
    const keeper = this.#keeper
    if (keeper != null && keeper.exitCode == null) {
      keeper.stdin.end()
      await once(keeper, 'exit')
    }
    await rm(this.#repo, { recursive: true, force: true })
  }

  async #configure ({ routing, bootstrap }: KuboInit): Promise<void> {
    await this.#run(['init', '--empty-repo', '--profile=test'])
    const path = join(this.#repo, 'config')
    const config = JSON.parse(await readFile(path, 'utf8'))
    this.#id = config.Identity.PeerID
    const { Routing, Swarm } = config
    await writeFile(path, JSON.stringify({
      ...config,
      ...ALONE,
      Bootstrap: bootstrap,
      Routing: { ...Routing, Type: routing },
      Swarm: { ...Swarm, RelayClient: { Enabled: false }, RelayService: { Enabled: false }, EnableHolePunching: false }
    }))
  }

  async #begin (): Promise<void> {
    const keeper = spawn('sh', ['-c', KEEPER, this.#program], { env: this.#env, stdio: ['pipe', 'pipe', 'pipe'] })
    this.#keeper = keeper
    const said = text(keeper.stderr)
    for await (const line of createInterface({ input: keeper.stdout })) {
      if (line === 'Daemon is ready') {
        keeper.stdout.resume() // what else it says is not read
        return
      }
    }
    throw new Error(`Kubo ended before it was ready: ${await said}`)
  }

  async #lines (...args: readonly string[]): Promise<string[]> {
    return (await this.#text(...args)).split('\n').filter(line => line !== '')
  }

  async #text (...args: readonly string[]): Promise<string> {
    return (await this.#run(args)).toString()
  }

  /** Run a command, with `input` on its stdin; what it wrote to stdout. */
  async #run (args: readonly string[], input?: Uint8Array): Promise<Buffer> {
    const running = execute(this.#program, [`--timeout=${TIMEOUT}`, ...args], { env: this.#env, encoding: 'buffer' })
    running.child.stdin?.on('error', () => {}) // a command need not read it
    running.child.stdin?.end(input)
    return (await running).stdout
  }

  get #env (): NodeJS.ProcessEnv {
    return { ...process.env, IPFS_PATH: this.#repo, IPFS_TELEMETRY: 'off' }
  }
}
