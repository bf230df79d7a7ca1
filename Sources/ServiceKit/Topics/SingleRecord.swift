import KafkaClient
import MarketWire

/// A record that is sent once in a while: a producer is made for it, and an idle connection to the broker is not kept.
public enum SingleRecord {
    private static let closeMillis = 500

    /// Sends a record and waits for the broker's acknowledgement.
    ///
    /// - Parameters:
    ///   - partition: nil for the one that the key gives.
    ///   - timeoutMillis: how long that may take.
    /// - Throws: `KafkaError`; after `.messageTimedOut` the record may lie in the log or not.
    public static func deliver(
        _ configuration: KafkaConfiguration, topic: String, partition: Int32? = nil, key: String, value: [UInt8],
        timeoutMillis: Int
    ) async throws(KafkaError) {
        var options = ProducerOptions()
        options.messageTimeoutMillis = timeoutMillis
        let producer = try KafkaProducer(configuration, options: options)
        let outcome: Result<DeliveryReport, KafkaError>
        do throws(KafkaError) {
            outcome = .success(
                try await producer.deliver(
                    topic: topic, partition: partition, key: Array(key.utf8), value: value,
                    headers: [KafkaHeader(WireSchema.headerName, WireSchema.version)]))
        } catch {
            outcome = .failure(error)
        }
        await producer.close(timeoutMillis: closeMillis)
        _ = try outcome.get()
    }
}
