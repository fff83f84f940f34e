import { Module } from '@nestjs/common';
import { DatabaseModule } from '../database/database.module.js';
import { CacheViews } from './cache/cache-views.service.js';
import { CacheController } from './cache/cache.controller.js';
import { InventoryCacheHealth } from './cache/inventory-cache.health.js';
import { InventoryCacheMetrics } from './cache/inventory-cache.metrics.js';
import { InventoryCacheSchedule } from './cache/inventory-cache.schedule.js';
import { InventoryCache } from './cache/inventory-cache.service.js';
import { InventoryRepository } from './cache/inventory.repository.js';
import { ContainerEventsController } from './container-events/container-events.controller.js';
import { ContainerEventMetrics } from './container-events/container-events.metrics.js';
import { ContainerEventsRecorder } from './container-events/container-events.recorder.js';
import { ContainerEventsService } from './container-events/container-events.service.js';
import { ContainerEventsWriter } from './container-events/container-events.writer.js';
import { ContainerExits } from './container-events/container-exits.js';
import { InventoryController } from './inventory/inventory.controller.js';
import { InventoryService } from './inventory/inventory.service.js';
import { InventoryWriter } from './inventory/inventory.writer.js';
import { RetentionJob } from './retention/retention.job.js';
import { RetentionWriter } from './retention/retention.writer.js';
import { WorkloadPods } from './workload-pods.service.js';

/** Who runs where: nodes, pods, workloads, containers and the devices they hold. */
@Module({
  imports: [DatabaseModule],
  controllers: [CacheController, InventoryController, ContainerEventsController],
  providers: [
    CacheViews,
    ContainerEventMetrics,
    ContainerEventsRecorder,
    ContainerEventsService,
    ContainerEventsWriter,
    ContainerExits,
    InventoryCache,
    InventoryCacheHealth,
    InventoryCacheMetrics,
    InventoryCacheSchedule,
    InventoryRepository,
    InventoryService,
    InventoryWriter,
    RetentionJob,
    RetentionWriter,
    WorkloadPods,
  ],
  exports: [InventoryCache, ContainerExits, WorkloadPods],
})
export class PodsModule {}
