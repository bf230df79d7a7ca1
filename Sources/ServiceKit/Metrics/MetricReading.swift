/// A value that is read when `/metrics` is asked for, instead of being recorded when it changes.
public struct MetricReading: Sendable {
    public let name: String
    public let labels: [(String, String)]
    public let value: Double

    public init(_ name: String, _ labels: [(String, String)] = [], _ value: Double) {
        self.name = name
        self.labels = labels
        self.value = value
    }
}

/// What every service shows beside its own metrics.
enum CommonMetrics {
    static let definitions: [MetricDefinition] = [
        .init(.gauge, "service_info", ["service", "version"], "1, with the name and version of the program."),
        .init(.gauge, "service_ready", [], "1 while no part keeps the service from its work, else 0."),
        .init(
            .gauge, "service_part_ok", ["part"],
            "1 while this part of the service works, else 0; /health has the reason."),
        .init(.counter, "process_cpu_seconds_total", [], "Processor time used, in user and system mode."),
        .init(.gauge, "process_resident_memory_bytes", [], "Memory in use."),
        .init(.gauge, "process_threads", [], "Threads."),
        .init(.gauge, "process_open_fds", [], "Open files and sockets."),
        .init(.gauge, "process_max_fds", [], "How many files and sockets may be open."),
        .init(.gauge, "process_start_time_seconds", [], "Start of the process, unix time."),
    ]

    static func service(_ name: String, _ health: HealthBoard) -> [MetricReading] {
        var readings = [
            MetricReading("service_info", [("service", name), ("version", Version.text)], 1),
            MetricReading("service_ready", [], health.isReady ? 1 : 0),
        ]
        for (part, state) in health.snapshot() {
            // On its way is no fault yet; what never arrives shows in service_ready.
            let isBroken = if case .failed = state { true } else { false }
            readings.append(MetricReading("service_part_ok", [("part", part)], isBroken ? 0 : 1))
        }
        return readings
    }
}
