/** What is measured of a training iteration. The names are those of the API; the units are told here and nowhere else. */
export const PERFORMANCE_FIELDS = {
  current_iteration: 'iterations done',
  target_iteration: 'iterations planned',
  consumed_samples: 'samples since the start of the training',
  consumed_tokens: 'tokens since the start of the training',
  elapsed_time_per_iteration_ms: 'ms',
  mem_usage: 'GB in use on the device',
  mem_free: 'GB free on the device',
  mem_total: 'GB of the device',
  mem_usage_ratio: 'percent of the device memory in use',
  tflops: 'TFLOP/s per GPU',
  mfu: 'percent of the peak FLOP/s',
  tokens_per_gpu: 'tokens/s per GPU',
  tokens_per_second: 'tokens/s of the whole job',
  samples_per_second: 'samples/s of the whole job',
  learning_rate: 'learning rate',
  global_batch_size: 'samples per iteration',
  lm_loss: 'loss',
  loss_scale: 'loss scale',
  grad_norm: 'gradient norm',
  num_zeros: 'zero gradients',
  skipped_iterations_number: 'iterations skipped',
  nan_iterations_number: 'iterations with NaN',
  epoch: 'epochs, with fraction',
} as const;

export type PerformanceField = keyof typeof PERFORMANCE_FIELDS;

/** Field names in the order of the documentation. */
export const performanceFieldNames = Object.keys(PERFORMANCE_FIELDS) as readonly PerformanceField[];

/** Values of one iteration; NaN and the infinities are values, what was not told is absent. */
export type PerformanceValues = Readonly<Partial<Record<PerformanceField, number>>>;

export function isPerformanceField(name: string): name is PerformanceField {
  return Object.hasOwn(PERFORMANCE_FIELDS, name);
}
