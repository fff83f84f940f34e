/** How a part of the service is. `degraded` works with less; details are public, so they hold no secrets. */
export interface HealthReport {
  readonly status: 'up' | 'degraded' | 'down';
  readonly [detail: string]: unknown;
}

/** Looks at a part of the service; throwing counts as down. */
export type HealthCheck = () => HealthReport | Promise<HealthReport>;

/** A check under its name. */
export interface RegisteredCheck {
  readonly name: string;
  readonly check: HealthCheck;
  /** Whether this part being down takes the whole process out of service. */
  readonly affectsReadiness: boolean;
}

/** The parts of the service that report their health. Each part registers itself once, when it starts. */
export class HealthRegistry {
  private readonly registered = new Map<string, RegisteredCheck>();

  /** Adds a check; throws when the name is taken. */
  register(name: string, check: HealthCheck, options: { affectsReadiness: boolean }): void {
    if (this.registered.has(name)) throw new Error(`health check ${name} is registered already`);
    this.registered.set(name, { name, check, affectsReadiness: options.affectsReadiness });
  }

  /** All checks in the order of their registration. */
  all(): readonly RegisteredCheck[] {
    return [...this.registered.values()];
  }
}
