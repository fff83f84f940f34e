import {
  Counter,
  Gauge,
  Histogram,
  register,
  type CounterConfiguration,
  type GaugeConfiguration,
  type HistogramConfiguration,
} from 'prom-client';

/*
 * Metrics about ourselves, in the process-wide registry that /metrics shows. Asking twice for a name gives the same
 * instrument, so that several application contexts can live in one process.
 */

/** A counter of the process; made on first use. */
export function counter<L extends string>(configuration: CounterConfiguration<L>): Counter<L> {
  const known = register.getSingleMetric(configuration.name);
  return known === undefined ? new Counter<L>(configuration) : (known as unknown as Counter<L>);
}

/** A gauge of the process; made on first use. */
export function gauge<L extends string>(configuration: GaugeConfiguration<L>): Gauge<L> {
  const known = register.getSingleMetric(configuration.name);
  return known === undefined ? new Gauge<L>(configuration) : (known as unknown as Gauge<L>);
}

/** A histogram of the process; made on first use. */
export function histogram<L extends string>(configuration: HistogramConfiguration<L>): Histogram<L> {
  const known = register.getSingleMetric(configuration.name);
  return known === undefined ? new Histogram<L>(configuration) : (known as unknown as Histogram<L>);
}
