import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'
import type { Test } from 'tap'

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium'

/** Chromium's own traffic is off: a test talks to nobody but the server. */
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

const missing = existsSync(CHROMIUM)
  ? false
  : `${CHROMIUM} is missing: install Debian's package chromium, or set CHROMIUM`

/** Why a test cannot run. On CI nothing may be skipped: there it runs, and fails for want of the browser. */
export const skipWithoutChromium = process.env.CI ? false : missing

/** A browser that ends with the test. */
export async function openChromium(t: Test): Promise<Browser> {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS })
  t.teardown(() => browser.close())
  return browser
}
