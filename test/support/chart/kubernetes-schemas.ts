import * as kubernetes from '@kubernetes/client-node';
import { Deployment } from 'kubernetes-models/apps/v1';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1';
import { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from 'kubernetes-models/rbac.authorization.k8s.io/v1';
import { ConfigMap, Secret, Service, ServiceAccount } from 'kubernetes-models/v1';
import type { Manifest } from './helm.js';

interface Attribute {
  readonly baseName: string;
  readonly type: string;
}

/** A class of the Kubernetes client, generated from the API's description. */
interface Model {
  getAttributeTypeMap(): readonly Attribute[];
}

/** Validators compiled from Kubernetes' JSON schemas, of every kind in the chart. */
const VALIDATORS = {
  ClusterRole,
  ClusterRoleBinding,
  ConfigMap,
  Deployment,
  PodDisruptionBudget,
  Role,
  RoleBinding,
  Secret,
  Service,
  ServiceAccount,
};

/**
 * What is wrong with an object by Kubernetes' schemas. They tell values and what is missing; fields that the API server would
 * silently drop are not against them, so those are looked up in the client's models.
 */
export function problemsOf(manifest: Manifest): readonly string[] {
  const name = `${manifest.kind} ${manifest.metadata.name}`;
  if (!isKnown(manifest.kind)) return [`${name}: no schema is listed for its kind`];
  return [...invalidValues(manifest, manifest.kind), ...unknownFields(manifest, `V1${manifest.kind}`, '')].map(
    (problem) => `${name}: ${problem}`,
  );
}

function isKnown(kind: string): kind is keyof typeof VALIDATORS {
  return Object.hasOwn(VALIDATORS, kind);
}

function invalidValues(manifest: Manifest, kind: keyof typeof VALIDATORS): readonly string[] {
  const Validator: new (data: never) => { validate(): void } = VALIDATORS[kind];
  try {
    new Validator(manifest as never).validate();
    return [];
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}

/** Follows the type as the client writes it: `V1Pod`, `Array<V1Pod>`, `{ [key: string]: V1Pod; }`, or a plain one. */
function unknownFields(value: unknown, type: string, path: string): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  const element = /^Array<(.*)>$/.exec(type)?.[1] ?? /^\{ \[key: string\]: (.*); \}$/.exec(type)?.[1];
  if (element !== undefined) {
    return Object.entries(value).flatMap(([key, item]) => unknownFields(item, element, `${path}/${key}`));
  }
  const attributes = attributesOf(type);
  if (attributes === undefined) return [];
  return Object.entries(value).flatMap(([key, item]) => {
    const attribute = attributes.find(({ baseName }) => baseName === key);
    return attribute === undefined
      ? [`${path}/${key} is not a field of ${type}`]
      : unknownFields(item, attribute.type, `${path}/${key}`);
  });
}

function attributesOf(type: string): readonly Attribute[] | undefined {
  const model = (kubernetes as unknown as Record<string, Partial<Model> | undefined>)[type];
  return model?.getAttributeTypeMap?.();
}
