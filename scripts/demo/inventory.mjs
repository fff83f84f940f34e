/**
 * What the service is told about the cluster. Devices of the AMD machines come with the inventory, those of the others with
 * container events, as from an agent on each machine: the service joins both.
 */

/** @param {import('./cluster.mjs').Cluster} cluster */
export function inventoryBody(cluster) {
  return {
    nodes: cluster.nodes.map(({ name, address }) => ({ name, address, status: 'Ready' })),
    workloads: [...cluster.daemonSets, ...cluster.jobs.flatMap(({ workloads }) => workloads)],
    pods: cluster.pods().map(podOf),
  };
}

/** Events of the containers of a job that has started. */
export function startEvents(job, now) {
  return job.pods.map((pod) =>
    event(pod, 'snapshot', now, { status: 'running', created_at: now, devices: devicesOf(pod) }),
  );
}

/** Events of the containers of a job that has ended. */
export function endEvents(job, now) {
  const end = job.outOfMemory ? { exit_code: 137, oom_killed: true } : { exit_code: 0, oom_killed: false };
  return job.pods.map((pod) => event(pod, 'exit', now, { status: 'exited', exit_time: now, ...end }));
}

/** Ends the containers of a demo that was killed. */
export function remainsEvents(holders, now) {
  return holders.map(({ node, uid }) => ({
    type: 'deleted',
    source: 'k8s',
    node,
    container_id: containerId(uid),
    timestamp: now,
  }));
}

function containerId(podUid) {
  return `containerd://${podUid}-0`;
}

function podOf(pod) {
  const { node } = pod;
  const gpus = pod.gpus.map((no) => {
    const { uuid, serial } = node.gpus[no];
    return { type: 'gpu', no, name: `card${no}`, uuid, serial };
  });
  const rdma = pod.rdma.map((name) => ({ type: 'rdma', name }));
  return {
    uid: pod.uid,
    name: pod.name,
    namespace: pod.namespace,
    node_name: node.name,
    phase: 'Running',
    pod_ip: pod.ip,
    workload_uids: pod.workloads,
    devices: node.exporter === 'amd' ? [...gpus, ...rdma] : [],
  };
}

function event(pod, type, now, data) {
  return {
    type,
    source: 'k8s',
    node: pod.node.name,
    container_id: containerId(pod.uid),
    timestamp: now,
    data: {
      pod_name: pod.name,
      pod_namespace: pod.namespace,
      pod_uuid: pod.uid,
      container_name: pod.container,
      ...data,
    },
  };
}

function devicesOf({ node, gpus, rdma }) {
  if (node.exporter === 'amd') return {};
  return {
    gpu: gpus.map((no) => ({ name: `nvidia${no}`, id: no, uuid: node.gpus[no].uuid, path: `/dev/nvidia${no}` })),
    infiniband: rdma.map((name) => ({ name, kind: 'infiniband' })),
  };
}
