public import MarketCore
public import MarketWire

/// What a venue says of its instruments.
public protocol VenueCatalog: Sendable {
    /// - Returns: those of them that the venue has, in any order.
    /// - Throws: ``VenueError``, with the venue's words where it refuses; `CancellationError`.
    func metadata(of instruments: [Instrument]) async throws -> [InstrumentRecord]

    /// Ends what is kept for questions. A later one begins anew.
    func close() async
}
