/** Defects injected into servers, to prove that the simulation detects them. */
import type { SimulatedGrand, SimulatedRegional } from './servers.js'

interface Sabotage {
  /** Length of the plans that detect it. */
  operations: number
  sabotage: (server: SimulatedRegional | SimulatedGrand) => void
}

export const SABOTAGES = {
  'drops some files of other servers': inDatabase(
    'us',
    `create temp trigger if not exists broken before insert on files
     when new.created_stamp not like '%-us' and (select count(*) from files) % 5 = 4
     begin select raise(ignore); end`,
  ),
  'replicates some changes twice and others never': inDatabase(
    'eu',
    `create temp trigger if not exists broken after insert on outbox when new.oseq % 7 = 0
     begin update outbox set change = (select change from outbox where oseq = new.oseq - 1) where oseq = new.oseq; end`,
  ),
  'deletes a change from the outbox before it is acknowledged': inDatabase(
    'eu',
    `create temp trigger if not exists broken after insert on outbox when new.oseq % 9 = 0
     begin delete from outbox where oseq = new.oseq; end`,
  ),
  'ignores some deletions of files': inDatabase(
    'us',
    `create temp trigger if not exists broken before update on files
     when old.deleted = 0 and new.deleted = 1 and (select count(*) from files) % 3 = 0
     begin select raise(ignore); end`,
  ),
  'drops changes of types that it does not know': inDatabase(
    'us',
    `create temp trigger if not exists broken before insert on deferred when new.reason = 'unknown'
     begin select raise(ignore); end`,
  ),
  'reports writes as durable that are not': {
    operations: 500,
    sabotage: (server: SimulatedRegional | SimulatedGrand) => {
      server.diskIsHonest = false
    },
  },
} satisfies Record<string, Sabotage>

function inDatabase(name: string, sql: string): Sabotage {
  return {
    operations: 100,
    sabotage(server) {
      if (server.name === name) server.prepare = (connection) => void connection.exec(sql)
    },
  }
}
