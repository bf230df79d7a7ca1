/// What a producer, a consumer, a reader and an administrator of one cluster have in common.
public struct KafkaConfiguration: Sendable {
    /// The brokers to ask first, `host:port` separated by commas.
    public var brokers: String
    /// The name that shows in the broker's logs and quotas.
    public var clientID: String
    /// Further properties under librdkafka's own names; they win over this module's defaults, except over the few on
    /// which correctness
    /// rests (those are refused with a typed error).
    public var properties: [String: String]
    /// Told of log lines, errors and statistics, on librdkafka's threads or the client's: be quick and do not call
    /// the client from it.
    public var onEvent: @Sendable (KafkaEvent) -> Void

    public init(
        brokers: String, clientID: String, properties: [String: String] = [:],
        onEvent: @escaping @Sendable (KafkaEvent) -> Void = { _ in }
    ) {
        self.brokers = brokers
        self.clientID = clientID
        self.properties = properties
        self.onEvent = onEvent
    }

    /// Whether a property's value must not be shown.
    ///
    /// - Parameter property: librdkafka's name, for example `sasl.password`.
    public static func isSecret(property: String) -> Bool {
        secretNames.contains(property) || property.hasSuffix(".password") || property.hasSuffix(".secret")
            || property.hasSuffix(".pem") || property.hasSuffix("_pem")
    }

    private static let secretNames: Set<String> = [
        "sasl.password", "sasl.oauthbearer.client.secret", "sasl.oauthbearer.config", "sasl.jaas.config",
        "sasl.oauthbearer.assertion.private.key.passphrase", "sasl.oauthbearer.client.credentials.client.secret",
        "ssl.key.password", "ssl.key.pem", "ssl_key", "ssl.keystore.password",
    ]
}
