/** Servers that are broken on purpose: a simulation that cannot fail would prove nothing. */
import type { SimulatedGrand, SimulatedRegional } from './servers.js'

interface Sabotage {
  /** Operations of the plans by which it is found. */
  operations: number
  sabotage: (server: SimulatedRegional | SimulatedGrand) => void
}

export const SABOTAGES = {
  'skips some of what others did': inDatabase(
    'us',
    `create temp trigger if not exists broken before insert on files
     when new.created_stamp not like '%-us' and (select count(*) from files) % 5 = 4
     begin select raise(ignore); end`,
  ),
  'forgets to pass some changes on': inDatabase(
    'eu',
    `create temp trigger if not exists broken after insert on outbox when new.oseq % 7 = 0
     begin update outbox set change = (select change from outbox where oseq = new.oseq - 1) where oseq = new.oseq; end`,
  ),
  'lets go of a change before it is acknowledged': inDatabase(
    'eu',
    `create temp trigger if not exists broken after insert on outbox when new.oseq % 9 = 0
     begin delete from outbox where oseq = new.oseq; end`,
  ),
  'forgets that a file was deleted': inDatabase(
    'us',
    `create temp trigger if not exists broken before update on files
     when old.deleted = 0 and new.deleted = 1 and (select count(*) from files) % 3 = 0
     begin select raise(ignore); end`,
  ),
  'says that bytes are durable which are not': {
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
