/** A line of a log as it was received, whatever the shipper. */
export interface LogEntry {
  /** When it was written, ms with fraction; null when the record does not say so in a form that can be read. */
  readonly writtenAt: number | null;
  /** The text without the newline at its end; '' when the record has none. */
  readonly text: string;
  /** `stdout`, `stderr` or whatever the shipper says. */
  readonly stream: string | null;
  /** Whether the text goes on in the next record of the same container stream (CRI tag P). */
  readonly partial: boolean;
  /** Null for records that come from no pod, such as the journal of a node. */
  readonly origin: LogOrigin | null;
  /** Node that the record names, with or without a pod. */
  readonly host: string | null;
}

/** The container that wrote a line, as the shipper knows it. */
export interface LogOrigin {
  readonly podUid: string | null;
  readonly podName: string;
  readonly namespace: string;
  readonly containerName: string | null;
  /** Labels of the pod, when the shipper sends them. */
  readonly labels: Readonly<Record<string, string>> | null;
}
