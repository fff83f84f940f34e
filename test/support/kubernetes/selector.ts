import type { StoredObject } from './object.js';
import { ApiFailure } from './status.js';

/** Which objects of a kind a request is about. */
export type Selector = (object: StoredObject) => boolean;

const FIELDS: Readonly<Record<string, (object: StoredObject) => string>> = {
  'metadata.name': (object) => object.name,
  'metadata.namespace': (object) => object.namespace,
  'spec.nodeName': (object) => object.nodeName,
  'status.phase': (object) => object.phase,
};

/** The selector of a field selector's text; undefined when it selects everything. */
export function fieldSelector(text: string | null): Selector | undefined {
  if (text === null || text === '') return undefined;
  const terms = text.split(',').map(term);
  return (object) => terms.every((selects) => selects(object));
}

function term(text: string): Selector {
  const match = /^([^=!]+)(==|!=|=)(.*)$/.exec(text);
  const field = match === null ? undefined : FIELDS[match[1]!];
  if (match === null || field === undefined) {
    throw new ApiFailure(400, `Unable to find "${text}" that match label selector "", field selector "${text}"`);
  }
  const [, , operator, value] = match;
  return (object) => (field(object) === value) === (operator !== '!=');
}
