import CRdKafka

/// The properties of one client, in the order in which they are set: only those that were given or that this module
/// chooses.
struct LibraryConfiguration {
    /// A property on which correctness rests.
    struct Owned {
        let name: String
        let value: String
        /// Other spellings of the same value that a user may give.
        var synonyms: Set<String> = []
    }

    /// Chosen by this module, and the user's to change.
    var defaults: [(name: String, value: String)] = []
    /// The same, of properties that older libraries do not know and can do without.
    var optional: [(name: String, value: String)] = []
    /// Not the user's to change.
    var owned: [Owned] = []
    /// Properties that make no sense for this client and are left out silently.
    var ignored: Set<String> = []

    /// Where the brokers are named; `KAFKA_BROKERS` is the one place for that.
    private static let brokerNames: Set<String> = ["metadata.broker.list", "bootstrap.servers"]

    /// Makes librdkafka's configuration; the caller must hand it to `rd_kafka_new` or destroy it.
    func make(_ configuration: KafkaConfiguration) throws(KafkaError) -> OpaquePointer {
        guard !configuration.brokers.isEmpty else {
            throw KafkaError(.configuration, "no broker is named: KAFKA_BROKERS is empty")
        }
        var settings: [(name: String, value: String)] = [
            ("metadata.broker.list", configuration.brokers), ("client.id", configuration.clientID),
        ]
        settings += defaults
        settings += optional.filter { Self.isKnown($0.name) }
        settings = settings.filter { configuration.properties[$0.name] == nil || Self.brokerNames.contains($0.name) }
        for (name, value) in configuration.properties.sorted(by: { $0.key < $1.key }) where !ignored.contains(name) {
            if Self.brokerNames.contains(name) {
                throw KafkaError(
                    .configuration, "\(name) must not be given as a property: KAFKA_BROKERS names the brokers")
            }
            if let owned = owned.first(where: { $0.name == name }) {
                guard value == owned.value || owned.synonyms.contains(value) else {
                    throw KafkaError(
                        .configuration, "\(name)=\(value) cannot be had: exactness rests on \(name)=\(owned.value)")
                }
                continue
            }
            settings.append((name, value))
        }
        settings += owned.map { ($0.name, $0.value) }

        guard let made = rd_kafka_conf_new() else { throw KafkaError(.other, "no memory for a configuration") }
        for (name, value) in settings {
            do throws(KafkaError) {
                try Self.set(name, value, in: made)
            } catch {
                rd_kafka_conf_destroy(made)
                throw error
            }
        }
        return made
    }

    /// Whether the running library has such a property.
    private static func isKnown(_ name: String) -> Bool {
        guard let made = rd_kafka_conf_new() else { return false }
        defer { rd_kafka_conf_destroy(made) }
        var size = 0
        return rd_kafka_conf_get(made, name, nil, &size) == RD_KAFKA_CONF_OK
    }

    private static func set(_ name: String, _ value: String, in made: OpaquePointer) throws(KafkaError) {
        let words: String? = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 512) { buffer in
            buffer.initialize(repeating: 0)
            let result = rd_kafka_conf_set(made, name, value, buffer.baseAddress, buffer.count)
            guard result != RD_KAFKA_CONF_OK else { return nil }
            return buffer.baseAddress.map { String(cString: $0) } ?? "no reason given"
        }
        guard let words else { return }
        let isSecret = KafkaConfiguration.isSecret(property: name)
        // librdkafka repeats the value in its words.
        let shown = isSecret ? replacing(value, in: words) : words
        throw KafkaError(
            .configuration, "\(name)=\(isSecret ? "***" : value) was refused: \(shown)", libraryCode: "_INVALID_ARG")
    }

    /// The words without the secret.
    private static func replacing(_ secret: String, in words: String) -> String {
        guard !secret.isEmpty else { return words }
        var result = ""
        var rest = Substring(words)
        while let first = rest.first {
            if rest.hasPrefix(secret) {
                result += "***"
                rest = rest.dropFirst(secret.count)
            } else {
                result.append(first)
                rest = rest.dropFirst()
            }
        }
        return result
    }
}
