import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * The browser tests run in the system's Chromium. An empty marker where a downloaded
 * browser would lie keeps the test runner from fetching one.
 */
function useSystemChromium () {
  const cache = join(import.meta.dirname, 'node_modules/.cache/system-chromium')
  const { browsers } = JSON.parse(readFileSync(join(import.meta.dirname, 'node_modules/playwright-core/browsers.json'), 'utf8'))
  for (const { name, revision } of browsers) {
    if (name === 'chromium' || name === 'chromium-headless-shell') {
      const folder = join(cache, `${name.replaceAll('-', '_')}-${revision}`)
      mkdirSync(folder, { recursive: true })
      writeFileSync(join(folder, 'INSTALLATION_COMPLETE'), '')
    }
  }
  process.env.PLAYWRIGHT_BROWSERS_PATH = cache
}

useSystemChromium()

/** The tests that run in a browser, page or worker, find servers to dial. */
const IN_BROWSER = ['browser', 'webworker']

/** @type {import('aegir').PartialOptions} */
export default {
  build: {
    bundlesizeMax: '116KB'
  },
  test: {
    async before ({ runner }) {
      if (IN_BROWSER.includes(runner)) {
        // the build went before: the servers run what the page runs
        const { startServers } = await import('./dist/test/browser/servers.js')
        return startServers()
      }
    },
    async after (_, servers) {
      await servers?.stop()
    },
    browser: {
      config: {
        browserContextOptions: {
          executablePath: '/usr/bin/chromium',
          args: [
            '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
            '--disable-background-networking', '--disable-component-update', '--disable-sync'
          ]
        }
      }
    }
  },
  dependencyCheck: {
    // Node itself is imported by nobody: the scripts run on it. The codec of the other
    // implementation is reached by its path, since its exports do not name it
    ignore: ['node', '@libp2p/kad-dht']
  }
}
