import { Module } from '@nestjs/common';

/** Alerts from any source, one lifecycle, routed and notified. Nothing of it is served yet. */
@Module({})
export class AlertsModule {}
