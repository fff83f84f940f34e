import { exporterPort } from './nodes.mjs';

/** What exporters write for “no value”; the service drops it. */
const AMD_BLANK = 4294967295;
/** 0x7ffffffffffffff2, which as a double is this. */
const DCGM_BLANK = 2 ** 63;

/**
 * One scrape of everything: series as Prometheus would send them, after the labels of the scrape have been added.
 * @typedef {{ labels: Record<string, string>, value: number }} Series
 */

/** Makes up values; counters go on from scrape to scrape. */
export class Exporters {
  #counters = new Map();
  #random;

  /** @param {import('./random.mjs').Random} random */
  constructor(random) {
    this.#random = random;
  }

  /**
   * @param {import('./cluster.mjs').Cluster} cluster
   * @returns {Series[]}
   */
  scrape(cluster) {
    return [
      ...cluster.nodes.flatMap((node) => [
        ...node.gpus.flatMap((gpu) => this.#gpuSeries(cluster, node, gpu)),
        ...node.rdma.flatMap((device) => this.#rdmaSeries(node, device)),
        this.#counter(
          { __name__: 'node_disk_read_bytes_total', device: 'nvme0n1', ...target('node-exporter', node, 9100) },
          5e7,
        ),
      ]),
      ...cluster.pods().flatMap((pod) => this.#containerSeries(pod)),
    ];
  }

  #gpuSeries(cluster, node, gpu) {
    const holder = cluster.holderOf(node, gpu.no);
    return node.exporter === 'amd' ? this.#amdSeries(node, gpu, holder) : this.#dcgmSeries(node, gpu, holder);
  }

  /** Scraped with honor_labels: `pod` is the holder and is missing while there is none. */
  #amdSeries(node, { no, serial }, holder) {
    const labels = {
      gpu_id: String(no),
      serial_number: serial,
      card_model: '102-G30213-00',
      gpu_partition_id: '0',
      gpu_compute_partition_type: 'spx',
      gpu_memory_partition_type: 'nps1',
      deployment_mode: 'baremetal',
      [node.hostLabel]: node.name,
      ...(holder && { pod: holder.name, namespace: holder.namespace, container: holder.container }),
      ...target('device-metrics-exporter', node, exporterPort(node)),
    };
    const busy = holder !== undefined;
    return [
      { labels: { __name__: 'gpu_gfx_activity', ...labels }, value: busy ? this.#around(92, 7) : 0 },
      {
        labels: { __name__: 'gpu_package_power', ...labels },
        value: busy ? this.#around(680, 50) : this.#around(140, 5),
      },
      { labels: { __name__: 'gpu_used_vram', ...labels }, value: busy ? this.#around(170_000, 9_000) : 285 },
      {
        labels: { __name__: 'gpu_clock', clock_index: '0', clock_type: 'system', ...labels },
        value: busy ? 2100 : 132,
      },
      { labels: { __name__: 'gpu_average_package_power', ...labels }, value: AMD_BLANK },
      this.#counter({ __name__: 'gpu_xgmi_link_rx', link_index: '1', ...labels }, busy ? 4e8 : 0),
    ];
  }

  /** Scraped without honor_labels: `pod` is the exporter, the holder is in `exported_pod` while there is one. */
  #dcgmSeries(node, { no, uuid }, holder) {
    const { name: pod, namespace, container } = node.exporterPod;
    const labels = {
      gpu: String(no),
      UUID: uuid,
      device: `nvidia${no}`,
      pci_bus_id: `00000000:${no}A:00.0`,
      modelName: 'NVIDIA H100 80GB HBM3',
      [node.hostLabel]: node.name,
      DCGM_FI_DRIVER_VERSION: '570.86.15',
      pod,
      namespace,
      container,
      ...(holder && {
        exported_pod: holder.name,
        exported_namespace: holder.namespace,
        exported_container: holder.container,
      }),
      ...target('dcgm-exporter', node, exporterPort(node)),
    };
    const busy = holder !== undefined;
    return [
      { labels: { __name__: 'DCGM_FI_DEV_GPU_UTIL', ...labels }, value: busy ? Math.round(this.#around(90, 9)) : 0 },
      {
        labels: { __name__: 'DCGM_FI_DEV_POWER_USAGE', ...labels },
        value: busy ? this.#around(610, 60) : this.#around(71, 2),
      },
      {
        labels: { __name__: 'DCGM_FI_DEV_FB_USED', ...labels },
        value: busy ? Math.round(this.#around(70_000, 4_000)) : 4,
      },
      { labels: { __name__: 'DCGM_FI_PROF_PIPE_TENSOR_ACTIVE', ...labels }, value: busy ? this.#around(0.55, 0.1) : 0 },
      { labels: { __name__: 'DCGM_FI_DEV_MEMORY_TEMP', ...labels }, value: DCGM_BLANK },
    ];
  }

  /** Neither family tells a pod; the service finds it by node and device. */
  #rdmaSeries(node, device) {
    if (node.exporter === 'amd') {
      const labels = {
        device,
        port: '1',
        primus_lens_node_name: node.name,
        ...target('lens-node-exporter', node, 8989),
      };
      return ['rdma_stat_rx_bytes', 'rdma_stat_tx_bytes'].map((name) =>
        this.#counter({ __name__: name, ...labels }, 9e8),
      );
    }
    const labels = { device, port: '1', ...target('node-exporter', node, 9100) };
    return ['received', 'transmitted'].map((way) =>
      this.#counter({ __name__: `node_infiniband_port_data_${way}_bytes_total`, ...labels }, 9e8),
    );
  }

  /** As the kubelet's cAdvisor, scraped with the node's name as label. */
  #containerSeries({ name: pod, namespace, container, node, gpus }) {
    const labels = { pod, namespace, container, node: node.name, ...target('cadvisor', node, 10250) };
    return [
      this.#counter({ __name__: 'container_cpu_usage_seconds_total', cpu: 'total', ...labels }, 40 * gpus.length + 0.2),
      {
        labels: { __name__: 'container_memory_working_set_bytes', ...labels },
        value: Math.round(this.#around(3e9 * gpus.length + 5e7, 1e7)),
      },
    ];
  }

  #around(middle, spread) {
    return middle + (this.#random.next() * 2 - 1) * spread;
  }

  /** @returns {Series} a counter that grew by about `growth` since the last scrape */
  #counter(labels, growth) {
    const key = JSON.stringify(labels);
    const value = (this.#counters.get(key) ?? 0) + growth * (0.9 + 0.2 * this.#random.next());
    this.#counters.set(key, value);
    return { labels, value };
  }
}

function target(job, node, port) {
  return { job, instance: `${node.address}:${port}` };
}
