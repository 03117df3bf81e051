import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { expect } from 'aegir/chai'
import { readValue } from '../../src/cli/value-source.ts'

describe('readValue', () => {
  const signal = new AbortController().signal

  it('takes text as it is, and @@ for a text that begins with @', async () => {
    const texts = await Promise.all(['', 'plain', '@@name', '@@@'].map(async text => readValue(text, { stdin: new PassThrough(), signal })))
    expect(texts.map(bytes => new TextDecoder().decode(bytes))).to.deep.equal(['', 'plain', '@name', '@@'])
  })

  it('refuses text that reached it changed, since it was not UTF-8', async () => {
    for (const text of ['caf\ufffd', '\ud83d']) {
      await expect(readValue(text, { stdin: new PassThrough(), signal })).to.eventually.be.rejected.with.property('name', 'UsageError')
    }
  })

  it('reads stdin to its end', async () => {
    const stdin = new PassThrough()
    const value = readValue('-', { stdin, signal })
    stdin.write('one ')
    stdin.end('two')
    expect(new TextDecoder().decode(await value)).to.equal('one two')
  })

  it('reads no more of an endless stdin than a value may have', async () => {
    const stdin = new PassThrough()
    const refused = expect(readValue('-', { stdin, signal })).to.eventually.be.rejected.with.property('name', 'ValueTooLargeError')
    stdin.write(new Uint8Array(4 * 1024 * 1024))
    stdin.write(new Uint8Array(1))
    await refused
    expect(stdin.destroyed).to.equal(true)
  })

  describe('of a named pipe', () => {
    let folder: string
    let pipe: string

    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'kadmium-pipe-'))
      pipe = join(folder, 'pipe')
      execFileSync('mkfifo', [pipe])
    })

    afterEach(async () => { await rm(folder, { recursive: true }) })

    it('waits for who writes to it, and reads to the end', async () => {
      const value = readValue(`@${pipe}`, { stdin: new PassThrough(), signal })
      await writeFile(pipe, 'as written')
      expect(new TextDecoder().decode(await value)).to.equal('as written')
    })

    it('gives up when aborted, though nobody writes', async () => {
      const controller = new AbortController()
      const value = readValue(`@${pipe}`, { stdin: new PassThrough(), signal: controller.signal })
      setImmediate(() => { controller.abort(new RangeError('enough')) })
      await expect(value).to.eventually.be.rejected.with.property('name', 'RangeError')
    })
  })

  it('gives up when aborted, for the reason given', async () => {
    const controller = new AbortController()
    const stdin = new PassThrough()
    const value = readValue('-', { stdin, signal: controller.signal })
    controller.abort(new RangeError('enough'))
    await expect(value).to.eventually.be.rejected.with.property('name', 'RangeError')
    expect(stdin.destroyed).to.equal(true)
  })
})
