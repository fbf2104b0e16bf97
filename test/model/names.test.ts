import t from 'tap'
import { fold, foldLogin } from '../../src/db/regional/fold.js'
import {
  faultOfEmail,
  faultOfFileName,
  faultOfFolder,
  faultOfUsername,
  normalizeFolder,
  normalizeUsername,
} from '../../src/model/names.js'

const username = (typed: string) => faultOfUsername(normalizeUsername(typed))

/** Every character of Unicode, but for surrogates. */
function* characters(): Generator<string> {
  for (let code = 0; code <= 0x10ffff; code += 1)
    if (code < 0xd800 || code > 0xdfff) yield String.fromCodePoint(code)
}

t.test('A username may be in any script, with combining marks', async (t) => {
  const good = [
    'noam',
    'kim_42',
    'a.b-c',
    'हिन्दी',
    'தமிழ்',
    'ชื่อ',
    'שָׁלוֹם',
    'نعيم',
    'Ελλάς',
    'Юлия',
    'ゆきこ',
    '김철수',
    '王小明',
    'Кирилл',
  ]
  for (const name of good) t.equal(username(name), undefined, name)
  for (const name of ['ab', 'a'.repeat(33), 'a b c', 'a/b', 'noam~1a2b', 'noam!', '\u0301abc', 'ab\0c', ''])
    t.match(username(name), /must be 3 to 32/, JSON.stringify(name))
  t.equal(normalizeUsername(' ｎｏａｍ '), 'noam', 'trimmed and in NFKC')
  t.equal(normalizeUsername('น้ำ'), 'น้ำ')
  t.equal(foldLogin('น้ำ'), foldLogin(normalizeUsername('น้ำ')))
})

t.test('A username with invisible characters is refused', async (t) => {
  for (const hidden of ['\u3164', '\u115f', '\u034f', '\u180b', '\ufe0f', '\u17b4', '\u{e0100}']) {
    t.type(username(`noam${hidden}`), 'string', `U+${hidden.codePointAt(0)?.toString(16)}`)
    t.type(username(hidden.repeat(3)), 'string')
  }
})

t.test('A username that mixes scripts whose letters look alike is refused', async (t) => {
  for (const name of ['nоam', 'αdmin', 'adοmin', 'Ꭰdmin', 'աdmin'])
    t.match(username(name), /look alike/, name)
  for (const name of ['ноам', '東京tokyo', 'user_ゆき', 'юля_42']) t.equal(username(name), undefined, name)
})

t.test('An email address may be in a local network or in any script', async (t) => {
  const good = [
    'dana@example.org',
    'dana@localhost',
    'dana@nas',
    'dana+x@bücher.example',
    'δάνα@例え.jp',
    "o'neil@x.co",
    'd@1.2.3.4',
  ]
  for (const email of good) t.equal(faultOfEmail(email), undefined, email)
  const bad = [
    'dana',
    '@nas',
    'dana@',
    'a b@nas',
    'a@b@nas',
    'dana@a..b',
    'dana@.a',
    'dana@-a',
    'dana@a b',
    'da\u200bna@nas',
    'dana@x/y',
    `${'a'.repeat(254)}@nas`,
  ]
  for (const email of bad) t.type(faultOfEmail(email), 'string', JSON.stringify(email))
})

t.test('Valid file names and folders are accepted, and invalid ones refused', async (t) => {
  for (const name of ['a', '%', 'foo\\', '.x', '...', 'é'.repeat(127), ' '])
    t.equal(faultOfFileName(name), undefined)
  t.match(faultOfFileName('é'.repeat(128)), /255 bytes/)
  for (const name of ['', '.', '..', 'a/b', 'a\nb', '\u0085', '\ud800'])
    t.type(faultOfFileName(name), 'string')
  for (const folder of ['/', '/a', '/a/b c']) t.equal(faultOfFolder(folder), undefined)
  for (const folder of ['', 'a', '/a/', '//', '/a/..', `/${'a'.repeat(256)}`, '/a'.repeat(513)])
    t.type(faultOfFolder(folder), 'string', folder.slice(0, 20))
  t.equal(normalizeFolder('/cafe\u0301'), '/caf\u00e9')
})

t.test('All case variants of a character fold to the same text', async (t) => {
  const odd: string[] = []
  for (const char of characters()) {
    if (char.toLowerCase() === char && char.toUpperCase() === char) continue
    const variants = [char.toLowerCase(), char.toUpperCase(), char.toLowerCase().toUpperCase(), fold(char)]
    if (variants.some((variant) => fold(variant) !== fold(char)))
      odd.push(`U+${char.codePointAt(0)?.toString(16)}`)
  }
  t.same(odd, [])
})

t.test('A substring folds as it does within a name, whatever surrounds it', async (t) => {
  const odd: string[] = []
  for (const char of characters()) {
    // NFKC may compose a character without case with its neighbours.
    if (fold(char) === char && char.toUpperCase() === char) continue
    for (const [before, after] of [
      ['', ' '],
      ['x', ''],
      ['α', ''],
      ['Α', 'Β'],
      ['', '.'],
      ['.', '.'],
    ] as const) {
      const whole = fold(before + char + after)
      if (!whole.includes(fold(char).normalize('NFKC')) && !/^\p{M}/u.test(fold(char).normalize('NFKD')))
        odd.push(`${before}U+${char.codePointAt(0)?.toString(16)}${after}`)
    }
  }
  t.same(odd, [])
  t.ok(fold('Ελλάς.jpg').includes(fold('Ελλάς')))
  t.ok(fold('ΟΔΟΣ.txt').includes(fold('ΟΔΟΣ')))
  t.equal(fold('STRASSE'), fold('straße'))
  t.equal(fold('ẞ'), fold('ß'))
})

t.test('The lookup key of a typed name is trimmed', async (t) => {
  t.equal(foldLogin(' Dana\u00a0'), 'dana')
})
