/// A store or a log belongs to another market: ids of two sources would mix, so the service stops.
public struct SourceMismatchError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What belongs to it, for example `PostgreSQL`.
    public let place: String
    /// The source that is recorded there.
    public let found: String
    /// The service's own (`MARKET_SOURCE`).
    public let own: String

    /// Refuses another source's data.
    ///
    /// - Throws: `SourceMismatchError` where `found` is not `own`.
    public static func check(_ found: String, own: String, in place: String) throws(SourceMismatchError) {
        guard found == own else { throw SourceMismatchError(place: place, found: found, own: own) }
    }

    public var description: String {
        "\(place) belongs to the source '\(found)' and this service follows '\(own)': their trade ids would mix. "
            + "Give it a database, a Redis and a log of its own, or set MARKET_SOURCE=\(found)"
    }
}
