import type { IRouter } from 'express';

/** The part of Express' route layers that is looked at. */
interface RouteLayer {
  readonly route?: { readonly methods: Readonly<Record<string, boolean>> };
  match(path: string): boolean;
}

/** The methods that the router serves under the path, e.g. `['GET', 'HEAD']`; empty when it knows no such path. */
export function allowedMethods(router: IRouter, path: string): readonly string[] {
  const layers = router.stack as unknown as readonly RouteLayer[];
  const routes = layers.flatMap((layer) =>
    layer.route !== undefined && matches(layer, path) ? [layer.route.methods] : [],
  );
  const served = new Set(
    routes.filter((methods) => !isForAnyMethod(methods)).flatMap((methods) => Object.keys(methods)),
  );
  if (served.has('get')) served.add('head');
  return [...served].map((method) => method.toUpperCase()).sort();
}

/** Middleware, and routes for any method, which are never missed: Express lists every method it knows, TRACE among them. */
function isForAnyMethod(methods: Readonly<Record<string, boolean>>): boolean {
  return '_all' in methods || 'trace' in methods;
}

function matches(layer: RouteLayer, path: string): boolean {
  try {
    return layer.match(path);
  } catch {
    return false;
  }
}
