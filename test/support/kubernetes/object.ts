/** A reference to an owner, as it stands in `metadata.ownerReferences`. */
export interface OwnerRef {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

/** Metadata as the API server writes it; what it fills in itself may be missing in an object of a test. */
export interface ObjectMetadata {
  name: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: OwnerRef[];
  [field: string]: unknown;
}

/** Any object of the API in its JSON form. */
export interface KubernetesObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMetadata;
  [field: string]: unknown;
}

/** Enough to find an object by; every object is its own name. */
export interface ObjectName {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** An object at one version, never changed: storage, history and listings share it. */
export interface StoredObject {
  /** `namespace/name`, `/name` for cluster-scoped objects: listings are in the order of keys. */
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly version: number;
  /** For field selectors. */
  readonly nodeName: string;
  readonly phase: string;
  /** JSON without kind and apiVersion. */
  body(): string;
  /** JSON of the metadata alone. */
  metadata(): string;
  /** The same object at another version. */
  at(version: number): StoredObject;
}

export function keyOf(namespace: string | undefined, name: string): string {
  return `${namespace ?? ''}/${name}`;
}

/** An object that a test has given. */
export class GivenObject implements StoredObject {
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly nodeName: string;
  readonly phase: string;

  /** `metadata.uid` has to be set; the object belongs to the storage from now on. */
  constructor(
    private readonly object: KubernetesObject,
    readonly version: number,
  ) {
    this.namespace = object.metadata.namespace ?? '';
    this.name = object.metadata.name;
    this.key = keyOf(this.namespace, this.name);
    this.uid = object.metadata.uid ?? '';
    this.nodeName = textField(object['spec'], 'nodeName');
    this.phase = textField(object['status'], 'phase');
  }

  body(): string {
    const { apiVersion: _apiVersion, kind: _kind, metadata: _metadata, ...rest } = this.object;
    const fields = JSON.stringify(rest).slice(1);
    return `{"metadata":${this.metadata()}${fields === '}' ? '}' : `,${fields}`}`;
  }

  metadata(): string {
    return JSON.stringify({ ...this.object.metadata, resourceVersion: String(this.version) });
  }

  at(version: number): StoredObject {
    return new GivenObject(this.object, version);
  }
}

function textField(part: unknown, field: string): string {
  if (typeof part !== 'object' || part === null) return '';
  const value = (part as Record<string, unknown>)[field];
  return typeof value === 'string' ? value : '';
}
