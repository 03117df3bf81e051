import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'aegir/chai'
import { writeError } from '../../src/data-dir/errors.ts'
import { createNode } from '../../src/node.ts'
import { finished, killLeftovers, spawnKadmium, StartedNode } from '../cli/kadmium.ts'
import type { KadNode } from '../../src/node.ts'

const VALUE_BYTES = 64 * 1024

/** Bytes that a file may have while there is no room: some ten values fill it. */
const NO_ROOM = 700_000

describe('a node whose disk is full', () => {
  let dir: string
  let asker: KadNode

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'kadmium-data-'))
    asker = await createNode({ mode: 'client' })
  })

  afterEach(async () => {
    await asker.stop()
    killLeftovers()
    await rm(dir, { recursive: true })
  })

  /** A limit on files does to a process what a full disk does; Node.js ignores the signal that comes with it. */
  async function limit (node: StartedNode, bytes: number | 'unlimited'): Promise<void> {
    await promisify(execFile)('prlimit', ['--pid', String(node.child.pid), `--fsize=${bytes}:`])
  }

  function valueOf (number: number): Uint8Array {
    return new Uint8Array(VALUE_BYTES).fill(number)
  }

  async function stores (node: StartedNode, number: number): Promise<boolean> {
    return asker.store(node.addr, `key ${number}`, valueOf(number)).then(() => true, err => {
      expect(err.name).to.equal('StreamResetError')
      return false
    })
  }

  async function expectAll (node: StartedNode, numbers: readonly number[]): Promise<void> {
    for (const number of numbers) {
      expect((await asker.findValue(node.addr, `key ${number}`)).value).to.equalBytes(valueOf(number))
    }
  }

  it('refuses values, serves those it has, and takes more when there is room; none of them is lost', async () => {
    const node = await StartedNode.start(['--data', dir])
    let told = ''
    node.child.stderr.on('data', chunk => { told += String(chunk) })
    await limit(node, NO_ROOM)
    const kept: number[] = []
    for (let number = 0; number < 20; number++) {
      if (await stores(node, number)) {
        kept.push(number)
      }
    }
    expect(kept).to.have.length.within(5, 15)
    await expectAll(node, kept)

    await limit(node, 'unlimited')
    for (let number = 100; number < 105; number++) {
      while (!await stores(node, number)) {
        // it tries no more than once a second
      }
      kept.push(number)
    }
    await expectAll(node, kept)
    expect(told.match(/the disk is full \(File too large\): make room for .*; what is there can be read, and writes work again by themselves/g)).to.have.length(1)
    expect(told).to.match(/the database in .* can be written again/)

    await node.stop('SIGKILL')
    const again = await StartedNode.start(['--data', dir])
    await expectAll(again, kept)
    await again.stop()
  })

  it('is not repaired before there is room: none of its values is lost', async () => {
    const node = await StartedNode.start(['--data', dir])
    const numbers = [...Array(20).keys()]
    for (const number of numbers) {
      await asker.store(node.addr, `key ${number}`, valueOf(number))
    }
    await node.stop('SIGKILL')
    await rm(join(dir, 'db', 'CURRENT'))
    const child = spawnKadmium(['start', '--listen', '127.0.0.1:0', '--data', dir], { shell: `exec prlimit --fsize=${NO_ROOM} "$@"` })
    const { code, stderr } = await finished(child)
    expect(stderr).to.match(/the disk is full \(.*\): the database in .* needs some 10 MB of room to be opened; nothing of it is lost/)
    expect(code).to.equal(6)
    const again = await StartedNode.start(['--data', dir])
    await expectAll(again, numbers)
    await again.stop()
  })
})

describe('what is said of a database that cannot be written', () => {
  const messageFor = (reason: string): string => writeError('/data', new Error('Database failed', { cause: new Error(reason) })).message

  it('names the limit to raise when it is open files that the process lacks', () => {
    for (const reason of ['IO error: /data/db/000012.log: Too many open files', 'EMFILE: too many open files, open \'/data/db/x\'', 'ENFILE: file table overflow, open \'/data/db/x\'']) {
      expect(messageFor(reason)).to.equal(`the database in /data cannot be written (${reason}): raise the limit of open files, "ulimit -n"`)
    }
  })

  it('asks for the disk otherwise', () => {
    expect(messageFor('IO error: /data/db/000012.log: Input/output error')).to.match(/: is its disk sound, and can this user write to it\?$/)
  })
})
