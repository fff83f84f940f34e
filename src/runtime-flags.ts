import { setFlagsFromString } from 'node:v8';

/*
 * Set before anything allocates. Buffers live outside V8's heap; by default every 64 MiB of them start a collection of the whole
 * heap, which under ingest means several a second (measured: a quarter of all CPU time). With this flag they count towards the
 * same limit as the heap, which follows its size.
 */
setFlagsFromString('--external-memory-accounted-in-global-limit');
