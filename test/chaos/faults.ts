import { type Endpoints, type ServiceName, serviceNames } from '#local/cloud/services.ts';
import { digestOf } from './books.ts';
import type { FaultPlan, RequestFault, Service } from './plan.ts';
import { type FaultProxy, startFaultProxy } from './proxy.ts';
import { REFUSED_SOURCE } from './workload.ts';

/** A function whose processes a fault may end. */
export type Killable = 'inference' | 'metrics';

/** What spoils the requests of one environment. */
export interface FaultsOptions {
  readonly plan: FaultPlan;
  /** Where a service listens now. */
  readonly target: (service: ServiceName) => string;
  /** Ends the processes of a function. */
  readonly kill: (name: Killable) => unknown;
  /** Whether a request that was spoiled is left alone when it comes again. */
  readonly sparesRetries?: boolean;
  /** Told of every fault that happened. */
  readonly count: (what: string) => void;
}

/** Starts a faulty proxy in front of each service. */
export async function startFaults(options: FaultsOptions) {
  const { plan, target, kill, count, sparesRetries = false } = options;
  const spoiled = new Set<string>();
  const requests = new Map<string, number>();
  const state = { calm: false, s3Down: false, stalledUntil: 0, readsToFail: 0 };

  function decide(service: Service, operation: string, body: Buffer): RequestFault | undefined {
    const key = `${service}:${operation}`;
    const n = requests.get(key) ?? 0;
    requests.set(key, n + 1);
    // Never taken, calm or not, as a datum that is wrong is never taken.
    if (operation === 'PutMetricData' && body.includes(REFUSED_SOURCE)) return 'refuse';
    if (state.calm) return undefined;
    if (service === 's3' && state.s3Down && operation === 'PutObject') return 'internal-error';
    if (operation === 'BatchWriteItem' && Date.now() < state.stalledUntil) return 'delay';
    if (service === 'kinesis' && operation === 'GetRecords' && state.readsToFail > 0) {
      state.readsToFail -= 1;
      return state.readsToFail % 2 === 0 ? 'internal-error' : 'expired-iterator';
    }
    const fault = plan.faultFor(service, operation, n);
    if (!fault || !sparesRetries) return fault;
    const digest = digestOf(body);
    if (spoiled.has(digest)) return undefined;
    spoiled.add(digest);
    return fault;
  }

  const proxies = Object.fromEntries(
    await Promise.all(
      serviceNames.map(async (service) => [
        service,
        await startFaultProxy({
          service,
          target: () => target(service),
          decide: (operation, body) => decide(service, operation, body),
          onFault: (operation, fault) => count(`${service} ${operation} ${fault}`),
          kill: (operation) => kill(senderOf(service, operation)),
        }),
      ]),
    ),
  ) as Record<ServiceName, FaultProxy>;

  return {
    /** What is on and may be turned off; `calm` ends all but what is wrong for good. */
    state,
    endpoints: Object.fromEntries(
      serviceNames.map((service) => [service, proxies[service].endpoint]),
    ) as Endpoints,
    async close() {
      await Promise.all(Object.values(proxies).map((proxy) => proxy.close()));
    },
  };
}

function senderOf(service: Service, operation: string): Killable {
  const isMetrics = service === 'cloudwatch' || ['PutItem', 'Query'].includes(operation);
  return isMetrics ? 'metrics' : 'inference';
}
