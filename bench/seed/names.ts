/** Realistic names and folders: several words, dates, numbers, extensions and alphabets. */
import type { SeededRandom } from './seeded-random.js'

const WORDS =
  `account agenda agreement album analysis annual application archive article audit backup balance bank
birthday board bridge brochure budget building bundle calendar campaign catalogue certificate chapter chart checklist
christmas church client cluster code collection committee company complaint concept concert conference contract copy
course cover credit customer daily data deadline delivery design desk diagram dinner diploma document draft drawing
dress easter editorial electricity email employee energy engine estimate evening event example excerpt exercise expense
export family fashion feedback festival figure film final finance flight floor flyer folder football forecast form
forest frame garden gallery gift glossary grammar graph group guest guide guitar handbook harbour health heating
holiday hospital hotel house image import index insurance interview inventory invitation invoice island journal kitchen
label lake lamp language laptop leaflet lease lecture letter library licence list loan logo lunch machine magazine
manual manuscript map market master material measure medical meeting member memo menu message minutes mobile model
monthly morning mortgage mountain museum music network newsletter notebook notes offer office opening option orchestra
order outline overview package painting paper park party passport patient payment payslip pension performance phone
photo picture plan plant poem policy portrait poster presentation price printer product profile programme project
proposal protocol purchase quarter question quote railway receipt recipe record reference register reminder rent
repair report request research reservation restaurant result resume review river road roof room route salary sample
scan schedule school score screen script season section sermon server session sheet shipment shop sketch slides
software song speech sport spring staff statement station statistics story street strategy student study summary
summer supplier survey table task tax teacher team template tender test text thesis ticket timetable tour town
training transcript transfer translation travel trip tutorial university update vacation version village visit voucher
wage wallpaper warranty water website wedding weekly window winter wood workshop year`.split(/\s+/)

const ABROAD = [
  ...[
    'Übersicht',
    'Rechnung',
    'Müller',
    'Straße',
    'Prüfung',
    'Fußball',
    'Geschäft',
    'Größe',
    'Vertrag',
    'Urlaub',
  ],
  ...[
    'été',
    'façade',
    'élève',
    'Noël',
    'reçu',
    'crème',
    'año',
    'niño',
    'información',
    'São Paulo',
    'coração',
  ],
  ...['отчёт', 'договор', 'письмо', 'счёт', 'фото', 'ελληνικά', 'λογαριασμός', 'žádost', 'smlouva', 'übung'],
  ...[
    '報告書',
    '請求書',
    '写真',
    '会議',
    '計画',
    '보고서',
    '사진',
    '合同',
    '发票',
    '照片',
    'ทดสอบ',
    'تقرير',
    'חשבונית',
  ],
]

const EXTENSIONS: Record<string, number> = {
  ...{ pdf: 22, docx: 12, xlsx: 9, txt: 6, md: 4, pptx: 4, csv: 3, zip: 3, odt: 2 },
  ...{ jpg: 20, png: 8, heic: 3, mp4: 3, mp3: 3, svg: 1, 'tar.gz': 1, bak: 1 },
}

const MEDIA_TYPES: Record<string, string> = {
  ...{
    pdf: 'application/pdf',
    txt: 'text/plain',
    md: 'text/markdown',
    csv: 'text/csv',
    zip: 'application/zip',
  },
  ...{ jpg: 'image/jpeg', png: 'image/png', heic: 'image/heic', mp4: 'video/mp4', mp3: 'audio/mpeg' },
}

const DAY_MS = 24 * 3600 * 1000

/** A file name for a time, and its media type. */
export function nameOf(random: SeededRandom, atMs: number): { name: string; mediaType: string } {
  const extension = random.weighted(EXTENSIONS)
  const mediaType = MEDIA_TYPES[extension] ?? 'application/octet-stream'
  const day = new Date(atMs - random.below(30) * DAY_MS).toISOString().slice(0, 10)
  if (/jpg|heic|mp4/.test(extension) && random.below(3) > 0) {
    const clock = String(random.below(240_000)).padStart(6, '0')
    return { name: `IMG_${day.replaceAll('-', '')}_${clock}.${extension}`, mediaType }
  }
  const words = Array.from({ length: 1 + random.below(4) }, () => wordOf(random))
  const separator = random.pick([' ', ' ', ' ', '_', '-'])
  const dated = random.below(3) === 0 ? [...words, day] : words
  const number = random.below(4) === 0 ? [random.pick(['v', 'No. ', '#', '']) + random.below(1000)] : []
  const mark = random.pick(['', '', '', '', ' (1)', ' (copy)', ' final', "'s", ' 100%'])
  return { name: `${[...dated, ...number].join(separator)}${mark}.${extension}`, mediaType }
}

/** A folder out of some thousand, up to three levels deep. */
export function folderOf(random: SeededRandom, atMs: number): string {
  const year = new Date(atMs).getUTCFullYear()
  const month = String(1 + new Date(atMs).getUTCMonth()).padStart(2, '0')
  const word = () => WORDS[random.below(60) * 4] as string
  switch (random.below(4)) {
    case 0:
      return `/Photos/${year}/${month}`
    case 1:
      return `/Documents/${word()}/${year}`
    case 2:
      return `/Projects/${word()}/${word()}`
    default:
      return `/${random.pick(ABROAD)}/${word()}`
  }
}

/** Picks a word with a skewed distribution: a few words are common, and most are rare. */
function wordOf(random: SeededRandom): string {
  if (random.below(12) === 0) return random.pick(ABROAD)
  const word = WORDS[Math.floor(WORDS.length * random.fraction() ** 2)] as string
  return random.below(3) === 0 ? word.charAt(0).toUpperCase() + word.slice(1) : word
}
