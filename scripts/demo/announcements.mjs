/** Everything the demo says. */

export const USAGE = `Starts the service together with a small simulated GPU cluster.

  npm run demo -- [--port 8989] [--storage URL] [--seed 1]

  --port     port of the service; 0 takes any free one
  --storage  remote-write URL that workload series are sent to; without it they are kept in memory
  --seed     another cluster: same seed, same jobs and values
`;

/** What to look at. */
export function welcome(url, storage) {
  const newest =
    storage === undefined
      ? `curl -sG ${url}/v1/metrics/federate --data-urlencode 'match[]={__name__=~"workload_.*", gpu_id="0"}'`
      : `(in ${storage})`;
  return `
The service is at ${url} and a cluster of 4 machines with 8 GPUs each is reporting to it. Look at:

  Swagger UI           ${url}/docs
  workload series      ${newest}
  names and outcomes   curl -s ${url}/v1/metrics/active
  who holds what       curl -s ${url}/v1/pods/cache
  pods and workloads   curl -s ${url}/v1/pods/workload/cache
  why a series is (not) stored:
    curl -s ${url}/v1/metrics/explain -H 'content-type: application/json' -d '{"labels":{"__name__":"gpu_gfx_activity","hostname":"gpu-amd-01","gpu_id":"0"}}'
  own metrics          curl -s ${url}/metrics

Ctrl-C ends everything.
`;
}

/** @param {import('./jobs.mjs').Job} job */
export function started(job) {
  const gpus = job.pods.reduce((sum, pod) => sum + pod.gpus.length, 0);
  const nodes = [...new Set(job.pods.map(({ node }) => node.name))].join(', ');
  return `started  ${job.kind} ${job.title}: ${count(job.pods.length, 'pod')}, ${count(gpus, 'GPU')} on ${nodes}`;
}

/** @param {import('./jobs.mjs').Job} job */
export function ended(job, url) {
  const [workload] = job.workloads;
  const uid = workload?.uid ?? job.pods[0].uid;
  const how = job.outOfMemory ? ` out of memory: curl -s ${url}/v1/training/workloads/${uid}/events` : '';
  return `ended    ${job.kind} ${job.title}${how}`;
}

/**
 * @param {import('./cluster.mjs').Cluster} cluster
 * @param {import('./api.mjs').Api} api
 * @param {Map<string, number>} outcomes
 */
export function summary(cluster, api, outcomes) {
  const samples = [...outcomes].filter(([, total]) => total > 0).map(([name, total]) => `${total} ${name}`);
  const retries = api.repeated > 0 ? ` (${api.repeated} repeated)` : '';
  return (
    `summary  ${count(cluster.jobs.length, 'job')} on ${cluster.gpusInUse} of ${cluster.gpus} GPUs; ` +
    `${count(api.sent, 'request')}${retries}; samples so far: ${samples.join(', ')}`
  );
}

function count(number, noun) {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
