import FoundationEssentials
import MarketCore

/// What stands in a path instead of a name: the router leaves its escapes as they came.
enum PathText {
    /// - Returns: nil where an escape is none, or the bytes are no text.
    static func decoded(_ text: String) -> String? { text.removingPercentEncoding }

    /// The instrument whose key stands at a place of the path, `%2F` for `/`.
    ///
    /// - Throws: ``Problem`` where it is none.
    static func instrument(_ context: APIRequestContext) throws(Problem) -> Instrument {
        try instrument(context.parameters.get("symbol") ?? "")
    }

    /// The instrument that a part of a path names.
    ///
    /// - Throws: ``Problem`` where it names none.
    static func instrument(_ text: String) throws(Problem) -> Instrument {
        do {
            return try Instrument(key: decoded(text) ?? text)
        } catch {
            throw Problem(.invalidParameter, "\(error).", parameter: "symbol")
        }
    }
}
