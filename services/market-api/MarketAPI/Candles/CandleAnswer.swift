import Hummingbird
import MarketWire

/// A page of candles as it is sent: encoded once for all who ask the same at the same time.
struct CandleAnswer: Sendable {
    /// What such an answer depends on beside the store.
    struct Question: Hashable, Sendable {
        let asked: CandleRequest
        /// The open window; nil where the answer does not depend on it.
        let open: CandleRecord?
        /// See ``CandlePage/readFilled(_:from:open:filledTo:)``.
        let filledTo: Int64?
    }

    let body: ByteBuffer
    /// Nil where a candle is open: it may change with the next trade.
    let tag: EntityTag?
    /// What the next page's request has beside the same parameters, percent-encoded.
    let nextQuery: String?

    static func read(
        _ question: Question, from repository: any CandleRepository
    ) async throws(HistoryError) -> CandleAnswer {
        let asked = question.asked
        let page: CandlePage
        switch asked.fill {
        case .none: page = try await CandlePage.read(asked, from: repository, open: question.open)
        case .previous:
            page = try await CandlePage.readFilled(
                asked, from: repository, open: question.open, filledTo: question.filledTo)
        }
        let bytes = asked.format == .json ? page.json(asked) : page.csv(asked)
        return CandleAnswer(
            body: ByteBuffer(bytes: bytes), tag: page.candles.allSatisfy(\.isClosed) ? EntityTag(of: bytes) : nil,
            nextQuery: page.nextCursor.map { cursor in
                "cursor=" + cursor.description.replacing(":", with: "%3A").replacing("/", with: "%2F")
            })
    }
}

extension CandleRequest.Format {
    var mediaType: String {
        switch self {
        case .json: "application/json"
        case .csv: "text/csv; charset=utf-8; header=present"
        }
    }
}
