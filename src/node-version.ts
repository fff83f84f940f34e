/** The oldest Node that the service runs on, as `engines` of package.json says. */
export const OLDEST_NODE = 24;

/** One line for the person who started the service on an older Node; undefined for one that will do. */
export function nodeProblem(version: string): string | undefined {
  if (Number.parseInt(version, 10) >= OLDEST_NODE) return undefined;
  return (
    `Telemetry Processor needs Node ${OLDEST_NODE} or later, this is ${version}: start it with npm start, ` +
    `which uses the Node ${OLDEST_NODE} among the dependencies, or with npx node dist/src/main.js.`
  );
}
