/** Names that Kubernetes, and Docker's links, set for each port of a service. */
const SERVICE_NAME =
  /_SERVICE_HOST$|_SERVICE_PORT(_[A-Z0-9_]+)?$|_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR|START|END))?$|_ENV_/

/** Their value for a name that may also be a program's own port. */
const SERVICE_URL = /^(tcp|udp|sctp):\/\//

/** A Docker link's value of `…_NAME`. */
const CONTAINER_PATH = /^\/[^/]+\/[^/]+$/

/**
 * Whether an orchestrator set a variable. For a service named `syncsphere` it sets `SYNCSPHERE_PORT=tcp://10.0.0.11:5001`,
 * `SYNCSPHERE_SERVICE_HOST`, `SYNCSPHERE_PORT_5001_TCP_ADDR` and more, which the operator cannot unset.
 */
export function isSetByOrchestrator(name: string, value: string | undefined): boolean {
  if (SERVICE_NAME.test(name)) return true
  if (name.endsWith('_PORT')) return SERVICE_URL.test(value ?? '')
  return name.endsWith('_NAME') && CONTAINER_PATH.test(value ?? '')
}
