import { X509Certificate } from 'node:crypto'

/** The certificates of a PEM chain. @throws Error when it has none, or one is damaged */
export function certificatesIn(pem: Buffer): X509Certificate[] {
  const blocks = pem.toString('latin1').match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g)
  if (blocks === null) throw new Error('it has no PEM certificate')
  return blocks.map((block) => new X509Certificate(block))
}
