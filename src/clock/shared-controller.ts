import { setMaxListeners } from 'main-event'

/** A controller whose signal any number may listen to: Node.js 20 warns of more than ten, as if that were a leak. */
export function sharedController (): AbortController {
  const controller = new AbortController()
  setMaxListeners(Infinity, controller.signal)
  return controller
}
