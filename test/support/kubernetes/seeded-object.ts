import { keyOf, type KubernetesObject, type StoredObject } from './object.js';

/** What differs between objects of one template. */
export interface SeedValues {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** Of its controller. */
  readonly owner: string;
  readonly ownerUid: string;
  readonly node: string;
  readonly ip: string;
  readonly created: string;
  /** Counts changes of the object. */
  readonly change: string;
}

/** Objects that are alike, kept as text with gaps: hundred thousands of them cost little until they are asked for. */
export class ObjectTemplate {
  readonly phase: string;
  private readonly bodyParts: readonly string[];
  private readonly metadataParts: readonly string[];

  /** @param object with {@link gap} where values differ; its resourceVersion is filled in, too */
  constructor(object: KubernetesObject) {
    const { apiVersion: _apiVersion, kind: _kind, metadata, ...rest } = object;
    const versioned = { ...metadata, resourceVersion: gap('version') };
    this.bodyParts = split(JSON.stringify({ metadata: versioned, ...rest }));
    this.metadataParts = split(JSON.stringify(versioned));
    this.phase = (object['status'] as { phase?: string } | undefined)?.phase ?? '';
  }

  body(values: SeedValues, version: number): string {
    return fill(this.bodyParts, values, version);
  }

  metadata(values: SeedValues, version: number): string {
    return fill(this.metadataParts, values, version);
  }
}

/** The text that stands for a value in a template. */
export function gap(name: keyof SeedValues | 'version'): string {
  return `<<${name}>>`;
}

/** Literal text and names of values by turns. */
function split(text: string): readonly string[] {
  return text.split(/<<(\w+)>>/);
}

function fill(parts: readonly string[], values: SeedValues, version: number): string {
  let text = parts[0]!;
  for (let index = 1; index < parts.length; index += 2) {
    const name = parts[index]!;
    text += (name === 'version' ? String(version) : values[name as keyof SeedValues]) + parts[index + 1]!;
  }
  return text;
}

/** An object of a template. */
export class SeededObject implements StoredObject {
  readonly key: string;

  constructor(
    readonly template: ObjectTemplate,
    readonly values: SeedValues,
    readonly version = 0,
  ) {
    this.key = keyOf(values.namespace, values.name);
  }

  get namespace(): string {
    return this.values.namespace;
  }

  get name(): string {
    return this.values.name;
  }

  get uid(): string {
    return this.values.uid;
  }

  get nodeName(): string {
    return this.values.node;
  }

  get phase(): string {
    return this.template.phase;
  }

  body(): string {
    return this.template.body(this.values, this.version);
  }

  metadata(): string {
    return this.template.metadata(this.values, this.version);
  }

  at(version: number): SeededObject {
    return new SeededObject(this.template, this.values, version);
  }
}
