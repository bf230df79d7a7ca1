import Logging

/// What a service's body is given.
public struct ServiceContext: Sendable {
    public let name: String
    public let settings: Settings
    public let logger: Logger
    public let health: HealthBoard
    public let metrics: MetricsRegistry

    public init(
        name: String, settings: Settings, logger: Logger, health: HealthBoard = HealthBoard(),
        metrics: MetricsRegistry = MetricsRegistry()
    ) {
        self.name = name
        self.settings = settings
        self.logger = logger
        self.health = health
        self.metrics = metrics
    }

    /// The same context for a part of the service, whose lines carry its name.
    public func logger(for part: String) -> Logger {
        var logger = logger
        logger[metadataKey: "part"] = .string(part)
        return logger
    }
}
