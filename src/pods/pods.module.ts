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
import { clusterProvider } from './kubernetes/watch/cluster.provider.js';
import { KubernetesWatchHealth } from './kubernetes/watch/kubernetes-watch.health.js';
import { KubernetesWatchMetrics } from './kubernetes/watch/kubernetes-watch.metrics.js';
import { KubernetesWatch } from './kubernetes/watch/kubernetes-watch.service.js';
import { SyncController } from './kubernetes/watch/sync.controller.js';
import { SyncService } from './kubernetes/watch/sync.service.js';
import { TermStores } from './kubernetes/watch/term-store.js';
import { WatchTerms } from './kubernetes/watch/watch-terms.js';
import { KubernetesSyncRepository } from './kubernetes/writer/kubernetes-sync.repository.js';
import { KubernetesWriter } from './kubernetes/writer/kubernetes.writer.js';
import { LearnedDevices } from './learned-devices/learned-devices.service.js';
import { LearnedDevicesWriter } from './learned-devices/learned-devices.writer.js';
import { NodeReadingController } from './reading/node-reading.controller.js';
import { NodeReadingRepository } from './reading/node-reading.repository.js';
import { NodeReading } from './reading/node-reading.service.js';
import { PodReadingController } from './reading/pod-reading.controller.js';
import { PodReadingRepository } from './reading/pod-reading.repository.js';
import { PodReading } from './reading/pod-reading.service.js';
import { ReadingSnapshot } from './reading/reading-snapshot.service.js';
import { WorkloadReadingController } from './reading/workload-reading.controller.js';
import { WorkloadReadingRepository } from './reading/workload-reading.repository.js';
import { WorkloadReading } from './reading/workload-reading.service.js';
import { RetentionJob } from './retention/retention.job.js';
import { RetentionWriter } from './retention/retention.writer.js';
import { WorkloadPods } from './workload-pods.service.js';

/** Who runs where: nodes, pods, workloads, containers and the devices they hold. */
@Module({
  imports: [DatabaseModule],
  controllers: [
    CacheController,
    InventoryController,
    ContainerEventsController,
    SyncController,
    WorkloadReadingController,
    NodeReadingController,
    // The last one: its `v1/pods/:uid` would take what is served under `v1/pods/<word>`.
    PodReadingController,
  ],
  providers: [
    CacheViews,
    clusterProvider,
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
    KubernetesSyncRepository,
    KubernetesWatch,
    KubernetesWatchHealth,
    KubernetesWatchMetrics,
    KubernetesWriter,
    LearnedDevices,
    LearnedDevicesWriter,
    NodeReading,
    NodeReadingRepository,
    PodReading,
    PodReadingRepository,
    ReadingSnapshot,
    RetentionJob,
    RetentionWriter,
    SyncService,
    TermStores,
    WatchTerms,
    WorkloadPods,
    WorkloadReading,
    WorkloadReadingRepository,
  ],
  exports: [InventoryCache, ContainerExits, LearnedDevices, WorkloadPods],
})
export class PodsModule {}
