import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'
import type { Test } from 'tap'

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium'

/** Chromium's background traffic is off, so that a test connects to its own server only. */
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

/** Why a test is skipped, or false. On CI no test is skipped: without a browser it fails. */
export const skipWithoutChromium = process.env.CI ? false : missing

/** A browser that closes with the test. */
export async function openChromium(t: Test): Promise<Browser> {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS })
  t.teardown(() => browser.close())
  return browser
}
