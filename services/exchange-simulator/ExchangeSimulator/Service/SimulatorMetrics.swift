import ServiceKit

/// What the simulator counts, for `/metrics` and docs/METRICS.md.
enum SimulatorMetrics {
    static let all: [MetricDefinition] = [
        .init(.gauge, "simulator_connections", [], "Clients connected to streams now."),
        .init(.counter, "simulator_trades_sent_total", [], "Trades sent to clients."),
        .init(.counter, "simulator_slow_clients_total", [], "Clients closed because they were too far behind."),
        .init(.counter, "simulator_faults_total", [], "Faults that struck."),
    ]
}
