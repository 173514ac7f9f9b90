import type { Route } from './types.ts';

/** A route with what its path parameters stand for, still percent-encoded. */
export interface RouteMatch {
  route: Route;
  pathParameters: Record<string, string> | null;
}

/** The route of a path; a fixed part wins over a parameter, a parameter over a greedy `{name+}`. */
export function matchRoute(
  routes: readonly Route[],
  method: string,
  path: string,
): RouteMatch | undefined {
  const matches = routes
    .filter((route) => route.method === method)
    .flatMap((route) => {
      const parameters = matchResource(route.resource, path);
      return parameters === undefined ? [] : [{ route, parameters }];
    })
    .sort((a, b) => rank(a.route.resource) - rank(b.route.resource));
  const best = matches[0];
  if (best === undefined) return undefined;
  const { route, parameters } = best;
  return { route, pathParameters: Object.keys(parameters).length > 0 ? parameters : null };
}

function matchResource(resource: string, path: string): Record<string, string> | undefined {
  const wanted = resource.split('/');
  const given = path.split('/');
  const parameters: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const name = /^\{(.+?)(\+?)\}$/.exec(part);
    const value = name?.[2] === '+' ? given.slice(index).join('/') : given[index];
    if (value === undefined || (name !== null && value === '')) return undefined;
    if (name === null && value !== part) return undefined;
    if (name?.[1] !== undefined) parameters[name[1]] = value;
    if (name?.[2] === '+') return parameters;
  }
  return wanted.length === given.length ? parameters : undefined;
}

function rank(resource: string): number {
  return (resource.match(/\{/g)?.length ?? 0) + (resource.includes('+}') ? 100 : 0);
}
