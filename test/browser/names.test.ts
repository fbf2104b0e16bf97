import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { type Test, test } from 'tap'
import { openChromium, skipWithoutChromium } from '../support/chromium.js'
import type { Person } from '../support/person.js'
import { openTestRegional } from '../support/test-regional.js'

const NAMES = [
  ...['foo\\', 'a\\\\b.txt', 'report%0A.txt', '100%25.txt', 'report%2Fq1.pdf'],
  ...["it's; a=1.txt", 'שקיעה בחוף.jpg', '%.txt'],
]

const FORM = '<form id="names" enctype="multipart/form-data"><input type="file" name="file"></form>'
const SEND = `fetch('/upload', { method: 'POST', body: new FormData(document.getElementById('names')) })
  .then((response) => response.json())`

/** A page of the server with a form and a session cookie. */
async function formOf(t: Test, url: string, person: Person): Promise<Page> {
  const browser = await openChromium(t)
  const context = await browser.newContext({ acceptDownloads: true })
  await context.addCookies([{ name: 'syncsphere_session', value: person.session, url }])
  const page = await context.newPage()
  await page.goto(`${url}/docs`)
  await page.evaluate(`document.body.insertAdjacentHTML('afterbegin', ${JSON.stringify(FORM)})`)
  return page
}

test('Chromium uploads and downloads files with their exact names', {
  skip: skipWithoutChromium,
}, async (t) => {
  const regional = await openTestRegional(t)
  const page = await formOf(t, regional.url, await regional.person('alice'))
  const dir = await mkdtemp(join(t.testdir(), 'names-'))
  for (const name of NAMES) {
    const path = join(dir, name)
    await writeFile(path, name)
    await page.setInputFiles('#names input', path)
    const file = (await page.evaluate(SEND)) as { id: string; name: string }
    t.equal(file.name, name)
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.evaluate(`location.href = '/download/${file.id}'`),
    ])
    // A backslash separates folders on Windows, so browsers replace it.
    t.equal(download.suggestedFilename(), name.replaceAll('\\', '_'))
    t.equal(await readFile(await download.path(), 'utf8'), name)
  }
})
