import Synchronization

/// One read for all who ask the same at the same time. Whoever goes away does not end it for the others; how long it
/// may take is the store's to bound.
final class SingleFlight<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private let flights = Mutex<[Key: Task<Result<Value, HistoryError>, Never>]>([:])

    func value(
        of key: Key, _ read: @escaping @Sendable () async throws(HistoryError) -> Value
    ) async throws(HistoryError) -> Value {
        let flight = flights.withLock { flights in
            if let known = flights[key] { return known }
            let task = Task<Result<Value, HistoryError>, Never> {
                let outcome: Result<Value, HistoryError>
                do throws(HistoryError) { outcome = .success(try await read()) } catch { outcome = .failure(error) }
                self.land(key)
                return outcome
            }
            flights[key] = task
            return task
        }
        return try await flight.value.get()
    }

    private func land(_ key: Key) { flights.withLock { $0[key] = nil } }
}
