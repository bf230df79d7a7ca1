import CRdKafka

#if canImport(Musl)
import Musl
#else
import Glibc
#endif

extension KafkaConfiguration {
    /// What every key of the environment that names a librdkafka property begins with.
    public static let environmentPrefix = "KAFKA_CLIENT_"

    /// Looks up every property librdkafka knows in an environment: `security.protocol` under
    /// `KAFKA_CLIENT_SECURITY_PROTOCOL`, and so on.
    ///
    /// - Parameter environment: Gives the value of a key, or nil.
    /// - Returns: The properties that were given, and no others.
    public static func properties(environment: (String) -> String?) -> [String: String] {
        var found: [String: String] = [:]
        for property in knownProperties {
            if let value = environment(environmentKey(of: property)) { found[property] = value }
        }
        return found
    }

    /// The environment's key for a property.
    public static func environmentKey(of property: String) -> String {
        environmentPrefix + String(property.map { $0 == "." ? "_" : $0 }).uppercased()
    }

    /// All keys that ``properties(environment:)`` asks for, sorted.
    public static var environmentKeys: [String] { knownProperties.map(environmentKey(of:)).sorted() }

    /// The names of the properties that the running library knows, as text can express (callbacks left out).
    static let knownProperties: [String] = {
        var text: UnsafeMutablePointer<CChar>?
        var length = 0
        guard let stream = open_memstream(&text, &length) else { return [] }
        rd_kafka_conf_properties_show(stream)
        fclose(stream)
        defer { free(text) }
        guard let text else { return [] }
        var names: Set<String> = []
        for line in String(cString: text).split(separator: "\n") {
            let columns = line.split(separator: "|", omittingEmptySubsequences: false)
            guard columns.count >= 4, let name = columns.first.map(trimmed), isName(name) else { continue }
            // The third and fourth columns of a callback or pointer have no value a text could give.
            if name.hasSuffix("_cb") || name == "opaque" || name == "default_topic_conf" || name == "Property" {
                continue
            }
            names.insert(name)
        }
        return names.sorted()
    }()

    private static func trimmed(_ text: Substring) -> String {
        var text = text
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return String(text)
    }

    private static func isName(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy {
                $0 == 0x2e || $0 == 0x5f || ($0 >= 0x61 && $0 <= 0x7a) || ($0 >= 0x30 && $0 <= 0x39)
            }
    }
}
