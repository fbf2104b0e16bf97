/** Names that Kubernetes, and Docker by its links, make for each port of a service. */
const SERVICE_NAME =
  /_SERVICE_HOST$|_SERVICE_PORT(_[A-Z0-9_]+)?$|_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR|START|END))?$|_ENV_/

/** What they put under a name that a program may have for its own port. */
const SERVICE_URL = /^(tcp|udp|sctp):\/\//

/** What a Docker link puts under `…_NAME`. */
const CONTAINER_PATH = /^\/[^/]+\/[^/]+$/

/**
 * Whether a variable was put into the environment by an orchestrator. For a service of the name `syncsphere` that is
 * `SYNCSPHERE_PORT=tcp://10.0.0.11:5001`, `SYNCSPHERE_SERVICE_HOST`, `SYNCSPHERE_PORT_5001_TCP_ADDR` and more: nobody
 * chose them, and nobody can take them away.
 */
export function isSetByOrchestrator(name: string, value: string | undefined): boolean {
  if (SERVICE_NAME.test(name)) return true
  if (name.endsWith('_PORT')) return SERVICE_URL.test(value ?? '')
  return name.endsWith('_NAME') && CONTAINER_PATH.test(value ?? '')
}
