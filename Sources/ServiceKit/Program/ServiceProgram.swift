import Logging
import Metrics
import ServiceLifecycle

#if canImport(Glibc)
import Glibc
#endif

/// The frame of every executable: `--help`, `--version`, `healthcheck`, configuration, logs, signals, exit codes.
///
/// Exit codes: 0 after a graceful stop, 1 after a failure, 64 for a wrong command line, 78 for a configuration that
/// cannot be used (`sysexits.h`).
public struct ServiceProgram: Sendable {
    /// A command beside the service itself, like `migrate`.
    public struct Command: Sendable {
        let name: String
        /// What follows the name on the command line, as `--help` shows it; empty where nothing may follow.
        let usage: String
        let help: String
        let run: @Sendable (ServiceContext, [String]) async throws -> Void

        /// - Parameters:
        ///   - usage: the words after the name, for example `<instrument> [<limit>]`.
        ///   - run: is given the words after the name; throws ``UsageError`` where they make no sense.
        public init(
            _ name: String, usage: String = "", help: String,
            run: @escaping @Sendable (ServiceContext, [String]) async throws -> Void
        ) {
            self.name = name
            self.usage = usage
            self.help = help
            self.run = run
        }
    }

    let name: String
    let summary: String
    let examples: [String]
    let settings: [any AnySetting]
    let commands: [Command]
    let metrics: [MetricDefinition]
    let run: @Sendable (ServiceContext) async throws -> Void

    public init(
        name: String, summary: String, examples: [String] = [], settings: [any AnySetting], commands: [Command] = [],
        metrics: [MetricDefinition] = [], run: @escaping @Sendable (ServiceContext) async throws -> Void
    ) {
        self.name = name
        self.summary = summary
        self.examples = examples
        self.settings = settings + SharedSettings.common
        self.commands = commands
        self.metrics = metrics
        self.run = run
    }

    /// Runs with the process's arguments and environment, and exits.
    public func main() async -> Never {
        var arguments = Array(CommandLine.arguments.dropFirst())
        if arguments.contains("--help") || arguments.contains("-h") {
            Self.say(helpText)
            exit(0)
        }
        if arguments.contains("--version") {
            Self.say("\(name) \(Version.text)")
            exit(0)
        }
        let words = Array(arguments.prefix { !$0.hasPrefix("-") })
        arguments.removeFirst(words.count)
        let settings: Settings
        do {
            settings = try await Settings.load(
                arguments: arguments, environment: Self.environment(), dotEnvPath: ".env", known: self.settings)
            try settings.validate(self.settings)
        } catch {
            Self.complain("\(name): \(error)")
            exit(78)
        }
        let code = await execute(words.first ?? "run", Array(words.dropFirst()), settings)
        Self.end(code)
    }

    /// Ends the process once everything of ours is closed and written. Not `exit`: its handlers (OpenSSL's) take down
    /// what the last threads of the C libraries, which nobody can wait for, are just giving back: the process would
    /// abort.
    package static func end(_ code: Int32) -> Never {
        fflush(nil)
        _exit(code)
    }

    private func execute(_ word: String, _ words: [String], _ settings: Settings) async -> Int32 {
        let command = commands.first { $0.name == word }
        guard command != nil || word == "run" || word == "healthcheck" else {
            Self.complain("\(name): there is no command '\(word.prefix(80))'. --help lists all of them.")
            return 64
        }
        guard words.isEmpty || command?.usage.isEmpty == false else {
            Self.complain("\(name): '\(word)' takes no '\(words[0].prefix(80))'. --help shows how it is used.")
            return 64
        }
        let context = makeContext(settings)
        do {
            if let command {
                try await command.run(context, words)
            } else if word == "run" {
                try await serve(context)
            } else {
                try await HealthCheck.run(settings, known: self.settings)
            }
            return 0
        } catch let error as UsageError {
            Self.complain("\(name) \(word): \(error). --help shows how it is used.")
            return 64
        } catch let error as SettingsError {
            Self.complain("\(name): \(error)")
            return 78
        } catch is CancellationError {
            return 0
        } catch {
            context.logger.critical("stopped by an error", metadata: ["error": "\(error)"])
            return 1
        }
    }

    private func makeContext(_ settings: Settings) -> ServiceContext {
        let format = (try? settings.value(SharedSettings.logFormat)).flatMap(LineLogHandler.Format.init) ?? .text
        let level = (try? settings.value(SharedSettings.logLevel)).flatMap(Logger.Level.init(rawValue:)) ?? .info
        LoggingSystem.bootstrap { label in LineLogHandler(label: label, format: format, level: level) }
        let registry = MetricsRegistry()
        MetricsSystem.bootstrap(registry)
        let context = ServiceContext(name: name, settings: settings, logger: Logger(label: name), metrics: registry)
        registry.declare(CommonMetrics.definitions, startsCounters: false)
        registry.declare(metrics)
        let started = TimeSource.system.wallMicros
        registry.read { [name] in
            CommonMetrics.service(name, context.health) + ProcessUsage.readings(startedMicros: started)
        }
        return context
    }

    /// Runs the body until it ends or a signal asks it to stop gracefully.
    private func serve(_ context: ServiceContext) async throws {
        context.logger.info("starting", metadata: ["version": "\(Version.text)"])
        for alias in context.settings.aliasesInUse(settings) {
            context.logger.notice("\(alias.name) is taken as \(alias.key): that is its name here")
        }
        var configuration = ServiceGroupConfiguration(
            services: [
                .init(
                    service: Body(context: context, run: run), successTerminationBehavior: .gracefullyShutdownGroup,
                    failureTerminationBehavior: .cancelGroup),
                .init(
                    service: LogVerbositySignals(logger: context.logger), successTerminationBehavior: .ignore,
                    failureTerminationBehavior: .ignore),
            ],
            gracefulShutdownSignals: [.sigterm, .sigint], logger: Self.quiet(context.logger))
        // A service that cannot finish in 9 s is ended before whoever asked loses patience at 10.
        configuration.maximumGracefulShutdownDuration = .seconds(9)
        try await ServiceGroup(configuration: configuration).run()
        context.logger.info("stopped")
    }

    private static func quiet(_ logger: Logger) -> Logger {
        var logger = logger
        if logger.logLevel < .warning { logger.logLevel = .warning }
        return logger
    }

    /// The process's environment.
    package static func environment() -> [String: String] {
        var result: [String: String] = [:]
        var entry = environ
        while let pointer = entry.pointee {
            let text = String(cString: pointer)
            if let equals = text.firstIndex(of: "=") {
                result[String(text[..<equals])] = String(text[text.index(after: equals)...])
            }
            entry += 1
        }
        return result
    }

    /// Writes a line for people or scripts to standard output: the answer of a command, as opposed to a log.
    public static func say(_ text: String) { write(text + "\n", to: 1) }

    /// Writes a line to standard error.
    package static func complain(_ text: String) { write(text + "\n", to: 2) }

    /// Writes all of a text; the rest is left out once whoever read it has gone (`| head`).
    package static func write(_ text: String, to descriptor: Int32) {
        var text = text
        text.withUTF8 { bytes in
            var rest = UnsafeRawBufferPointer(bytes)
            while !rest.isEmpty {
                let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return }
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            }
        }
    }
}

/// Words on the command line that a command can do nothing with. The program says it and exits with 64 (`EX_USAGE`).
public struct UsageError: Error, Sendable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
}

private struct Body: Service, CustomStringConvertible {
    let context: ServiceContext
    let run: @Sendable (ServiceContext) async throws -> Void

    var description: String { context.name }

    func run() async throws {
        try await withGracefulShutdownHandler {
            try await run(context)
        } onGracefulShutdown: {
            Task.detached { await endAnyway() }
        }
    }

    /// The last resort, for a server that neither answers nor refuses while a part waits for it: whoever asked loses
    /// patience at 10 s. Nothing is lost by it that a kill would not lose, and that is nothing.
    private func endAnyway() async {
        do { try await Task.sleep(for: .milliseconds(9_500)) } catch { return }
        context.logger.warning("not everything could be closed in time; what was not committed is read again")
        fflush(nil)
        _exit(0)
    }
}
